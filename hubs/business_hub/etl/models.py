"""Tables of the importer: runs with their cursor, their steps, and staged records."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hubs.business_hub.base import Model
from shared.db.base import HasTimestamps

_STATES = "'staging', 'ready', 'held', 'loaded', 'dropped'"


class ImportRun(HasTimestamps, Model):
    """One run on its way into the canonical record; ``step`` and ``cursor`` say where it stands."""

    __tablename__ = "import_run"
    __table_args__ = (CheckConstraint(f"state IN ({_STATES})", name="state"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    job_id: Mapped[UUID] = mapped_column(index=True)
    source_id: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    """staging (records arrive), ready (the pipeline may work), held (quarantine), loaded, dropped."""
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
    body: Mapped[bytes] = mapped_column(LargeBinary)
