"""Every query of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from hubs.business_hub.queue.models import Job, JobLogEntry, RememberedRequest

JOBS_CHANNEL = "business:jobs"
_REMEMBERED_FOR = timedelta(hours=24)


class JobRepository:
    """Jobs in the database, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, job: Job) -> None:
        """Insert a job."""
        self.session.add(job)
        self.session.flush()

    def find(self, job_id: UUID) -> Job | None:
        """Return a job or None."""
        return self.session.get(Job, job_id)

    def lock(self, job_id: UUID) -> Job | None:
        """Return a job or None, its row locked until the transaction ends."""
        statement = select(Job).where(Job.id == job_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def listing(
        self,
        *,
        state: str | None = None,
        source_id: str | None = None,
        kind: str | None = None,
        batch_id: UUID | None = None,
    ) -> Select[Any]:
        """Return the query of jobs, newest first."""
        statement = select(Job)
        if state is not None:
            statement = statement.where(Job.state == state)
        if source_id is not None:
            statement = statement.where(Job.source_id == source_id)
        if kind is not None:
            statement = statement.where(Job.kind == kind)
        if batch_id is not None:
            statement = statement.where(Job.batch_id == batch_id)
        return statement.order_by(Job.created_at.desc(), Job.id.desc())

    def of_batch(self, batch_id: UUID) -> Sequence[Job]:
        """Return the jobs of a batch by source."""
        return self.session.scalars(select(Job).where(Job.batch_id == batch_id).order_by(Job.source_id)).all()

    def find_retry(self, job_id: UUID) -> Job | None:
        """Return the newest job that is a retry of another, or None."""
        statement = select(Job).where(Job.retry_of == job_id).order_by(Job.created_at.desc()).limit(1)
        return self.session.scalars(statement).one_or_none()

    def serialize(self, name: str) -> None:
        """Let no other transaction pass the same point with the same name until this one ends."""
        self.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"), {"name": name})

    def is_locked(self, lock_key: str) -> bool:
        """Tell whether a job holds this lock."""
        return self.session.scalar(select(Job.id).where(Job.lock_key == lock_key)) is not None

    def has_live(self, source_id: str) -> bool:
        """Tell whether a job of a source waits or runs."""
        statement = select(Job.id).where(Job.source_id == source_id, Job.state.in_(("pending", "running")))
        return self.session.scalar(statement.limit(1)) is not None

    def first_waiting(self, source_id: str) -> Job | None:
        """Return the job of a source that is next, its row locked; None when none waits."""
        statement = (
            select(Job)
            .where(Job.source_id == source_id, Job.state == "pending", Job.lock_key.is_(None))
            .order_by(Job.priority, Job.created_at, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(statement).one_or_none()

    def waiting_sources(self) -> Sequence[str]:
        """Return the sources that have a waiting job and no job that holds their lock."""
        busy = select(Job.lock_key).where(Job.lock_key.is_not(None))
        statement = (
            select(Job.source_id)
            .where(Job.state == "pending", Job.lock_key.is_(None), Job.source_id.not_in(busy))
            .distinct()
        )
        return self.session.scalars(statement).all()

    def crawling(self) -> Sequence[UUID]:
        """Return the jobs that a worker crawls for."""
        statement = select(Job.id).where(Job.state == "running", Job.phase == "crawling")
        return self.session.scalars(statement).all()

    def importing_since(self, before: datetime) -> Sequence[UUID]:
        """Return jobs whose crawl ended, or whose worker was last heard of, before a moment."""
        since = func.coalesce(Job.crawled_at, Job.heartbeat_at)
        phases = ("reading", "importing", "loading")
        statement = select(Job.id).where(Job.state == "running", Job.phase.in_(phases), since < before)
        return self.session.scalars(statement).all()

    def untaken(self, before: datetime) -> dict[UUID, str]:
        """Return jobs that were asked for before a moment and that no worker has begun, with their kinds."""
        statement = select(Job.id, Job.kind).where(
            Job.state == "pending", Job.lock_key.is_not(None), Job.dispatched_at < before
        )
        return {found.id: found.kind for found in self.session.execute(statement)}

    def wake(self, job_id: UUID) -> None:
        """Tell whoever watches the job to look at it again, once this transaction has committed."""
        self.session.execute(select(func.pg_notify(JOBS_CHANNEL, str(job_id))))

    def log_after(self, job_id: UUID, after: int, limit: int) -> Sequence[JobLogEntry]:
        """Return the next lines of a job's log."""
        statement = (
            select(JobLogEntry)
            .where(JobLogEntry.job_id == job_id, JobLogEntry.id > after)
            .order_by(JobLogEntry.id)
            .limit(limit)
        )
        return self.session.scalars(statement).all()

    def add_log(self, entry: JobLogEntry) -> None:
        """Append a line to a job's log."""
        self.session.add(entry)

    def log_listing(self, job_id: UUID) -> Select[Any]:
        """Return the query of a job's log, oldest first."""
        return select(JobLogEntry).where(JobLogEntry.job_id == job_id).order_by(JobLogEntry.id)

    def find_remembered(self, principal: str, key: str, now: datetime) -> RememberedRequest | None:
        """Return what was answered to a key within the last day; forget what is older."""
        self.session.execute(
            delete(RememberedRequest).where(RememberedRequest.created_at < now - _REMEMBERED_FOR)
        )
        return self.session.get(RememberedRequest, (principal, key))

    def remember(self, request: RememberedRequest) -> None:
        """Keep what was answered to a key."""
        self.session.add(request)

    def counts_by_state(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        statement = select(Job.state, func.count().label("jobs")).group_by(Job.state)
        return {row.state: row.jobs for row in self.session.execute(statement)}
