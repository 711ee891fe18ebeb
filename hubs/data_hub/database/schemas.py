"""Shapes of the civic record's API that are not contracts between hubs: collections, filters, queries."""

from __future__ import annotations

from collections.abc import Collection as Group
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

FieldType = Literal["text", "code", "int", "date", "time", "bool", "array", "relation"]
Operator = Literal[
    "exact", "iexact", "ne", "in", "gt", "gte", "lt", "lte", "range", "contains", "icontains", "startswith",
    "istartswith", "endswith", "iendswith", "isnull",
]  # fmt: skip

_ORDERED: tuple[Operator, ...] = ("gt", "gte", "lt", "lte", "range")
_WORDS: tuple[Operator, ...] = (
    "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith",
)  # fmt: skip
OPERATORS: dict[FieldType, tuple[Operator, ...]] = {
    "text": ("exact", "ne", "in", *_WORDS, *_ORDERED, "isnull"),
    # C-9 comes before C-10 in print and after it as text: no comparison would say what it seems to.
    "code": ("exact", "ne", "in", *_WORDS, "isnull"),
    "int": ("exact", "ne", "in", *_ORDERED, "isnull"),
    "date": ("exact", "ne", "in", *_ORDERED, "isnull"),
    "time": _ORDERED,
    "bool": ("exact", "isnull"),
    "array": ("exact", "in"),
    "relation": ("exact", "in", "isnull"),
}


@dataclass(frozen=True)
class Filter:
    """A parameter by which a collection can be narrowed: a column, its type, and what it refers to."""

    column: str
    type: FieldType = "text"
    kind: str = ""
    """For a relation: the kind referred to; a value may be an id, a slug or a key."""
    description: str = ""


@dataclass(frozen=True, eq=False)
class Collection:
    """One kind of record as the API lists it; each is itself alone, so that things can be kept by it."""

    path: str
    kind: str
    singular: str
    filters: dict[str, Filter]
    sorts: dict[str, str]
    default_sort: str
    extras: tuple[str, ...] = ()
    """Columns shown beside the facts: what was worked out from them."""
    includes: tuple[str, ...] = ()
    item_includes: tuple[str, ...] = ()
    """What one record can carry and a listing cannot."""
    default_includes: tuple[str, ...] = ()
    """What a single record carries unless told otherwise."""
    where: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Fixed restriction: column to its values (committees are organizations of two classifications)."""


@dataclass(frozen=True)
class Condition:
    """One condition of a listing, with its value read and typed."""

    column: str
    operator: Operator
    value: Any
    type: FieldType


@dataclass(frozen=True)
class ListQuery:
    """A listing as asked for, checked."""

    conditions: tuple[Condition, ...] = ()
    sort: str = ""
    is_descending: bool = False
    limit: int = 50
    cursor: str | None = None
    includes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    lang: str = ""
    wants_total: bool = False
    deleted: Literal["no", "only", "all"] = "no"
    on: date | None = None
    """Valid time: what was so on this day."""
    left_by: date | None = None
    """For people: those who sat before this day and do not sit on it."""
    recorded_at: datetime | None = None
    """Recorded time: what this record said at that moment."""
    updated_since: datetime | None = None
    member_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """For people: conditions on a membership in force (party, area, province, organization)."""
    identifiers: tuple[str, ...] = ()
    format: str = ""
    is_whole: bool = False
    """All pages in one answer; ``limit`` is the size of each."""


@dataclass(frozen=True)
class ItemQuery:
    """A single record as asked for; no includes named means those that it carries by default."""

    includes: tuple[str, ...] | None = None
    fields: tuple[str, ...] = ()
    lang: str = ""
    on: date | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True)
class BallotQuery:
    """A listing of ballots; None or empty does not narrow it."""

    person_keys: Group[str] | None = None
    vote_keys: Group[str] | None = None
    bill_keys: Group[str] | None = None
    options: tuple[str, ...] = ()
    parties: tuple[str, ...] = ()
    is_dissent: bool | None = None
    date_from: date | None = None
    date_to: date | None = None
    session: str = ""
    limit: int = 50
    cursor: str | None = None
    is_descending: bool = True
