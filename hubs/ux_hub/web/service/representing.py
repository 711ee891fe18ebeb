"""Who speaks for a place, and how a member voted lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubs.ux_hub.web.service.record import RecordReader, Row

_RECENT_VOTES = 12
_RIDINGS = 60


@dataclass(frozen=True)
class Found:
    """Representatives of a place, and how they were found."""

    people: Sequence[Mapping[str, Any]] = ()
    method: str = ""
    is_ambiguous: bool = False
    notes: Sequence[str] = field(default=())


def read(answer: Mapping[str, Any]) -> Found:
    """Return what a lookup of a place answers, as a page lists it."""
    people = [_one(row) for row in answer.get("data") or ()]
    meta = answer.get("meta") or {}
    areas = [one["area"] for one in people if one["area"]]
    by_level = {(one["level"], one["role_en"]) for one in people if one["area"]}
    return Found(
        people=people,
        method=str(meta.get("method") or answer.get("method") or "").replace(" ", "_").replace("-", "_"),
        is_ambiguous=bool(meta.get("is_ambiguous") or meta.get("ambiguous"))
        or (len(set(areas)) > len(by_level) and len(by_level) == 1),
    )


def _one(row: Row) -> dict[str, Any]:
    person = row.get("person") or row
    seat = row.get("membership") or row.get("seat") or row
    return {
        "name": person.get("name", ""),
        "person": person.get("slug") or person.get("id") or row.get("person_id") or "",
        "party": seat.get("party") or row.get("party") or "",
        "area": seat.get("area") or row.get("area") or row.get("division_name") or "",
        "role_en": seat.get("role_en") or row.get("role_en") or "",
        "role_fr": seat.get("role_fr") or row.get("role_fr") or "",
        "level": row.get("level") or row.get("jurisdiction") or "",
    }


def ridings(
    record: RecordReader, area: str, cursor: str
) -> tuple[list[tuple[Row, Row | None, str]], str | None]:
    """Return seats with who holds them (two calls), narrowed by a piece of the place's name."""
    found = record.list(
        "posts",
        division_name__icontains=area,
        include="memberships",
        sort="name",
        limit=_RIDINGS,
        cursor=cursor,
    )
    pairs = [(post, _holder(post)) for post in found.rows]
    ids = sorted({str(seat["person_id"]) for _, seat in pairs if seat and seat.get("person_id")})
    names: dict[str, str] = {}
    if ids:
        people = record.list("people", id__in=",".join(ids), fields="name,slug", limit=_RIDINGS).rows
        names = {str(person["id"]): person["name"] for person in people}
    rows = [(post, seat, names.get(str((seat or {}).get("person_id")), "")) for post, seat in pairs]
    return rows, found.cursor


def _holder(post: Row) -> Row | None:
    seats: Sequence[Row] = [seat for seat in post.get("memberships") or () if not seat.get("end_date")]
    return seats[0] if seats and not post.get("is_vacant") else None


def recent_votes(record: RecordReader, person: Row, seat: Row | None) -> Sequence[Row]:
    """Return the newest votes of the body in which a person sits, with their ballots."""
    if seat is None:
        return ()
    return record.list(
        "votes", organization=seat["organization_key"], include="ballots", sort="-date", limit=_RECENT_VOTES
    ).rows
