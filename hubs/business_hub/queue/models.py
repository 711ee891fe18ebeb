"""Tables of the queue: jobs, their log, and remembered Idempotency-Keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
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
        UniqueConstraint("schedule_id", "slot_at"),
        Index("ix_job_source_id_created_at", "source_id", text("created_at DESC")),
        Index("ix_job_live", "state", postgresql_where=text("state IN ('pending', 'running')")),
    )

    kind: Mapped[str]
    source_id: Mapped[str]
    state: Mapped[str]
    phase: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    priority: Mapped[int] = mapped_column(default=5)
    mode: Mapped[str] = mapped_column(default="production", server_default="production")
    """production: what was read is loaded; test: it is staged, compared, and waits to be promoted."""
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
    retry_of: Mapped[UUID | None]
    batch_id: Mapped[UUID | None] = mapped_column(index=True)
    schedule_id: Mapped[UUID | None]
    slot_at: Mapped[datetime | None]
    """The moment of the schedule that this job is for: fired once, however many schedulers there are."""
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
    made: Mapped[UUID]
    """Id of the job or the batch of jobs that was made."""
    created_at: Mapped[datetime] = mapped_column(index=True)


class Schedule(HasId, HasTimestamps, Model):
    """When a source is scraped without anybody asking."""

    __tablename__ = "schedule"
    __table_args__ = (CheckConstraint("catch_up IN ('none', 'once', 'all')", name="catch_up"),)

    name: Mapped[str] = mapped_column(unique=True)
    source_id: Mapped[str]
    cron: Mapped[str]
    time_zone: Mapped[str]
    jitter_s: Mapped[int]
    stagger_s: Mapped[int]
    catch_up: Mapped[str]
    is_paused: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int]
    mode: Mapped[str] = mapped_column(default="", server_default="")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    next_slot_at: Mapped[datetime | None]
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    last_slot_at: Mapped[datetime | None]
    last_job_id: Mapped[UUID | None]
    fired: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str]


class WorkerSeen(Model):
    """A process that works for this hub, and when it was last heard of."""

    __tablename__ = "worker_seen"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    heard_at: Mapped[datetime]
    job_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
