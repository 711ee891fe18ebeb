"""The civic vocabulary shared by all records: provenance, identifiers, contacts, ballots.

Names follow Popolo (popoloproject.com) and Open Civic Data. Every text that an upstream
publishes in both languages is a pair ``*_en`` / ``*_fr``; a missing half is the empty string.
Dates that an upstream gives as local dates stay dates; moments are UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Day = date
"""A calendar day (a name of its own, since many records have a field called date)."""

FEDERAL = "ocd-jurisdiction/country:ca/legislature"
"""OCD id of the Parliament of Canada."""


def _printable(text: str) -> str:
    # NUL cannot be stored by PostgreSQL, lone surrogates cannot be encoded: refuse both here.
    if "\x00" in text:
        raise ValueError("contains a NUL character")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("contains a lone surrogate") from None
    return text


Text = Annotated[str, AfterValidator(_printable)]
ShortText = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(_printable)]
Key = Annotated[
    str,
    StringConstraints(min_length=3, max_length=300, pattern=r"^[a-z0-9][a-z0-9./:_~@+\-]*$"),
]
"""A natural key: lower-case ASCII path such as ``ca/bill/45-1/c-2``."""

VoteOption = Literal["yes", "no", "abstain", "absent", "paired", "not voting", "other"]
"""Popolo's ballot options (with ``paired`` in place of its ``paired`` note)."""


class Value(BaseModel):
    """Base of frozen value objects."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceRef(Value):
    """Where a record was read: the document, its bytes and the parser that read them."""

    url: ShortText
    retrieved_at: datetime
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    parser: ShortText
    licence: ShortText = ""


class Identifier(Value):
    """An identifier in another system, e.g. scheme ``ourcommons.ca/person``."""

    scheme: ShortText
    value: ShortText


class ContactDetail(Value):
    """One way to reach someone; ``type`` is Popolo's (address, email, voice, fax, cell)."""

    type: Literal["address", "email", "voice", "fax", "cell", "url"]
    value: ShortText
    note: ShortText = ""


class Link(Value):
    """A web page about the subject."""

    url: ShortText
    note: ShortText = ""


class Ballot(Value):
    """How one member voted; ``party`` is the affiliation on that day."""

    person_key: Key | None = None
    name: ShortText
    option: VoteOption
    constituency: ShortText = ""
    party: ShortText = ""
    identifiers: tuple[Identifier, ...] = ()


class VoteCount(Value):
    """A total that the document itself states."""

    option: VoteOption
    value: Annotated[int, Field(ge=0)]


class Record(BaseModel):
    """Base of what a parser yields: a natural key, a jurisdiction and its sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str] = ""

    key: Key
    jurisdiction: ShortText = FEDERAL
    sources: tuple[SourceRef, ...] = ()

    def facts(self) -> dict[str, Any]:
        """Return the record without its provenance: what change detection compares."""
        return self.model_dump(mode="json", exclude={"sources"})
