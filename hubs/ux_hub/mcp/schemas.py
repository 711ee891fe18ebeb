"""What the tools answer: small typed facts, each answer with its sources and what is not held."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Language = Literal["en", "fr"]
Kind = Literal["bill", "vote", "person", "speech", "event", "document", "organization"]


class Source(BaseModel):
    """Where a fact was read, and when."""

    url: str
    retrieved_at: str


class Answer(BaseModel):
    """What every answer carries."""

    sources: list[Source] = Field(
        default_factory=list, description="documents that these facts were read from"
    )
    coverage_note: str = Field("", description="what is held here and what is not")
    more: str | None = Field(None, description="handle for read_more, when there is more")


class Hit(BaseModel):
    """One found record."""

    kind: str
    id: str
    title: str
    date: str | None = None
    detail: str = ""
    url: str


class SearchAnswer(Answer):
    """Found records, best first."""

    total: int
    hits: list[Hit]


class BillLine(BaseModel):
    """A bill in a list."""

    id: str
    number: str
    session: str
    title: str
    status: str
    introduced_on: str | None = None
    latest_activity_on: str | None = None
    is_law: bool | None = None


class BillList(Answer):
    """Bills, the most recently active first."""

    bills: list[BillLine]


class VoteLine(BaseModel):
    """A recorded vote in a list."""

    id: str
    number: int | None
    session: str
    date: str | None
    subject: str
    result: str
    yes: int | None = None
    no: int | None = None
    paired: int | None = None


class Stage(BaseModel):
    """A stage that a bill has reached."""

    name: str
    chamber: str
    state: str
    date: str | None = None


class BillAnswer(Answer):
    """A bill as it stands."""

    bill: BillLine
    long_title: str
    sponsors: list[str]
    stages: list[Stage]
    votes: list[VoteLine]
    summary: str = ""
    page: str = ""


class PartyLine(BaseModel):
    """How a party voted."""

    party: str
    line: str
    counts: dict[str, int]
    dissents: int


class VotesAnswer(Answer):
    """Recorded votes, newest first; of a single one, also each party's line and who broke ranks."""

    votes: list[VoteLine]
    bill: str | None = None
    parties: list[PartyLine] = Field(default_factory=list)
    dissenters: list[str] = Field(default_factory=list)


class Seat(BaseModel):
    """A seat or role held."""

    role: str
    body: str
    party: str = ""
    area: str = ""
    province: str = ""
    since: str | None = None
    until: str | None = None


class MemberLine(BaseModel):
    """A person in public office."""

    id: str
    name: str
    party: str = ""
    area: str = ""
    province: str = ""


class MemberAnswer(Answer):
    """A person and the seats held."""

    member: MemberLine
    seats: list[Seat]
    contacts: list[str]
    page: str = ""
    also_found: list[MemberLine] = Field(default_factory=list, description="others with a similar name")


class CastVote(BaseModel):
    """How one member voted once."""

    vote: VoteLine
    option: str
    party: str
    is_dissent: bool | None = None


class RecordAnswer(Answer):
    """A member's votes, newest first, with totals over those looked at."""

    member: MemberLine
    looked_at: int = Field(description="recorded votes looked at")
    totals: dict[str, int]
    dissents: int
    votes: list[CastVote]


class RepresentativesAnswer(Answer):
    """Who represents a place."""

    place: str
    members: list[MemberLine]


class SpeechLine(BaseModel):
    """Something said on the record."""

    id: str
    date: str | None
    speaker: str
    topic: str
    text: str


class SpeechList(Answer):
    """Interventions, newest first."""

    speeches: list[SpeechLine]


class MeetingLine(BaseModel):
    """A meeting of a body."""

    id: str
    date: str
    starts_at: str | None
    body: str
    name: str
    status: str
    agenda: list[str]


class MeetingList(Answer):
    """Meetings by date."""

    meetings: list[MeetingLine]


class ComparisonAnswer(Answer):
    """How often two members voted alike."""

    members: list[MemberLine]
    both_voted: int
    agreed: int
    differed: int
    agreement_percent: float | None
    differences: list[str]


class Held(BaseModel):
    """What is held of one kind for one jurisdiction."""

    jurisdiction: str
    kind: str
    count: int
    first_date: str | None
    last_date: str | None
    as_of: str | None
    is_stale: bool


class CoverageAnswer(Answer):
    """What is held, and how fresh it is."""

    held: list[Held]


class Change(BaseModel):
    """One change of the record."""

    at: str
    kind: str
    change: str
    title: str
    id: str
    fields: list[str]


class ChangesAnswer(Answer):
    """What changed, oldest first."""

    changes: list[Change]
