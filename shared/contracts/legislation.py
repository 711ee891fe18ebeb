"""Records about legislation and recorded votes (Open Civic Data: Bill, BillAction, VoteEvent)."""

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

Chamber = Literal["house", "senate", "legislature", "council"]


class SessionRecord(Record):
    """A legislative session such as 45-1."""

    kind: ClassVar[str] = "session"
    identifier: ShortText
    name_en: ShortText
    name_fr: ShortText = ""
    start_date: Day | None = None
    end_date: Day | None = None


class Sponsor(Value):
    """Who introduced a bill, as the source names them."""

    person_key: Key | None = None
    name: ShortText
    title_en: ShortText = ""
    title_fr: ShortText = ""
    constituency: ShortText = ""
    identifiers: tuple[Identifier, ...] = ()


class BillStage(Value):
    """A stage in a chamber; ``state`` is the source's own word in English."""

    chamber: Chamber
    code: ShortText
    name_en: ShortText
    name_fr: ShortText = ""
    state: ShortText = ""
    date: Day | None = None
    committee: ShortText = ""


class BillAction(Value):
    """Something that happened to a bill on a day."""

    date: Day
    chamber: Chamber | None = None
    description_en: ShortText
    description_fr: ShortText = ""
    classification: ShortText = ""


class BillVersion(Value):
    """A published text of a bill."""

    identifier: ShortText
    name_en: ShortText
    name_fr: ShortText = ""
    url_en: ShortText = ""
    url_fr: ShortText = ""


class RelatedBill(Value):
    """Another bill, and how it is related."""

    bill_key: Key
    number: ShortText
    relation: Literal["similar", "reinstated-from", "reinstated-as", "companion"] = "similar"


class BillRecord(Record):
    """A bill with both titles, its status, stages and sponsors."""

    kind: ClassVar[str] = "bill"
    session: ShortText
    number: ShortText
    title_en: Text
    title_fr: Text = ""
    short_title_en: ShortText = ""
    short_title_fr: ShortText = ""
    type_en: ShortText = ""
    type_fr: ShortText = ""
    is_government: bool | None = None
    is_private_member: bool | None = None
    is_pro_forma: bool = False
    chamber: Chamber
    status_code: ShortText = ""
    status_en: ShortText = ""
    status_fr: ShortText = ""
    introduced_on: Day | None = None
    latest_activity_on: Day | None = None
    latest_activity_en: ShortText = ""
    latest_activity_fr: ShortText = ""
    royal_assent_on: Day | None = None
    statute_year: int | None = None
    statute_chapter: ShortText = ""
    summary_en: Text = ""
    summary_fr: Text = ""
    sponsors: tuple[Sponsor, ...] = ()
    stages: tuple[BillStage, ...] = ()
    actions: tuple[BillAction, ...] = ()
    versions: tuple[BillVersion, ...] = ()
    related: tuple[RelatedBill, ...] = ()
    vote_keys: tuple[Key, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    links: tuple[Link, ...] = ()
    detail_level: Literal["list", "detail"] = "detail"


class BillTextRecord(Record):
    """The text of one version of a bill in one language, as plain paragraphs."""

    kind: ClassVar[str] = "bill_text"
    bill_key: Key
    version: ShortText
    language: Literal["en", "fr"]
    title: Text = ""
    summary: Text = ""
    text: Text = ""
    is_cover_only: bool = False


class VoteEventRecord(Record):
    """A recorded division with the totals that the source states and every ballot."""

    kind: ClassVar[str] = "vote_event"
    organization_key: Key
    session: ShortText = ""
    number: int | None = None
    date: Day | None
    """None only in a ballot sheet read alone (the House's CSV states no date); never published so."""
    occurred_at: datetime | None = None
    subject_en: Text = ""
    subject_fr: Text = ""
    motion_en: Text = ""
    motion_fr: Text = ""
    result: Literal["pass", "fail", "tie", "unknown"]
    result_text_en: ShortText = ""
    result_text_fr: ShortText = ""
    counts: tuple[VoteCount, ...] = ()
    bill_key: Key | None = None
    event_key: Key | None = None
    agenda_item: ShortText = ""
    document_type: ShortText = ""
    ballots: tuple[Ballot, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
