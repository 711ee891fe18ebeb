"""What the services of jobs work with, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hubs.business_hub.queue.repository.jobs import JobRepository
from hubs.business_hub.queue.service.journal import JobJournal, Publisher
from hubs.business_hub.queue.service.lifecycle import JobLifecycle
from hubs.business_hub.queue.sources import SourceRegistry
from hubs.business_hub.settings import JobSettings
from shared.core.clock import utc_now


@dataclass(frozen=True)
class JobTools:
    """The jobs of one transaction, how they go on, what is told of them, and where they come from."""

    jobs: JobRepository
    lifecycle: JobLifecycle
    journal: JobJournal
    sources: SourceRegistry
    settings: JobSettings
    clock: Callable[[], datetime]

    @classmethod
    def over(
        cls,
        session: Session,
        sources: SourceRegistry,
        publisher: Publisher,
        settings: JobSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> JobTools:
        """Return the tools of one transaction."""
        jobs = JobRepository(session)
        journal = JobJournal(jobs, publisher, clock)
        return cls(jobs, JobLifecycle(jobs, journal, clock), journal, sources, settings, clock)
