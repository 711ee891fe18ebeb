"""A person's seats: which one stands today, which ones stood before, in which bodies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from hubs.ux_hub.web.service.language import as_day

Row = Mapping[str, Any]


def is_current(membership: Row, today: date) -> bool:
    """Tell whether a membership stands on a day."""
    start, end = as_day(membership.get("start_date")), as_day(membership.get("end_date"))
    return (start is None or start <= today) and (end is None or end >= today)


def seat_of(person: Row, today: date) -> Row | None:
    """Return the seat that a person holds (one with a post or an area first), else the last one held."""
    memberships: Sequence[Row] = person.get("memberships") or ()
    standing = [m for m in memberships if is_current(m, today)]
    for pool in (standing, memberships):
        seats = [m for m in pool if m.get("area") or m.get("post_key")]
        if seats:
            return max(seats, key=lambda m: str(m.get("start_date") or ""))
    return standing[0] if standing else (memberships[0] if memberships else None)


def split(memberships: Iterable[Row], today: date) -> tuple[list[Row], list[Row]]:
    """Return memberships that stand and those that ended, the newest first."""
    ordered = sorted(memberships, key=lambda m: str(m.get("start_date") or ""), reverse=True)
    standing = [m for m in ordered if is_current(m, today)]
    return standing, [m for m in ordered if not is_current(m, today)]


def by_province(people: Iterable[Row], today: date) -> list[tuple[str, list[tuple[Row, Row | None]]]]:
    """Return people with their seats, grouped by province in alphabetical order."""
    groups: dict[str, list[tuple[Row, Row | None]]] = {}
    for person in people:
        seat = seat_of(person, today)
        groups.setdefault((seat or {}).get("province") or "", []).append((person, seat))
    return sorted(groups.items(), key=lambda item: (not item[0], item[0]))


def initials(name: str) -> str:
    """Return up to two initials of a name."""
    words = [word for word in name.replace("-", " ").split() if word[:1].isalpha()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


_PARTIES = {
    "liberal": "lib", "libéral": "lib", "conservative": "con", "conservateur": "con", "ndp": "ndp",
    "npd": "ndp", "new democratic": "ndp", "nouveau parti": "ndp", "bloc": "bq",
    "green": "grn", "vert": "grn",
}  # fmt: skip


def party_class(party: str) -> str:
    """Return the style of a party; any other than the five in the House has a neutral one."""
    low = party.casefold()
    return next((style for word, style in _PARTIES.items() if low.startswith(word)), "oth")
