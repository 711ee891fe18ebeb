"""Events about jobs: asked for, cancelled, changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Event

SCRAPE_QUEUE = "scraper.jobs"
"""Where the workers take `ScrapeRequestedV1` from."""
TASK_QUEUE = "business.tasks"
"""Where the importer, or Celery, takes `TaskRequestedV1` from."""

JobState = Literal["pending", "running", "succeeded", "failed", "cancelled", "quarantined", "timed_out"]
"""Running covers the crawl and the import; only the importer ends a job as succeeded."""


class ScrapeOptions(BaseModel):
    """How one scrape is to be run; empty fields take the source's defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    limit: int | None = None
    session: str = ""
    replay: str = ""
    """Path of a WARC file or folder on the worker's disk to read in place of the network."""
    upstream: str = ""
    """Base URL that stands in for the real hosts, as ``{upstream}/{host}/{path}``."""
    dry_run: bool = False
    timeout_s: float | None = None


class ScrapeRequestedV1(Event):
    """Someone wants a source scraped; taken by exactly one worker."""

    topic: ClassVar[str] = "scraping.job.requested.v1"
    job_id: UUID
    source_id: str
    options: ScrapeOptions = ScrapeOptions()
    priority: int = 5
    """0 (first) to 9 (last)."""


class TaskRequestedV1(Event):
    """Someone wants work done that this hub's own workers do; the fields are those of a Celery message."""

    topic: ClassVar[str] = "business.task.requested.v1"
    task: str
    args: tuple[()] = ()
    kwargs: dict[str, Any] = {}


class JobCancelRequestedV1(Event):
    """A job is to end early; every worker hears it, the one that runs the job obeys."""

    topic: ClassVar[str] = "scraping.job.cancel_requested.v1"
    job_id: UUID
    reason: str = ""


class JobChangedV1(Event):
    """A job entered a state."""

    topic: ClassVar[str] = "jobs.job.changed.v1"
    job_id: UUID
    source_id: str
    job_kind: str = "scrape"
    state: JobState
    reason: str = ""
    changed_at: datetime
