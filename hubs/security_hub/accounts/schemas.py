"""API shapes of accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Language = Literal["en", "fr"]


class UserRead(BaseModel):
    """An account as its owner and administrators see it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    email: str
    is_verified: bool
    username: str | None
    display_name: str
    language: Language
    is_active: bool
    roles: list[str] = []
    created_at: datetime
    last_login_at: datetime | None


class UserUpdate(BaseModel):
    """What people may change about themselves."""

    model_config = ConfigDict(extra="forbid")
    display_name: str | None = Field(None, max_length=200)
    username: str | None = Field(None, min_length=2, max_length=32)
    language: Language | None = None


class UserAdminUpdate(BaseModel):
    """What an administrator may change about an account."""

    model_config = ConfigDict(extra="forbid")
    is_active: bool | None = None
    roles: list[str] | None = Field(None, max_length=20)
    reason: str = Field("", max_length=500)


class UserAdminCreate(BaseModel):
    """An account that an administrator makes; its owner chooses the password through a mail."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(max_length=254)
    display_name: str = Field("", max_length=200)
    language: Language = "en"
    roles: list[str] = Field(default_factory=list, max_length=20)


class UserStats(BaseModel):
    """How many accounts there are and what they did in the last seven days."""

    total: int
    active: int
    verified: int
    registered_7d: int
    signed_in_7d: int
    sessions: int = 0
