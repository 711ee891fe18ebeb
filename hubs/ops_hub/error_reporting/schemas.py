"""Shapes of the error API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

Status = Literal["unresolved", "resolved", "muted"]


class IssueRead(BaseModel):
    """Events that are one problem."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    project_id: int
    title: str
    culprit: str
    level: str
    status: Status
    count: int
    first_seen: datetime
    last_seen: datetime
    first_release: str
    last_release: str
    resolved_at: datetime | None
    muted_until: datetime | None
    regressed_at: datetime | None


class IssueUpdate(BaseModel):
    """What an operator decides about an issue."""

    model_config = ConfigDict(extra="forbid")
    status: Status
    muted_until: datetime | None = None


class IssueFilters(BaseModel):
    """Which issues are asked for; empty means any."""

    model_config = ConfigDict(extra="forbid")
    status: Status | None = None
    level: str | None = None
    project_id: int | None = None
    q: str = ""
    release: str = ""
    environment: str = ""
    tag: str = ""


class ReleaseRead(BaseModel):
    """A release that reports; counts are of what is kept."""

    release: str
    first_seen: datetime
    last_seen: datetime
    events: int
    new_issues: int = Field(description="problems that were first seen in it")


class EventRead(BaseModel):
    """One report, scrubbed."""

    model_config = ConfigDict(from_attributes=True)
    event_id: UUID
    issue_id: UUID
    received_at: datetime
    occurred_at: datetime
    level: str
    message: str
    release: str
    environment: str
    server_name: str
    trace_id: str
    tags: dict[str, Any]
    payload: dict[str, Any]


class ProjectRead(BaseModel):
    """A project and where its clients report to."""

    id: int
    name: str
    dsn: str


class ProjectCreate(BaseModel):
    """A new project."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w .-]+$")


class MonitorRead(BaseModel):
    """A task that checks in."""

    model_config = ConfigDict(from_attributes=True)
    slug: str
    project_id: int
    status: str
    schedule: dict[str, Any]
    duration_s: float | None
    last_check_in: datetime
    last_ok: datetime | None
    missed: str = Field("", description="why it is late or has failed; empty: all is well")


class IngestStats(BaseModel):
    """What came in and what was turned away, since the process began."""

    accepted: int
    dropped: int
    skipped_items: int
    stored: int


class LegacyReport(BaseModel):
    """The body of the former ``POST /api/errors/report``."""

    model_config = ConfigDict(extra="allow")
    message: str = Field(
        min_length=1,
        max_length=10_000,
        validation_alias=AliasChoices("message", "error", "error_message"),
    )
    service: str = Field("", max_length=200, validation_alias=AliasChoices("service", "service_name"))
    level: str = Field("error", max_length=20, validation_alias=AliasChoices("level", "severity"))
    stack: str = Field(
        "", max_length=100_000, validation_alias=AliasChoices("stack", "stack_trace", "traceback")
    )
    context: dict[str, Any] = {}
