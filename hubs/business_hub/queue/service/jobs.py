"""Jobs as people, workers and the importer see them: created, cancelled, followed, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.queue.errors import (
    IllegalTransition,
    JobNotFound,
    NotRetryable,
    SourceBusy,
)
from hubs.business_hub.queue.models import Job
from hubs.business_hub.queue.service.journal import SCRAPE, SYSTEM
from hubs.business_hub.queue.service.remembering import RequestMemory
from hubs.business_hub.queue.service.requests import asked_again, settled_options
from hubs.business_hub.queue.service.tools import JobTools
from hubs.business_hub.queue.states import ACTIVE, TERMINAL, check_transition, state_of
from shared.contracts.events.importing import KindReport
from shared.contracts.events.jobs import JobState
from shared.contracts.events.scraping import ScrapeFinishedV1, ScrapeProgressV1, ScrapeStartedV1
from shared.contracts.http.jobs import JobBatchCreate, JobCreate
from shared.core.errors import Invalid
from shared.core.ids import new_id
from shared.logging import request_id_var

_KEPT_PROBLEMS = 100
_ENDINGS: dict[str, JobState] = {
    "failed": "failed",
    "blocked": "failed",
    "cancelled": "cancelled",
    "timed_out": "timed_out",
}


class JobService:
    """What can happen to a job; never commits."""

    def __init__(self, tools: JobTools) -> None:
        self._jobs, self._lifecycle, self._journal = tools.jobs, tools.lifecycle, tools.journal
        self._sources, self._settings, self._now = tools.sources, tools.settings, tools.clock
        self._memory = RequestMemory(tools.jobs, tools.clock)

    def create(
        self, asked: JobCreate, actor: str, *, idempotency_key: str | None = None, may_wait: bool = True
    ) -> Job:
        """Create a job and send it off when its source is free.

        Raises: UnknownSource; SourceBusy when it may not wait; IdempotencyMismatch for a key used otherwise.
        """
        if asked.kind != SCRAPE:
            raise Invalid(f"jobs of kind {asked.kind!r} are not created here", known=[SCRAPE])
        self._sources.get(asked.source_id)
        known = self._memory.recall(actor, idempotency_key, asked)
        if known is not None:
            return self.get(known)
        self._jobs.serialize(f"source:{asked.source_id}")
        if not may_wait and self._jobs.has_live(asked.source_id):
            raise SourceBusy(f"a job of {asked.source_id} has not ended")
        job = self.make(asked, actor)
        self._memory.keep(actor, idempotency_key, asked, job.id)
        return job

    def create_batch(
        self, asked: JobBatchCreate, actor: str, *, idempotency_key: str | None = None
    ) -> tuple[UUID, Sequence[Job]]:
        """Create a job for each source that is named or fits, all or none; return the batch's id with them.

        Raises: UnknownSource; Invalid when no source fits; IdempotencyMismatch.
        """
        named = [self._sources.get(source_id).id for source_id in asked.source_ids]
        fitting = [
            source.id
            for source in self._sources.list()
            if (asked.jurisdiction or asked.level)
            and source.status == "active"
            and asked.jurisdiction in {"", source.jurisdiction}
            and asked.level in {"", source.level}
        ]
        wanted = sorted({*named, *fitting})
        if not wanted:
            raise Invalid("no active source fits")
        known = self._memory.recall(actor, idempotency_key, asked)
        if known is not None:
            return known, self._jobs.of_batch(known)
        batch_id = new_id()
        jobs = [
            self.make(
                JobCreate(
                    source_id=source_id, options=asked.options, priority=asked.priority, mode=asked.mode
                ),
                actor,
                batch_id=batch_id,
            )
            for source_id in wanted
        ]
        self._memory.keep(actor, idempotency_key, asked, batch_id)
        return batch_id, jobs

    def retry(self, job_id: UUID, actor: str) -> Job:
        """Create a job like one that ended without success; a second retry returns the first one's job.

        Raises: JobNotFound, NotRetryable, UnknownSource when the source is no more.
        """
        before = self._lifecycle.locked(job_id)
        if before.state not in {"failed", "cancelled", "timed_out"}:
            raise NotRetryable(f"the job is {before.state}", state=before.state)
        known = self._jobs.find_retry(job_id)
        if known is not None and known.state in ACTIVE:
            return known
        asked = asked_again(before)
        if before.kind == SCRAPE:
            self._sources.get(before.source_id)
        return self.make(asked, actor, retry_of=job_id)

    def make(
        self,
        asked: JobCreate,
        actor: str,
        *,
        retry_of: UUID | None = None,
        batch_id: UUID | None = None,
        schedule_id: UUID | None = None,
        slot_at: datetime | None = None,
        run_id: UUID | None = None,
    ) -> Job:
        """Insert a job of a source and send it off when its source is free."""
        job = Job(
            kind=asked.kind,
            source_id=asked.source_id,
            state="pending",
            phase="waiting",
            priority=asked.priority,
            mode=asked.mode or self._settings.mode,
            run_id=run_id,
            options=settled_options(asked, self._settings.upstream).model_dump(mode="json"),
            retry_of=retry_of,
            batch_id=batch_id,
            schedule_id=schedule_id,
            slot_at=slot_at,
            created_by=actor,
            request_id=request_id_var.get(),
            created_at=self._now(),
            updated_at=self._now(),
        )
        self._lifecycle.add(job)
        return job

    def get(self, job_id: UUID) -> Job:
        """Return a job.

        Raises: JobNotFound.
        """
        job = self._jobs.find(job_id)
        if job is None:
            raise JobNotFound(f"no job {job_id}")
        return job

    def list(
        self,
        *,
        state: str | None = None,
        source_id: str | None = None,
        kind: str | None = None,
        batch_id: UUID | None = None,
    ) -> Select[Any]:
        """Return the query of jobs, newest first, for a page of it."""
        return self._jobs.listing(state=state, source_id=source_id, kind=kind, batch_id=batch_id)

    def list_log(self, job_id: UUID) -> Select[Any]:
        """Return the query of a job's log, oldest first.

        Raises: JobNotFound.
        """
        return self._jobs.log_listing(self.get(job_id).id)

    def cancel(self, job_id: UUID, actor: str, reason: str = "") -> Job:
        """End a job early: at once when no worker crawls for it, else as soon as the worker obeys.

        Raises: JobNotFound; IllegalTransition when it has ended or is being loaded.
        """
        job = self._lifecycle.locked(job_id)
        if job.state in TERMINAL:
            check_transition(state_of(job.state), "cancelled")
        if job.phase == "loading":
            raise IllegalTransition("the run is being loaded; it ends in a moment", state=job.state)
        reason = reason or f"cancelled by {actor}"
        self._journal.audit(job, "job.cancel_requested", actor, reason=reason)
        self._journal.log(job, "info", "cancel-requested", reason)
        if job.lock_key is not None:
            self._journal.send_cancel(job, reason)
        if job.state == "running" and job.phase == "crawling":
            job.cancel_requested_at = job.updated_at = self._now()
            job.reason = reason
        else:
            self._lifecycle.end(job, "cancelled", reason, actor)
        return job

    def begin(self, event: ScrapeStartedV1) -> None:
        """A worker began (or began again) to crawl for a job."""
        job = self._jobs.lock(event.job_id)
        if job is None:
            return
        if job.state not in ACTIVE:
            # Told late about a run that has ended meanwhile: nothing. Any other run must not go on.
            if job.run_id != event.run_id:
                self._journal.send_cancel(job, f"the job is {job.state}")
            return
        if job.phase in {"importing", "loading"}:
            return
        self._lifecycle.run(job)
        job.phase = "crawling"
        job.run_id, job.worker = event.run_id, event.worker
        job.attempts += 1
        job.heartbeat_at = self._now()
        word = "goes on" if event.is_resumed else "began"
        self._journal.log(job, "info", "started", f"run {event.run_id} {word} on {event.worker}")
        if job.cancel_requested_at is not None:
            self._journal.send_cancel(job, job.reason)
        if job.attempts > self._settings.max_attempts:
            self._journal.send_cancel(job, "too many attempts")
            self._lifecycle.end(job, "failed", f"given up after {self._settings.max_attempts} attempts")

    def progress(self, event: ScrapeProgressV1) -> None:
        """Note how far a run is."""
        job = self._jobs.lock(event.job_id)
        if job is None or job.state not in ACTIVE or job.phase in {"importing", "loading"}:
            return
        self._lifecycle.run(job)
        job.phase = "crawling"
        job.run_id = event.run_id
        job.pages, job.pages_expected = event.pages, event.pages_expected
        job.records = dict(event.records)
        job.size_bytes = event.size_bytes
        job.heartbeat_at = job.updated_at = self._now()
        self._jobs.wake(job.id)
        if event.message:
            self._journal.log(job, "info", "progress", event.message)

    def end_crawl(self, event: ScrapeFinishedV1) -> None:
        """Note that a crawl ended; one that cannot be imported ends its job here."""
        job = self._jobs.lock(event.job_id)
        if job is None or (job.state not in ACTIVE and job.run_id != event.run_id):
            return
        # The importer may have heard of it first: what the crawl was like is noted all the same.
        job.run_id, job.pages = event.run_id, event.pages
        job.records = dict(event.counts)
        job.problems = [problem.model_dump() for problem in event.problems[:_KEPT_PROBLEMS]]
        job.archive = event.archive.model_dump() if event.archive else None
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(event.counts.items())) or "no records"
        self._journal.log(job, "info", "crawled", f"{event.outcome}: {event.pages} pages, {counted}")
        level = "error" if event.outcome in _ENDINGS else "warning"
        for problem in event.problems[:_KEPT_PROBLEMS]:
            self._journal.log(job, level, problem.code, problem.detail, problem.url)
        if job.state not in ACTIVE:
            return
        self._lifecycle.run(job)
        job.crawled_at = job.heartbeat_at = job.updated_at = self._now()
        if event.outcome in _ENDINGS:
            self._lifecycle.end(job, _ENDINGS[event.outcome], _reason(event))
        elif job.phase not in {"importing", "loading"}:
            job.phase = "importing"

    def begin_work(self, job_id: UUID, worker: str) -> bool:
        """A worker of this hub began (or began again) with a job; False when the job is not to be done."""
        job = self._jobs.lock(job_id)
        if job is None or job.state not in ACTIVE:
            return False
        self._lifecycle.run(job)
        if job.phase not in {"importing", "loading"}:
            job.phase = "reading"
        job.worker = worker
        job.attempts += 1
        job.heartbeat_at = job.updated_at = self._now()
        self._journal.log(job, "info", "started", f"attempt {job.attempts} on {worker}")
        if job.attempts > self._settings.max_attempts:
            self._lifecycle.end(job, "failed", f"given up after {self._settings.max_attempts} attempts")
            return False
        return True

    def note_reading(self, job_id: UUID, documents: int, expected: int, records: dict[str, int]) -> bool:
        """Note how far a worker has read; False when the job has ended."""
        job = self._jobs.lock(job_id)
        if job is None or job.state not in ACTIVE:
            return False
        job.pages, job.pages_expected = documents, expected
        job.records = dict(records)
        job.heartbeat_at = job.updated_at = self._now()
        self._jobs.wake(job.id)
        return True

    def note(self, job_id: UUID, level: str, code: str, message: str) -> None:
        """Write a line into a job's log."""
        job = self._jobs.lock(job_id)
        if job is not None:
            self._journal.log(job, level, code, message)

    def begin_import(self, job_id: UUID, run_id: UUID, phase: str) -> bool:
        """Note the phase ``importing`` or ``loading``; False when the job has ended or is being cancelled."""
        job = self._jobs.lock(job_id)
        if job is None or job.state not in ACTIVE or job.cancel_requested_at is not None:
            return False
        self._lifecycle.run(job)
        job.run_id = run_id
        job.heartbeat_at = self._now()
        if job.phase != phase:
            job.phase = phase
            job.updated_at = self._now()
            self._journal.log(job, "info", phase, f"run {run_id} is {phase}")
        return True

    def finish(
        self,
        job_id: UUID,
        state: JobState,
        *,
        reason: str = "",
        report: dict[str, KindReport] | None = None,
        summary: tuple[str, str] = ("", ""),
        actor: str = SYSTEM,
    ) -> bool:
        """End a job with what its import did; False when it had ended before."""
        job = self._jobs.lock(job_id)
        if job is None or job.state in TERMINAL or job.state == state:
            return False
        if job.state == "pending":
            self._lifecycle.run(job)
        if report is not None:
            job.report = {kind: one.model_dump() for kind, one in report.items()}
        job.summary_en, job.summary_fr = summary
        self._lifecycle.end(job, state, reason, actor)
        return True

    def release(self, job_id: UUID, actor: str, reason: str) -> Job:
        """Let a quarantined job go on to be loaded, for a reason that its log keeps.

        Raises: JobNotFound; IllegalTransition; SourceBusy while another job of its source is live.
        """
        job = self._lifecycle.locked(job_id)
        self._lifecycle.resume(job)
        self._journal.log(job, "info", "released", f"released by {actor}: {reason}")
        self._journal.audit(job, "job.released", actor)
        return job


def _reason(event: ScrapeFinishedV1) -> str:
    if not event.problems:
        return f"the crawl ended {event.outcome}"
    first = event.problems[0]
    return f"{first.detail} ({first.url})" if first.url else first.detail
