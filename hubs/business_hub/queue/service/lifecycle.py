"""The life of a job: dispatched under its source's lock, run, ended; the only writer of its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from hubs.business_hub.queue.errors import JobNotFound, SourceBusy
from hubs.business_hub.queue.models import Job
from hubs.business_hub.queue.repository.jobs import JobRepository
from hubs.business_hub.queue.service.journal import SYSTEM, JobJournal
from hubs.business_hub.queue.states import check_transition, state_of
from shared.contracts.events.jobs import JobState

_LEVELS: dict[JobState, str] = {"succeeded": "info", "failed": "error", "timed_out": "error"}


class JobLifecycle:
    """Moves jobs from state to state; never commits."""

    def __init__(self, jobs: JobRepository, journal: JobJournal, clock: Callable[[], datetime]) -> None:
        self._jobs = jobs
        self._journal = journal
        self._now = clock

    def locked(self, job_id: UUID) -> Job:
        """Return a job with its row locked.

        Raises: JobNotFound.
        """
        job = self._jobs.lock(job_id)
        if job is None:
            raise JobNotFound(f"no job {job_id}")
        return job

    def add(self, job: Job) -> None:
        """Insert a pending job and send it off when its source is free."""
        self._jobs.add(job)
        self._journal.log(job, "info", "created", f"asked for by {job.created_by}")
        self._journal.audit(
            job, "job.created", job.created_by, after={"options": job.options, "priority": job.priority}
        )
        self._journal.announce(job)
        self.dispatch(job.source_id)

    def dispatch(self, source_id: str) -> Job | None:
        """Send off the next waiting job of a source, unless another one holds its lock."""
        self._jobs.serialize(f"source:{source_id}")
        if self._jobs.is_locked(source_id):
            return None
        job = self._jobs.first_waiting(source_id)
        if job is None:
            return None
        job.lock_key = source_id
        self.request(job)
        return job

    def request(self, job: Job) -> None:
        """Send the job to the workers."""
        job.phase = "queued"
        job.dispatched_at = job.updated_at = self._now()
        self._journal.send_request(job)

    def run(self, job: Job) -> None:
        """Make sure that a live job is running."""
        if job.state == "running":
            return
        if job.lock_key is None:
            # An event can come before the dispatch is known here; the lock is taken at the latest now.
            self._jobs.serialize(f"source:{job.source_id}")
            if self._jobs.is_locked(job.source_id):
                raise SourceBusy(f"another job of {job.source_id} is live")
            job.lock_key = job.source_id
        job.started_at = job.started_at or self._now()
        self.enter(job, "running")

    def resume(self, job: Job) -> None:
        """Take a quarantined job back to work.

        Raises: IllegalTransition; SourceBusy while another job of its source is live.
        """
        check_transition(state_of(job.state), "running")
        self._jobs.serialize(f"source:{job.source_id}")
        if self._jobs.is_locked(job.source_id):
            raise SourceBusy(f"another job of {job.source_id} is live; release this one when it has ended")
        job.lock_key = job.source_id
        job.phase, job.reason, job.finished_at = "importing", "", None
        job.crawled_at = job.heartbeat_at = self._now()
        self.enter(job, "running")

    def end(self, job: Job, state: JobState, reason: str, actor: str = SYSTEM) -> None:
        """End a job, free its source, and send off the next one.

        Raises: IllegalTransition.
        """
        check_transition(state_of(job.state), state)
        job.lock_key = None
        job.phase, job.reason, job.finished_at = "", reason, self._now()
        self.enter(job, state)
        self._journal.log(job, _LEVELS.get(state, "warning"), state, reason or job.summary_en or state)
        self._journal.audit(job, f"job.{state}", actor, after={"report": job.report}, reason=reason)
        self.dispatch(job.source_id)

    def enter(self, job: Job, state: JobState) -> None:
        """Change the state and tell everyone.

        Raises: IllegalTransition.
        """
        check_transition(state_of(job.state), state)
        job.state = state
        job.updated_at = self._now()
        self._journal.announce(job)
