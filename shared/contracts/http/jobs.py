"""What callers of business_hub's job API send and read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.events.importing import KindReport
from shared.contracts.events.jobs import JobState, ScrapeOptions
from shared.contracts.events.scraping import ScrapeProblem


class JobCreate(BaseModel):
    """A request for a job."""

    model_config = ConfigDict(extra="forbid")
    kind: str = "scrape"
    source_id: str = Field(min_length=1, max_length=200)
    options: ScrapeOptions = ScrapeOptions()
    priority: int = Field(default=5, ge=0, le=9)


class CancelRequest(BaseModel):
    """Why a job is to end early."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(default="", max_length=500)


class SourceRead(BaseModel):
    """A source that can be scraped; ``expect`` is the plausible range of records per kind."""

    model_config = ConfigDict(extra="ignore")
    id: str
    title_en: str
    title_fr: str
    kinds: list[str]
    jurisdiction: str = ""
    """OCD id of the government."""
    jurisdiction_en: str = ""
    jurisdiction_fr: str = ""
    level: str = ""
    status: str = "unverified"
    reason: str = ""
    schedule: str = ""
    licence: str = ""
    expect: dict[str, tuple[int, int]] = {}
    timeout_s: float | None = None
    may_be_empty: bool = False


class JobRead(BaseModel):
    """A job as its API shows it."""

    model_config = ConfigDict(extra="ignore")
    id: UUID
    kind: str
    source_id: str
    state: JobState
    phase: str = ""
    """Pending: ``waiting`` (its source is busy), ``queued``. Running: ``crawling``, ``importing``."""
    reason: str = ""
    priority: int = 5
    options: ScrapeOptions = ScrapeOptions()
    run_id: UUID | None = None
    attempts: int = 0
    pages: int = 0
    pages_expected: int | None = None
    size_bytes: int = 0
    records: dict[str, int] = {}
    report: dict[str, KindReport] = {}
    problems: list[ScrapeProblem] = []
    summary_en: str = ""
    summary_fr: str = ""
    created_by: str = ""
    worker: str = ""
    created_at: datetime
    started_at: datetime | None = None
    crawled_at: datetime | None = None
    finished_at: datetime | None = None
    archive: dict[str, Any] | None = None
