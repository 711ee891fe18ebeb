"""Shapes of the health answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

State = Literal["up", "degraded", "down", "unknown"]


class TargetRead(BaseModel):
    """One thing that is watched."""

    name: str
    state: State
    reason: str = ""
    latency_ms: float | None = Field(None, description="milliseconds of the last check")
    checked_at: datetime | None = None
    since: datetime | None = Field(None, description="when it entered this state")
    depends_on: list[str] = []
    caused_by: list[str] = Field([], description="failing targets that explain this one")


class HealthRead(BaseModel):
    """The platform as a whole; ``score`` is the share of targets that are up, in percent."""

    state: State
    score: int
    roots: list[str] = Field([], description="failing targets that no other failing target explains")
    targets: list[TargetRead]
    checked_at: datetime | None = None


class IncidentRead(BaseModel):
    """One root cause from its first failure to its recovery."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    root: str
    reason: str
    affected: list[str]
    started_at: datetime
    ended_at: datetime | None
    timeline: list[dict[str, Any]]
