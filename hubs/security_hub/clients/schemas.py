"""API shapes of clients."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from hubs.security_hub.roles.schemas import SCOPES, Permission

ClientKind = Literal["platform", "service", "confidential", "public"]
GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")


def is_loopback(uri: str) -> bool:
    """Tell whether a redirect goes to the person's own machine, where the port may vary (RFC 8252, 7.3)."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1")


def _redirect_uri(value: str) -> str:
    parts = urlsplit(value)
    if "\\" in value or any(ord(c) <= 32 or ord(c) == 127 for c in value):
        raise ValueError("a redirect URI holds no blanks, control characters or backslashes")
    if parts.fragment or "#" in value or parts.username is not None or "*" in value:
        raise ValueError("a redirect URI has no fragment, no user and no wildcard")
    if parts.scheme == "https" and parts.hostname:
        return value
    if parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"):
        return value
    # A private scheme of an installed application is its reversed domain (RFC 8252, 7.1).
    if "." in parts.scheme and parts.scheme not in ("http", "https") and not parts.netloc:
        return value
    raise ValueError(
        "a redirect URI is https, http on the loopback interface, or a private scheme com.example.app:/"
    )


RedirectUri = Annotated[str, Field(max_length=2_000), AfterValidator(_redirect_uri)]


class ClientRead(BaseModel):
    """A client without its secrets."""

    model_config = ConfigDict(from_attributes=True)
    client_id: str
    kind: ClientKind
    name_en: str
    name_fr: str
    redirect_uris: list[str]
    logout_uris: list[str]
    grant_types: list[str]
    scopes: list[str]
    is_trusted: bool
    created_at: datetime
    secret_changed_at: datetime | None
    former_until: datetime | None
    disabled_at: datetime | None
    last_used_at: datetime | None


class ClientSecretRead(ClientRead):
    """A client with the secret that is shown this once."""

    client_secret: str | None


class ClientList(BaseModel):
    """Clients by id."""

    data: list[ClientRead]


class ClientCreate(BaseModel):
    """A new application or service account."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["service", "confidential", "public"]
    name_en: str = Field(min_length=1, max_length=100)
    name_fr: str = Field(min_length=1, max_length=100)
    redirect_uris: list[RedirectUri] = Field(default_factory=list, max_length=20)
    logout_uris: list[RedirectUri] = Field(default_factory=list, max_length=20)
    scopes: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=60)
    is_trusted: bool = False

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.kind == "service" and self.redirect_uris:
            raise ValueError("a service account redirects nobody")
        if self.kind != "service" and not self.redirect_uris:
            raise ValueError("an application needs a redirect URI")
        for scope in self.scopes:
            if scope not in SCOPES and not scope.endswith((":*", "*")):
                raise ValueError(f"unknown scope {scope!r}")
        return self


class ClientUpdate(BaseModel):
    """What may change of a client."""

    model_config = ConfigDict(extra="forbid")
    name_en: str | None = Field(None, min_length=1, max_length=100)
    name_fr: str | None = Field(None, min_length=1, max_length=100)
    redirect_uris: list[RedirectUri] | None = Field(None, max_length=20)
    logout_uris: list[RedirectUri] | None = Field(None, max_length=20)
    scopes: list[Permission | Literal["openid", "profile", "email", "offline_access"]] | None = Field(
        None, max_length=60
    )
    is_disabled: bool | None = None
