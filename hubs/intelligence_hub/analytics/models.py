"""Facts kept from the change feed: what indicators are computed from, rebuildable at any time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model


class VoteFact(Model):
    """One recorded vote."""

    __tablename__ = "vote_fact"

    vote_key: Mapped[str] = mapped_column(primary_key=True)
    slug: Mapped[str]
    date: Mapped[date] = mapped_column(index=True)
    session: Mapped[str]
    organization_key: Mapped[str]
    result: Mapped[str]
    subject_en: Mapped[str]
    subject_fr: Mapped[str]
    bill_key: Mapped[str | None]


class BallotFact(Model):
    """How one member voted in one vote."""

    __tablename__ = "ballot_fact"
    __table_args__ = (Index("ix_ballot_fact_member", "member_key", "vote_key"),)

    vote_key: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_key: Mapped[str]
    """The person's key, or the name as printed when no person was found."""
    name: Mapped[str]
    party: Mapped[str]
    option: Mapped[str]


class BillFact(Model):
    """One bill with the days that matter."""

    __tablename__ = "bill_fact"

    bill_key: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str]
    session: Mapped[str]
    chamber: Mapped[str]
    is_government: Mapped[bool | None]
    is_private_member: Mapped[bool | None]
    title_en: Mapped[str]
    title_fr: Mapped[str]
    status_code: Mapped[str]
    status_en: Mapped[str]
    status_fr: Mapped[str]
    introduced_on: Mapped[date | None]
    latest_activity_on: Mapped[date | None]
    royal_assent_on: Mapped[date | None]
    sponsor_key: Mapped[str]
    sponsor_name: Mapped[str]
    stages: Mapped[list[dict[str, Any]]]


class OrganizationFact(Model):
    """One body."""

    __tablename__ = "organization_fact"

    organization_key: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    name_en: Mapped[str]
    name_fr: Mapped[str]
    classification: Mapped[str]


class DebateFact(Model):
    """One sitting of a chamber, or a committee's evidence."""

    __tablename__ = "debate_fact"
    __table_args__ = (Index("ix_debate_fact_organization", "organization_key", "session"),)

    debate_key: Mapped[str] = mapped_column(primary_key=True)
    date: Mapped[date]
    session: Mapped[str]
    organization_key: Mapped[str]
    document_type: Mapped[str]


class SpeechFact(Model):
    """One intervention: who, when, how many words, and how often each."""

    __tablename__ = "speech_fact"
    __table_args__ = (
        Index("ix_speech_fact_debate", "debate_key", "sequence"),
        Index("ix_speech_fact_member", "member_key"),
    )

    speech_key: Mapped[str] = mapped_column(primary_key=True)
    debate_key: Mapped[str]
    sequence: Mapped[int]
    time: Mapped[datetime | None]
    member_key: Mapped[str]
    """The person's key, or the name as printed when no person was found."""
    name: Mapped[str]
    is_procedural: Mapped[bool]
    words_en: Mapped[int]
    words_fr: Mapped[int]
    counts_en: Mapped[dict[str, Any]]
    counts_fr: Mapped[dict[str, Any]]


class WordFact(Model):
    """How often a word was said in a debate, worked out from its speeches."""

    __tablename__ = "word_fact"

    debate_key: Mapped[str] = mapped_column(primary_key=True)
    lang: Mapped[str] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]


class EventFact(Model):
    """One meeting with what its agenda holds."""

    __tablename__ = "event_fact"
    __table_args__ = (
        Index("ix_event_fact_jurisdiction", "jurisdiction"),
        Index("ix_event_fact_organization", "organization_key"),
    )

    event_key: Mapped[str] = mapped_column(primary_key=True)
    jurisdiction: Mapped[str]
    organization_key: Mapped[str | None]
    body_name: Mapped[str]
    name_en: Mapped[str]
    session: Mapped[str]
    status: Mapped[str]
    classification: Mapped[str]
    start_date: Mapped[date]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    agenda_items: Mapped[int]
    motions: Mapped[int]
    recorded_votes: Mapped[int]


class CoverageFact(Model):
    """How much of a kind is held of a jurisdiction, and when its source was last read in full."""

    __tablename__ = "coverage_fact"

    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    records: Mapped[int]
    first_date: Mapped[date | None]
    last_date: Mapped[date | None]
    read_at: Mapped[datetime | None]
    promise_hours: Mapped[int]


class RunFact(Model):
    """One scrape and what its import did; kept from events, which nothing repeats."""

    __tablename__ = "run_fact"
    __table_args__ = (Index("ix_run_fact_source", "source_id"),)

    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_id: Mapped[str]
    scrape_outcome: Mapped[str] = mapped_column(server_default=text("''"))
    import_outcome: Mapped[str] = mapped_column(server_default=text("''"))
    records: Mapped[int] = mapped_column(server_default=text("0"))
    problems: Mapped[int] = mapped_column(server_default=text("0"))
    pages: Mapped[int] = mapped_column(server_default=text("0"))
    inserted: Mapped[int] = mapped_column(server_default=text("0"))
    updated: Mapped[int] = mapped_column(server_default=text("0"))
    tombstoned: Mapped[int] = mapped_column(server_default=text("0"))
    finished_at: Mapped[datetime | None]


class UseFact(Model):
    """Requests answered on a day per route template; kept from events, which nothing repeats."""

    __tablename__ = "use_fact"

    day: Mapped[date] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    """The hundreds of the status."""
    requests: Mapped[int] = mapped_column(BigInteger())


class FeedPosition(Model):
    """How far the change feed was read; moved in the transaction that keeps what was read."""

    __tablename__ = "feed_position"

    id: Mapped[int] = mapped_column(SmallInteger(), primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger())
