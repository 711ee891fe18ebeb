"""API shapes of sessions and grants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class SessionRead(BaseModel):
    """One sign-in."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    methods: list[str]
    address: str
    user_agent: str
    is_current: bool = False


class SessionList(BaseModel):
    """The sign-ins that count now, the newest first."""

    data: list[SessionRead]


class GrantRead(BaseModel):
    """What one application may do for the caller."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    client_id: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime


class GrantList(BaseModel):
    """The applications that may act for the caller."""

    data: list[GrantRead]
