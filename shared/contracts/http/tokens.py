"""Token endpoint answers (RFC 6749 section 5.1) and key sets (RFC 7517)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class TokenRead(BaseModel):
    """A successful token answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    access_token: str
    token_type: str = "Bearer"
    expires_in: int
    refresh_token: str | None = None
    id_token: str | None = None
    scope: str = ""


class KeySet(BaseModel):
    """A JSON Web Key Set with public keys only."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    keys: list[dict[str, Any]]
