"""Tables of the importer: runs with their cursor, their steps, staged records, and what was loaded last."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from hubs.business_hub.base import Model
from shared.db.base import HasId, HasTimestamps

_STATES = "'staging', 'ready', 'held', 'tested', 'loaded', 'dropped', 'reverted'"


class ImportRun(HasTimestamps, Model):
    """One run on its way into the canonical record; ``step`` and ``cursor`` say where it stands."""

    __tablename__ = "import_run"
    __table_args__ = (CheckConstraint(f"state IN ({_STATES})", name="state"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(index=True)
    source_id: Mapped[str]
    origin: Mapped[str] = mapped_column(default="scrape", server_default="scrape")
    """scrape: every record is sent, its newest document is to be known; upload: what is new or differs."""
    policy: Mapped[str] = mapped_column(default="replace", server_default="replace")
    """What is done to records that other sources name too: fill, keep or replace."""
    manifest: Mapped[str] = mapped_column(default="", server_default="")
    """What the run was read from: the same again gives the same records."""
    state: Mapped[str] = mapped_column(index=True)
    """staging (records arrive), ready (the pipeline may work), held (quarantine), tested (waits to be
    promoted), loaded, dropped, reverted (loaded and taken back)."""
    outcome: Mapped[str] = mapped_column(default="")
    """How the crawl ended; empty while it runs."""
    observed_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    """When the end of the crawl was heard of."""
    announced: Mapped[dict[str, Any]] = mapped_column(default=dict)
    complete: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    is_dry_run: Mapped[bool] = mapped_column(default=False)
    is_released: Mapped[bool] = mapped_column(default=False)
    """A reviewer let it through: the guards only note what they see."""
    step: Mapped[str] = mapped_column(default="")
    cursor: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Position within the step: kind, key and number of the next batch."""
    staged: Mapped[dict[str, Any]] = mapped_column(default=dict)
    forecast: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """What loading would do, by comparison with the record."""
    quality: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """Good and all of each metric, per kind."""
    differences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
    """How often each thing happens that a reader would name."""
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    findings: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    """What the guards object to."""
    unmatched: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(default="")
    summary_en: Mapped[str] = mapped_column(default="")
    summary_fr: Mapped[str] = mapped_column(default="")
    reviewed_by: Mapped[str] = mapped_column(default="")
    finished_at: Mapped[datetime | None]


class ImportStep(Model):
    """One step of a run: when, how long, and what it counted."""

    __tablename__ = "import_step"

    run_id: Mapped[UUID] = mapped_column(
        ForeignKey("business.import_run.run_id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StagedRecord(Model):
    """A record that waits for its import: canonical JSON as bytes, one row per natural key."""

    __tablename__ = "staged_record"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    batch: Mapped[int]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Empty where only the hash is known: read from the same bytes before."""
    hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    is_partial: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Holds only some of what it is about: what else is on record stays."""
    state: Mapped[int] = mapped_column(SmallInteger, default=0, server_default=text("0"))
    """0 to be loaded, 1 as before, 2 left out, 3 as before and nobody's to note."""


class QualityMetric(HasId, Model):
    """What share of a run's records of a kind was good, in one respect."""

    __tablename__ = "quality_metric"
    __table_args__ = (
        UniqueConstraint("run_id", "kind", "metric"),
        Index("ix_quality_metric_series", "source_id", "kind", "metric", "measured_at"),
    )

    run_id: Mapped[UUID]
    source_id: Mapped[str]
    kind: Mapped[str]
    metric: Mapped[str]
    value: Mapped[float]
    sample_size: Mapped[int]
    measured_at: Mapped[datetime]


class QualityThreshold(Model):
    """Below ``warning`` a run is noted, below ``critical`` it is held; ``*`` is every source or kind."""

    __tablename__ = "quality_threshold"

    source_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    warning: Mapped[float]
    critical: Mapped[float]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class RunDiscrepancy(Model):
    """Something about one record of a run that does not fit."""

    __tablename__ = "run_discrepancy"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(index=True)
    source_id: Mapped[str]
    kind: Mapped[str]
    key: Mapped[str]
    field: Mapped[str]
    code: Mapped[str]
    detail_en: Mapped[str]
    detail_fr: Mapped[str]


class RunDifference(Model):
    """What a run does to one record: before and after of each field that differs."""

    __tablename__ = "run_difference"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(index=True)
    kind: Mapped[str]
    key: Mapped[str]
    change: Mapped[str]
    title: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Promotion(Model):
    """A test run on its way to production: what was checked, who decided, and what stood before."""

    __tablename__ = "promotion"

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    decision: Mapped[str] = mapped_column(default="")
    """Empty while nobody has decided; promoted, refused, rolled_back."""
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    backup: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Lines of JSON, gzipped: kind, key and facts of everything the run names or makes vanish."""
    backup_sha256: Mapped[str] = mapped_column(default="")
    backup_records: Mapped[int] = mapped_column(default=0)
    backup_at: Mapped[datetime | None]


class RunLedger(Model):
    """What the last loaded upload of a data set held: keys and hashes, to recognise the same bytes."""

    __tablename__ = "run_ledger"

    source_id: Mapped[str] = mapped_column(primary_key=True)
    manifest: Mapped[str]
    run_id: Mapped[UUID]
    saved_at: Mapped[datetime]
    records: Mapped[bytes] = mapped_column(LargeBinary)
    """Packed rows of kind, key, hash, partial, state."""
