"""Shapes of the health answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

State = Literal["up", "degraded", "down", "unknown"]
Kind = Literal["hub", "worker", "infra", "process", "check"]


class TargetRead(BaseModel):
    """One thing that is watched."""

    name: str
    label_en: str = ""
    label_fr: str = ""
    kind: Kind = "process"
    state: State
    reason: str = ""
    is_flapping: bool = Field(False, description="it comes and goes; its return is believed after a minute")
    latency_ms: float | None = Field(None, description="milliseconds of the last check")
    latency_p50_ms: float | None = Field(None, description="median of the last 200 checks")
    latency_p99_ms: float | None = Field(None, description="99th percentile of the last 200 checks")
    checked_at: datetime | None = None
    since: datetime | None = Field(None, description="when it entered this state")
    depends_on: list[str] = Field([], description="what it cannot work without")
    uses: list[str] = Field([], description="what it works worse without")
    dependants: list[str] = Field([], description="what stands on it, directly or not")
    caused_by: list[str] = Field([], description="failing targets that explain this one")


class HealthRead(BaseModel):
    """The platform as a whole; ``score`` counts targets that are up, degraded ones by half, in percent."""

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


class NoteCreate(BaseModel):
    """What an operator tells the public about an incident, in both languages."""

    model_config = ConfigDict(extra="forbid")
    text_en: str = Field(min_length=1, max_length=2_000)
    text_fr: str = Field(min_length=1, max_length=2_000)
