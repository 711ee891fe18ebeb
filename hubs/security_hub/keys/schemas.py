"""API shapes of signing keys."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

KeyState = Literal["next", "signing", "retired", "revoked"]


class SigningKeyRead(BaseModel):
    """A signing key without its private half."""

    model_config = ConfigDict(from_attributes=True)
    kid: str
    algorithm: str
    state: KeyState
    created_at: datetime
    active_from: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class SigningKeyList(BaseModel):
    """All keys that are or were of use, newest first."""

    data: list[SigningKeyRead]
