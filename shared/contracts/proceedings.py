"""Records about what is said and decided (Debate, Speech, Event with AgendaItem and Motion)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from shared.contracts.civic import (
    Ballot,
    Day,
    Identifier,
    Key,
    Link,
    Record,
    ShortText,
    Text,
    Value,
    VoteCount,
)


class DocumentRecord(Record):
    """A published document: agenda, minutes, report, by-law."""

    kind: ClassVar[str] = "document"
    title_en: ShortText
    title_fr: ShortText = ""
    url: ShortText
    media_type: ShortText = ""
    language: ShortText = ""
    classification: ShortText = ""
    date: Day | None = None
    organization_key: Key | None = None
    event_key: Key | None = None


class DebateRecord(Record):
    """A sitting of a chamber, or a committee's evidence, as a whole."""

    kind: ClassVar[str] = "debate"
    organization_key: Key
    date: Day
    session: ShortText = ""
    number: ShortText = ""
    document_type: Literal["debate", "evidence"] = "debate"
    title_en: ShortText = ""
    title_fr: ShortText = ""
    url_en: ShortText = ""
    url_fr: ShortText = ""
    identifiers: tuple[Identifier, ...] = ()


class Paragraph(Value):
    """One paragraph; ``id`` is the source's own, by which EN and FR pair."""

    id: ShortText = ""
    text_en: Text = ""
    text_fr: Text = ""
    is_procedural: bool = False


class SpeechRecord(Record):
    """One intervention, English and French side by side."""

    kind: ClassVar[str] = "speech"
    debate_key: Key
    sequence: int
    source_id: ShortText = ""
    slug: ShortText = ""
    type: ShortText = ""
    time: datetime | None = None
    speaker_name: ShortText = ""
    attribution_en: ShortText = ""
    attribution_fr: ShortText = ""
    person_key: Key | None = None
    speaker_identifiers: tuple[Identifier, ...] = ()
    h1_en: ShortText = ""
    h1_fr: ShortText = ""
    h2_en: ShortText = ""
    h2_fr: ShortText = ""
    h3_en: ShortText = ""
    h3_fr: ShortText = ""
    floor_language: ShortText = ""
    is_procedural: bool = False
    written_question: ShortText = ""
    paragraphs: tuple[Paragraph, ...] = ()
    bill_keys: tuple[Key, ...] = ()
    mentioned_identifiers: tuple[Identifier, ...] = ()
    vote_keys: tuple[Key, ...] = ()


class Motion(Value):
    """A motion with its result and, where recorded, every ballot."""

    text_en: Text = ""
    text_fr: Text = ""
    mover: ShortText = ""
    seconder: ShortText = ""
    result: ShortText = ""
    counts: tuple[VoteCount, ...] = ()
    ballots: tuple[Ballot, ...] = ()


class AgendaItem(Value):
    """One item of an agenda, in order."""

    order: int
    number: ShortText = ""
    title_en: Text
    title_fr: Text = ""
    notes: Text = ""
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[Link, ...] = ()
    motions: tuple[Motion, ...] = ()


class EventRecord(Record):
    """A meeting of a committee, council or board."""

    kind: ClassVar[str] = "event"
    name_en: ShortText
    name_fr: ShortText = ""
    organization_key: Key | None = None
    body_name: ShortText = ""
    start_date: Day
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    time_zone: ShortText = ""
    location: ShortText = ""
    status: Literal["confirmed", "tentative", "cancelled", "passed"] = "confirmed"
    classification: ShortText = "meeting"
    session: ShortText = ""
    number: ShortText = ""
    agenda: tuple[AgendaItem, ...] = ()
    links: tuple[Link, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
