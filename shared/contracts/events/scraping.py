"""Events that the scraper publishes: run started, progress, records, run finished."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.civic import Record
from shared.contracts.envelope import Event
from shared.contracts.legislation import BillRecord, BillTextRecord, SessionRecord, VoteEventRecord
from shared.contracts.people import (
    CandidacyRecord,
    DivisionRecord,
    ElectionRecord,
    JurisdictionRecord,
    MembershipRecord,
    OrganizationRecord,
    PersonRecord,
    PostRecord,
)
from shared.contracts.proceedings import DebateRecord, DocumentRecord, EventRecord, SpeechRecord

RunOutcome = Literal["succeeded", "failed", "cancelled", "timed_out", "blocked", "unchanged"]


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScrapeProblem(_Plain):
    """One thing that went wrong: where, what, and a stable code."""

    url: str = ""
    code: str
    detail: str


class CompleteSet(_Plain):
    """The run saw everything of ``kind`` whose key starts with ``prefix``: what it did not see is gone."""

    kind: str
    prefix: str


class ArchiveRef(_Plain):
    """The WARC file of a run."""

    path: str
    sha256: str
    size_bytes: int
    documents: int


class ScrapeStartedV1(Event):
    """A worker began a run of a job."""

    topic: ClassVar[str] = "scraping.run.started.v1"
    job_id: UUID
    run_id: UUID
    source_id: str
    worker: str
    is_resumed: bool = False


class ScrapeProgressV1(Event):
    """How far a run is; at most about one a second."""

    topic: ClassVar[str] = "scraping.run.progressed.v1"
    job_id: UUID
    run_id: UUID
    source_id: str
    pages: int
    pages_expected: int | None = None
    records: dict[str, int] = {}
    size_bytes: int = 0
    message: str = ""


class ScrapeFinishedV1(Event):
    """A run ended; ``counts`` are the distinct keys published per kind over the whole run."""

    topic: ClassVar[str] = "scraping.run.finished.v1"
    job_id: UUID
    run_id: UUID
    source_id: str
    outcome: RunOutcome
    counts: dict[str, int] = {}
    complete: tuple[CompleteSet, ...] = ()
    problems: tuple[ScrapeProblem, ...] = ()
    skipped: dict[str, int] = {}
    """Rows left out on purpose, by reason."""
    archive: ArchiveRef | None = None
    pages: int = 0
    started_at: datetime
    finished_at: datetime
    is_dry_run: bool = False


class ScrapedBatch(Event):
    """Base of the record batches (at most 50 records a message)."""

    kind: ClassVar[str] = ""
    job_id: UUID
    run_id: UUID
    source_id: str
    batch: int


class JurisdictionsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.jurisdiction.scraped.v1"
    kind: ClassVar[str] = "jurisdiction"
    records: tuple[JurisdictionRecord, ...]


class DivisionsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.division.scraped.v1"
    kind: ClassVar[str] = "division"
    records: tuple[DivisionRecord, ...]


class SessionsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.session.scraped.v1"
    kind: ClassVar[str] = "session"
    records: tuple[SessionRecord, ...]


class OrganizationsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.organization.scraped.v1"
    kind: ClassVar[str] = "organization"
    records: tuple[OrganizationRecord, ...]


class PostsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.post.scraped.v1"
    kind: ClassVar[str] = "post"
    records: tuple[PostRecord, ...]


class PeopleScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.person.scraped.v1"
    kind: ClassVar[str] = "person"
    records: tuple[PersonRecord, ...]


class MembershipsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.membership.scraped.v1"
    kind: ClassVar[str] = "membership"
    records: tuple[MembershipRecord, ...]


class ElectionsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.election.scraped.v1"
    kind: ClassVar[str] = "election"
    records: tuple[ElectionRecord, ...]


class CandidaciesScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.candidacy.scraped.v1"
    kind: ClassVar[str] = "candidacy"
    records: tuple[CandidacyRecord, ...]


class BillsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.bill.scraped.v1"
    kind: ClassVar[str] = "bill"
    records: tuple[BillRecord, ...]


class BillTextsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.bill_text.scraped.v1"
    kind: ClassVar[str] = "bill_text"
    records: tuple[BillTextRecord, ...]


class EventsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.event.scraped.v1"
    kind: ClassVar[str] = "event"
    records: tuple[EventRecord, ...]


class VoteEventsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.vote_event.scraped.v1"
    kind: ClassVar[str] = "vote_event"
    records: tuple[VoteEventRecord, ...]


class DebatesScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.debate.scraped.v1"
    kind: ClassVar[str] = "debate"
    records: tuple[DebateRecord, ...]


class SpeechesScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.speech.scraped.v1"
    kind: ClassVar[str] = "speech"
    records: tuple[SpeechRecord, ...]


class DocumentsScrapedV1(ScrapedBatch):
    """One batch of records of this kind."""

    topic: ClassVar[str] = "scraping.document.scraped.v1"
    kind: ClassVar[str] = "document"
    records: tuple[DocumentRecord, ...]


BATCH_CLASSES: dict[str, type[ScrapedBatch]] = {
    cls.kind: cls
    for cls in (
        JurisdictionsScrapedV1,
        DivisionsScrapedV1,
        SessionsScrapedV1,
        OrganizationsScrapedV1,
        PostsScrapedV1,
        PeopleScrapedV1,
        MembershipsScrapedV1,
        ElectionsScrapedV1,
        CandidaciesScrapedV1,
        BillsScrapedV1,
        BillTextsScrapedV1,
        EventsScrapedV1,
        VoteEventsScrapedV1,
        DebatesScrapedV1,
        SpeechesScrapedV1,
        DocumentsScrapedV1,
    )
}


def batch_records(batch: ScrapedBatch) -> tuple[Record, ...]:
    """Return the records of a batch, whatever its kind."""
    records: tuple[Record, ...] = batch.records  # type: ignore[attr-defined]
    return records
