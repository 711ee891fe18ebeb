"""API shapes of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.business_hub.etl.models import ImportRun, ImportStep
from shared.contracts.events.importing import KindReport


class RunRead(BaseModel):
    """A run of an import; ``findings`` is what the guards objected to."""

    model_config = ConfigDict(from_attributes=True)
    run_id: UUID
    job_id: UUID
    source_id: str
    state: str
    outcome: str
    step: str
    is_dry_run: bool
    is_released: bool
    announced: dict[str, int]
    staged: dict[str, int]
    origin: str
    forecast: dict[str, KindReport]
    report: dict[str, KindReport]
    findings: list[dict[str, Any]]
    unmatched: int
    reason: str
    summary_en: str
    summary_fr: str
    reviewed_by: str
    observed_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class StepRead(BaseModel):
    """A step of a run; ``duration_s`` in seconds, empty while it goes on."""

    name: str
    started_at: datetime
    finished_at: datetime | None
    duration_s: float | None
    counts: dict[str, Any]


class RunDetail(RunRead):
    """A run with its steps."""

    steps: list[StepRead] = []


class Review(BaseModel):
    """Why a held run is released or refused."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=1_000)


def read_run(run: ImportRun) -> RunRead:
    """Return a run as its API shows it."""
    return RunRead.model_validate(run)


def read_step(step: ImportStep) -> StepRead:
    """Return a step as its API shows it."""
    duration = (step.finished_at - step.started_at).total_seconds() if step.finished_at else None
    return StepRead(
        name=step.name,
        started_at=step.started_at,
        finished_at=step.finished_at,
        duration_s=duration,
        counts=step.counts,
    )
