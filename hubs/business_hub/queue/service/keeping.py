"""What has to happen when nobody does anything: waiting jobs are sent off, silent ones are ended."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from hubs.business_hub.queue.models import Job
from hubs.business_hub.queue.service.journal import SCRAPE
from hubs.business_hub.queue.service.tools import JobTools
from shared.contracts.events.jobs import SCRAPE_QUEUE, TASK_QUEUE, ScrapeOptions

CANCEL_GRACE_S = 60.0


def queue_of(kind: str) -> str:
    """Return the queue that jobs of a kind are sent to."""
    return SCRAPE_QUEUE if kind == SCRAPE else TASK_QUEUE


class JobKeeping:
    """One round of the keeper; never commits."""

    def __init__(self, tools: JobTools) -> None:
        self._jobs, self._lifecycle, self._journal = tools.jobs, tools.lifecycle, tools.journal
        self._sources, self._settings, self._now = tools.sources, tools.settings, tools.clock

    def dispatch_waiting(self) -> int:
        """Send off every job whose source is free and return how many."""
        return sum(self._lifecycle.dispatch(source) is not None for source in self._jobs.waiting_sources())

    def end_overdue(self) -> int:
        """End crawls that went silent, took too long or did not obey, and imports that never ended."""
        ended = 0
        for job_id in self._jobs.crawling():
            job = self._lifecycle.locked(job_id)
            if job.state == "running" and job.phase == "crawling":
                ended += self._end_crawl(job)
        before = self._now() - timedelta(seconds=self._settings.import_timeout_s)
        for job_id in self._jobs.importing_since(before):
            job = self._lifecycle.locked(job_id)
            if job.state == "running":
                self._lifecycle.end(
                    job, "timed_out", f"the import took longer than {self._settings.import_timeout_s:g} s"
                )
                ended += 1
        return ended

    def _end_crawl(self, job: Job) -> bool:
        now = self._now()
        if job.cancel_requested_at is not None:
            if now - job.cancel_requested_at <= timedelta(seconds=CANCEL_GRACE_S):
                return False
            self._lifecycle.end(job, "cancelled", job.reason)
            return True
        limit_s = self._limit_s(job) + self._settings.timeout_grace_s
        if now - (job.started_at or now) > timedelta(seconds=limit_s):
            reason = f"the crawl took longer than {limit_s:g} s"
        elif now - (job.heartbeat_at or now) > timedelta(seconds=self._settings.silence_s):
            reason = f"no sign of life from {job.worker or 'the worker'} for {self._settings.silence_s:g} s"
        else:
            return False
        self._journal.send_cancel(job, reason)
        self._lifecycle.end(job, "timed_out", reason)
        return True

    def _limit_s(self, job: Job) -> float:
        asked = ScrapeOptions.model_validate(job.options).timeout_s
        source = self._sources.find(job.source_id)
        return asked or (source.timeout_s if source else None) or self._settings.timeout_s

    def queues_in_doubt(self) -> set[str]:
        """Return the queues that should hold the requests of jobs that no worker took for long."""
        return {queue_of(kind) for kind in self._untaken().values()}

    def request_again(self, empty_queues: Collection[str]) -> int:
        """Send requests again that no queue holds any more (the broker's disk was lost); return how many."""
        sent = 0
        for job_id, kind in self._untaken().items():
            if queue_of(kind) not in empty_queues:
                continue
            job = self._lifecycle.locked(job_id)
            if job.state == "pending" and job.lock_key is not None:
                self._journal.log(job, "warning", "lost", "no worker began and no queue holds the request")
                self._lifecycle.request(job)
                sent += 1
        return sent

    def _untaken(self) -> dict[UUID, str]:
        # While a worker crawls, a request may be in its hand, where no queue counts it.
        is_crawling = bool(self._jobs.crawling())
        found = self._jobs.untaken(self._now() - timedelta(seconds=self._settings.redispatch_s))
        return {job_id: kind for job_id, kind in found.items() if not (is_crawling and kind == SCRAPE)}
