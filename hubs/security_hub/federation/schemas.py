"""API shapes of external providers."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or parts.query or parts.fragment or (parts.scheme != "https" and not is_local):
        raise ValueError("an issuer is an https address without query or fragment")
    return value.rstrip("/")


Issuer = Annotated[str, Field(max_length=500), AfterValidator(_issuer)]


class ProviderWrite(BaseModel):
    """A provider as an administrator sets it up."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    name_en: str = Field(min_length=1, max_length=60)
    name_fr: str = Field(min_length=1, max_length=60)
    issuer: Issuer
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: SecretStr | None = Field(None, description="left out: the present one stays")
    scopes: list[str] = Field(default_factory=lambda: ["openid", "email", "profile"], max_length=10)
    may_register: bool = True
    is_enabled: bool = True


class ProviderRead(BaseModel):
    """A provider without its secret; ``redirect_uri`` is to be registered there."""

    slug: str
    name_en: str
    name_fr: str
    issuer: str
    client_id: str
    scopes: list[str]
    may_register: bool
    is_enabled: bool
    redirect_uri: str


class ProviderList(BaseModel):
    """Providers by name."""

    data: list[ProviderRead]
