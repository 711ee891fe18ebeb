"""Tables of the queue: jobs, their log, and remembered Idempotency-Keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hubs.business_hub.base import Model
from shared.db.base import HasId, HasTimestamps

_STATES = "'pending', 'running', 'succeeded', 'failed', 'cancelled', 'quarantined', 'timed_out'"


class Job(HasId, HasTimestamps, Model):
    """One piece of work. ``lock_key`` is the lock: no two jobs hold the same, and only live jobs hold one."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("lock_key IS NULL OR state IN ('pending', 'running')", name="lock_is_live"),
        CheckConstraint("priority BETWEEN 0 AND 9", name="priority"),
        Index("ix_job_source_id_created_at", "source_id", text("created_at DESC")),
        Index("ix_job_live", "state", postgresql_where=text("state IN ('pending', 'running')")),
    )

    kind: Mapped[str]
    source_id: Mapped[str]
    state: Mapped[str]
    phase: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    priority: Mapped[int] = mapped_column(default=5)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    lock_key: Mapped[str | None] = mapped_column(unique=True)
    run_id: Mapped[UUID | None] = mapped_column(index=True)
    worker: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    pages: Mapped[int] = mapped_column(default=0)
    pages_expected: Mapped[int | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    records: Mapped[dict[str, Any]] = mapped_column(default=dict)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    summary_en: Mapped[str] = mapped_column(default="")
    summary_fr: Mapped[str] = mapped_column(default="")
    archive: Mapped[dict[str, Any] | None]
    created_by: Mapped[str] = mapped_column(default="")
    request_id: Mapped[str] = mapped_column(default="")
    dispatched_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    crawled_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]


class JobLogEntry(Model):
    """One line of a job's log."""

    __tablename__ = "job_log"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("business.job.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    level: Mapped[str]
    code: Mapped[str]
    message: Mapped[str]
    url: Mapped[str] = mapped_column(default="")


class RememberedRequest(Model):
    """What was answered to a request with an Idempotency-Key; kept for a day."""

    __tablename__ = "remembered_request"

    principal: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    job_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(index=True)
