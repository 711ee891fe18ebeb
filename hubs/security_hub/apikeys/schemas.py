"""API shapes of API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.security_hub.roles.schemas import Permission


class ApiKeyCreate(BaseModel):
    """A new key."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100)
    scopes: list[Permission] = Field(min_length=1, max_length=30)
    expires_in_days: int | None = Field(365, ge=1, le=3_650)


class ApiKeyRead(BaseModel):
    """A key without its secret part."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaced_by: UUID | None


class ApiKeyMade(ApiKeyRead):
    """A new key, shown this once."""

    key: str


class ApiKeyList(BaseModel):
    """Keys, the newest first."""

    data: list[ApiKeyRead]


class KeyForm(BaseModel):
    """A key that somebody came with."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    key: Annotated[str, Field(max_length=200)]
