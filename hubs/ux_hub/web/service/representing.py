"""Who speaks for a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hubs.ux_hub.web.service.record import RecordReader, Row

_RIDINGS = 50
"""Seats a page; the ids of those who hold them go into one parameter, which holds 2,000 characters."""


@dataclass(frozen=True)
class Found:
    """Representatives of a place, and how they were found."""

    people: Sequence[Mapping[str, Any]] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


def read(answer: Mapping[str, Any]) -> Found:
    """Return what a lookup of a place answers, as a page lists it: the surest first, vacant seats too."""
    rows = sorted(answer["data"], key=lambda row: -row["confidence"])
    return Found([_one(row) for row in rows], answer["meta"])


def _one(row: Row) -> dict[str, Any]:
    person, seat, post = row["person"] or {}, row["membership"] or {}, row["post"] or {}
    return {
        "name": person.get("name", ""),
        "person": person.get("slug", ""),
        "party": seat.get("party", ""),
        "area_en": row["boundary"]["name_en"],
        "area_fr": row["boundary"]["name_fr"],
        "role_en": seat.get("role_en") or post.get("role_en") or "",
        "role_fr": seat.get("role_fr") or post.get("role_fr") or "",
        "confidence": row["confidence"],
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
