"""API shapes of passkeys; the inner objects are those of the browser's own interface."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class PasskeyQuestion(BaseModel):
    """What to hand to ``navigator.credentials``, and the token to answer with."""

    challenge: str
    public_key: dict[str, Any]


class PasskeyCreate(BaseModel):
    """The answer of ``navigator.credentials.create``."""

    model_config = ConfigDict(extra="forbid")
    challenge: str = Field(max_length=200)
    name: str = Field("", max_length=100)
    credential: dict[str, Any]


class PasskeyLogin(BaseModel):
    """The answer of ``navigator.credentials.get``."""

    model_config = ConfigDict(extra="forbid")
    challenge: str = Field(max_length=200)
    credential: dict[str, Any]
    remember: bool = False


class PasskeyRead(BaseModel):
    """One passkey."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class PasskeyList(BaseModel):
    """The caller's passkeys, the oldest first."""

    data: list[PasskeyRead]
