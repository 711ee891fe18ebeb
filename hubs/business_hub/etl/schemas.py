"""API shapes of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.business_hub.etl.models import ImportRun, ImportStep, StagedRecord
from hubs.business_hub.etl.quality import Reading
from shared.contracts.events.importing import KindReport
from shared.http.json import loads


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
    differences: dict[str, int]
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


class QualityRead(BaseModel):
    """A measured share (0 to 1) of good records; ``trend`` against the mean of the five values before."""

    source_id: str
    kind: str
    metric: str
    value: float
    sample_size: int
    measured_at: datetime
    run_id: UUID
    warning: float
    critical: float
    status: str
    trend: str


class QualityPoint(BaseModel):
    """One value of a series."""

    model_config = ConfigDict(from_attributes=True)
    source_id: str
    kind: str
    metric: str
    value: float
    sample_size: int
    measured_at: datetime
    run_id: UUID


class ThresholdWrite(BaseModel):
    """Below ``warning`` a run is noted, below ``critical`` it is held; ``*`` is every source or kind."""

    model_config = ConfigDict(extra="forbid")
    source_id: str = Field(default="*", max_length=200)
    kind: str = Field(default="*", max_length=60)
    metric: str = Field(max_length=60)
    warning: float = Field(ge=0, le=1)
    critical: float = Field(ge=0, le=1)


class ThresholdRead(ThresholdWrite):
    """A threshold and who set it."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    set_by: str
    set_at: datetime


class DiscrepancyRead(BaseModel):
    """Something about one record that does not fit."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    run_id: UUID
    source_id: str
    kind: str
    key: str
    field: str
    code: str
    detail_en: str
    detail_fr: str


class DifferenceRead(BaseModel):
    """What a run does to one record; ``fields`` holds before and after of each field that differs."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    kind: str
    key: str
    change: str
    title: str
    fields: dict[str, Any]


class StagedRead(BaseModel):
    """A record as a run has staged it; empty where only its hash is known."""

    kind: str
    key: str
    is_partial: bool
    record: dict[str, Any] | None


class PromotionRead(BaseModel):
    """A tested run: what was checked, what was decided, and the backup of what stood before."""

    model_config = ConfigDict(from_attributes=True)
    run_id: UUID
    checks: list[dict[str, Any]]
    decision: str
    decided_by: str
    decided_at: datetime | None
    reason: str
    backup_sha256: str
    backup_records: int
    backup_at: datetime | None


class Promote(BaseModel):
    """Why a tested run is promoted; ``override`` does it in spite of failed checks."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=1_000)
    override: bool = False


class Review(BaseModel):
    """Why a run is released, refused or rolled back."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=1_000)


def read_run(run: ImportRun) -> RunRead:
    """Return a run as its API shows it."""
    return RunRead.model_validate(run)


def read_staged(row: StagedRecord) -> StagedRead:
    """Return a staged record as its API shows it."""
    record = loads(row.body) if row.body is not None else None
    return StagedRead(kind=row.kind, key=row.key, is_partial=row.is_partial, record=record)


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


def read_quality(reading: Reading) -> QualityRead:
    """Return a measured value as its API shows it."""
    metric = reading.metric
    return QualityRead(
        source_id=metric.source_id,
        kind=metric.kind,
        metric=metric.metric,
        value=metric.value,
        sample_size=metric.sample_size,
        measured_at=metric.measured_at,
        run_id=metric.run_id,
        warning=reading.warning,
        critical=reading.critical,
        status=reading.status,
        trend=reading.trend,
    )
