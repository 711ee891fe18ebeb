"""Whether what we hold is as fresh as promised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.http.pages import Freshness

# Hours within which a source is promised to be read again; rows of the freshness table may say otherwise.
PROMISE_HOURS: dict[str, int] = {
    "bill": 26,
    "vote_event": 26,
    "event": 26,
    "debate": 50,
    "speech": 50,
    "person": 50,
    "membership": 50,
}
DEFAULT_PROMISE_HOURS = 24 * 8


def promise_of(kind: str, stated: int | None) -> int:
    """Return within how many hours records of a kind are promised to be renewed."""
    return stated if stated is not None else PROMISE_HOURS.get(kind, DEFAULT_PROMISE_HOURS)


def is_stale(kind: str, row: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a source's last reading is older than its promise."""
    age: timedelta = now - row["seen_at"]
    return age > timedelta(hours=promise_of(kind, row["promise_hours"]))


def judge(kind: str, rows: Iterable[Mapping[str, Any]], now: datetime) -> Freshness:
    """Return the newest reading and whether the newest of some jurisdiction breaks its promise."""
    newest: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        known = newest.get(row["jurisdiction"])
        if known is None or row["seen_at"] > known["seen_at"]:
            newest[row["jurisdiction"]] = row
    as_of = max((row["seen_at"] for row in newest.values()), default=None)
    return Freshness(as_of=as_of, stale=any(is_stale(kind, row, now) for row in newest.values()))
