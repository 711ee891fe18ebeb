"""What is written down whenever a job changes: its log, events for everyone, and the audit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from hubs.business_hub.queue.models import Job, JobLogEntry
from hubs.business_hub.queue.repository.jobs import JobRepository
from hubs.business_hub.queue.states import state_of
from shared.contracts.envelope import Event
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import (
    JobCancelRequestedV1,
    JobChangedV1,
    ScrapeOptions,
    ScrapeRequestedV1,
    TaskRequestedV1,
)
from shared.logging import trace_id_var

PRODUCER = "business_hub.queue"
SYSTEM = "system:business_hub"
SCRAPE = "scrape"
_MAX_MESSAGE_CHARS = 2_000


class Publisher(Protocol):
    """Where events go: into the outbox of the caller's transaction."""

    def publish(self, *events: Event, priority: int | None = None, mandatory: bool = False) -> None:
        """Send events when the transaction commits; 0 first, 9 last; a mandatory one waits for a queue."""


class JobJournal:
    """Log lines, events and audit entries about jobs."""

    def __init__(self, jobs: JobRepository, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._publisher = publisher
        self._now = clock

    def log(self, job: Job, level: str, code: str, message: str, url: str = "") -> None:
        """Append a line to the job's log."""
        message = message[:_MAX_MESSAGE_CHARS]
        self._jobs.add_log(
            JobLogEntry(job_id=job.id, at=self._now(), level=level, code=code, message=message, url=url)
        )
        self._jobs.wake(job.id)

    def audit(
        self, job: Job, action: str, actor: str, *, after: dict[str, Any] | None = None, reason: str = ""
    ) -> None:
        """Record an act on the job for the audit."""
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                correlation_id=job.request_id or None,
                actor=actor,
                actor_type="system" if actor == SYSTEM else "user",
                action=action,
                target=str(job.id),
                target_type="job",
                after=after,
                reason=reason,
                request_id=job.request_id,
                trace_id=trace_id_var.get(),
                metadata={"source_id": job.source_id},
            )
        )

    def announce(self, job: Job) -> None:
        """Tell everyone the job's state."""
        self._publisher.publish(
            JobChangedV1(
                producer=PRODUCER,
                correlation_id=job.request_id or None,
                job_id=job.id,
                source_id=job.source_id,
                job_kind=job.kind,
                state=state_of(job.state),
                reason=job.reason,
                changed_at=job.updated_at,
            )
        )
        self._jobs.wake(job.id)

    def send_request(self, job: Job) -> None:
        """Ask the workers to take the job: those of the scraper, or this hub's own."""
        if job.kind != SCRAPE:
            self._publisher.publish(
                TaskRequestedV1(
                    producer=PRODUCER,
                    correlation_id=job.request_id or None,
                    task=f"business.{job.kind}",
                    kwargs={"job_id": str(job.id)},
                ),
                priority=job.priority,
                mandatory=True,
            )
            self.log(job, "info", "queued", "sent to the workers of this hub")
            return
        self._publisher.publish(
            ScrapeRequestedV1(
                producer=PRODUCER,
                correlation_id=job.request_id or None,
                job_id=job.id,
                source_id=job.source_id,
                options=ScrapeOptions.model_validate(job.options),
                priority=job.priority,
            ),
            priority=job.priority,
            mandatory=True,
        )
        self.log(job, "info", "queued", "sent to the workers")

    def send_cancel(self, job: Job, reason: str) -> None:
        """Ask the worker that crawls for the job to stop."""
        self._publisher.publish(
            JobCancelRequestedV1(
                producer=PRODUCER, correlation_id=job.request_id or None, job_id=job.id, reason=reason
            ),
            priority=0,
        )
