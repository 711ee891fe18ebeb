"""What callers of business_hub's job API send and read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.contracts.events.importing import KindReport
from shared.contracts.events.jobs import JobState, ScrapeOptions
from shared.contracts.events.scraping import ScrapeProblem

REAL = "real"
"""As ``upstream`` of a request: the real hosts, also where the installation has a stand-in for all jobs."""


def _plausible(options: ScrapeOptions) -> ScrapeOptions:
    if options.limit is not None and options.limit < 1:
        raise ValueError("limit: a job reads at least one page")
    if options.timeout_s is not None and not 0 < options.timeout_s <= _LONGEST_S:
        raise ValueError(f"timeout_s: more than 0 and at most {_LONGEST_S} seconds")
    if options.upstream not in {"", REAL} and not _is_web_address(options.upstream):
        raise ValueError("upstream: an http(s) address, `real`, or nothing")
    if max(map(len, (options.session, options.replay, options.upstream))) > _LONGEST_TEXT:
        raise ValueError(f"session, replay and upstream have at most {_LONGEST_TEXT} characters")
    return options


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


_LONGEST_S = 86_400
_LONGEST_TEXT = 1_000
AskedOptions = Annotated[ScrapeOptions, AfterValidator(_plausible)]
"""The options of a request, each within its bounds; a stored job's options are not judged again."""


class JobCreate(BaseModel):
    """A request for a job."""

    model_config = ConfigDict(extra="forbid")
    kind: str = "scrape"
    source_id: str = Field(min_length=1, max_length=200)
    options: AskedOptions = ScrapeOptions()
    priority: int = Field(default=5, ge=0, le=9)
    mode: Literal["", "production", "test"] = ""
    """test: what is read is staged, compared and waits to be promoted; empty: as the installation is set."""


class JobBatchCreate(BaseModel):
    """Several jobs at once: the named sources, and every active one of a jurisdiction or a level."""

    model_config = ConfigDict(extra="forbid")
    source_ids: list[str] = Field(default=[], max_length=500)
    jurisdiction: str = ""
    """OCD id of a government."""
    level: str = ""
    options: AskedOptions = ScrapeOptions()
    priority: int = Field(default=5, ge=0, le=9)
    mode: Literal["", "production", "test"] = ""


class JobBatchRead(BaseModel):
    """The jobs that were made together."""

    id: UUID
    jobs: list[JobRead]


class ScheduleCreate(BaseModel):
    """When a source is to be scraped: five-field cron in a time zone; times in seconds."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    source_id: str = Field(min_length=1, max_length=200)
    cron: str = Field(max_length=200)
    time_zone: str = Field(default="America/Toronto", max_length=64)
    jitter_s: int = Field(default=0, ge=0, le=86_400)
    """Each run is up to this much later, differently each time."""
    stagger_s: int = Field(default=0, ge=0, le=86_400)
    """Each schedule is up to this much later, always the same."""
    catch_up: Literal["none", "once", "all"] = "once"
    """What is done about slots that nobody was there to fire."""
    is_paused: bool = False
    priority: int = Field(default=5, ge=0, le=9)
    mode: Literal["", "production", "test"] = ""
    options: AskedOptions = ScrapeOptions()


class ScheduleUpdate(BaseModel):
    """What of a schedule is to be changed."""

    model_config = ConfigDict(extra="forbid")
    cron: str | None = Field(default=None, max_length=200)
    time_zone: str | None = Field(default=None, max_length=64)
    jitter_s: int | None = Field(default=None, ge=0, le=86_400)
    stagger_s: int | None = Field(default=None, ge=0, le=86_400)
    catch_up: Literal["none", "once", "all"] | None = None
    is_paused: bool | None = None
    priority: int | None = Field(default=None, ge=0, le=9)
    mode: Literal["", "production", "test"] | None = None
    options: AskedOptions | None = None


class ScheduleRead(ScheduleCreate):
    """A schedule with what it has done and will do."""

    model_config = ConfigDict(extra="ignore")
    options: ScrapeOptions = ScrapeOptions()
    id: UUID
    next_slot_at: datetime | None = None
    next_run_at: datetime | None = None
    """The slot with its stagger and jitter."""
    last_slot_at: datetime | None = None
    last_job_id: UUID | None = None
    fired: int = 0
    skipped: int = 0
    created_by: str = ""
    created_at: datetime
    updated_at: datetime


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
    mode: str = "production"
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
    retry_of: UUID | None = None
    batch_id: UUID | None = None
    schedule_id: UUID | None = None
    created_by: str = ""
    worker: str = ""
    created_at: datetime
    started_at: datetime | None = None
    crawled_at: datetime | None = None
    finished_at: datetime | None = None
    archive: dict[str, Any] | None = None
