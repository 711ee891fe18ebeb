"""What was so on a day: conditions on the dates of records, and on who sat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Table, and_, exists, or_, select

from hubs.data_hub.database.models import table_of


def _in_force(
    table: Table, on: date, start: str = "start_date", end: str = "end_date"
) -> list[ColumnElement[bool]]:
    begins, ends = table.c[start], table.c[end]
    return [or_(begins.is_(None), begins <= on), or_(ends.is_(None), ends >= on)]


_VALIDITY = {
    "membership": ("start_date", "end_date"),
    "organization": ("start_date", "end_date"),
    "session": ("start_date", "end_date"),
    "division": ("valid_from", "valid_through"),
}


def valid_on(
    kind: str, table: Table, on: date | None, member_of: Mapping[str, Sequence[str]]
) -> list[ColumnElement[bool]]:
    """Return the conditions: in force on a day, or happened by then; for people: with such a seat."""
    if kind == "person":
        return [_sits(table, on, member_of)] if on is not None or member_of else []
    if on is None:
        return []
    if kind in _VALIDITY:
        return _in_force(table, on, *_VALIDITY[kind])
    if kind == "bill":
        return [table.c.introduced_on <= on]
    if kind == "post":
        return []
    return [table.c.sort_date <= on]


def _seats_of(person: Table) -> ColumnElement[bool]:
    membership, merged = table_of("membership"), person.alias("merged")
    keys = select(merged.c.key).where(merged.c.merged_into == person.c.id).scalar_subquery()
    return and_(
        or_(membership.c.person_key == person.c.key, membership.c.person_key.in_(keys)),
        membership.c.deleted_at.is_(None),
    )


def _sits(person: Table, on: date | None, wanted: Mapping[str, Sequence[str]]) -> ColumnElement[bool]:
    """Return whether a person has a membership in force (today unless told otherwise) that fits."""
    membership = table_of("membership")
    clauses: list[ColumnElement[bool]] = [
        _seats_of(person),
        *_in_force(membership, on or datetime.now().astimezone().date()),
    ]
    names = {"party": "party", "area": "area", "province": "province", "organization": "organization_key"}
    clauses += [membership.c[names[name]].in_(values) for name, values in wanted.items()]
    return exists().where(and_(*clauses))


def has_left(person: Table, on: date) -> list[ColumnElement[bool]]:
    """Return the conditions: sat before a day, and does not sit on it."""
    return [~_sits(person, on, {}), exists().where(_seats_of(person))]
