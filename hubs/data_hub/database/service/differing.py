"""What changed between two states of a record, field by field, in a size that travels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from shared.contracts.records import content_hash as hash_of

MAX_VALUE_BYTES = 4_000
_MAX_BALLOTS = 100

Fields = dict[str, list[Any]]


def content_hash(record: Mapping[str, Any]) -> bytes:
    """Return the hash of a record as it came: equal bytes, equal record."""
    return hash_of(orjson.dumps(record))


def ballots_hashes(votes: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the hash of each vote's ballots, by its key; a ballot that many votes share is written once."""
    written: dict[int, bytes] = {}

    def write(ballot: Any) -> bytes:
        written[id(ballot)] = text = orjson.dumps(ballot)
        return text

    found = {}
    for key, vote in votes.items():
        # All ballots of the votes are alive here, so what stands at an address stays there.
        parts = [written.get(id(ballot)) or write(ballot) for ballot in vote["ballots"]]
        found[key] = content_hash({"ballots": orjson.Fragment(b"[" + b",".join(parts) + b"]")})
    return found


def _small(value: Any) -> Any:
    encoded = orjson.dumps(value)
    if len(encoded) <= MAX_VALUE_BYTES:
        return value
    return {"sha256": hashlib.sha256(encoded).hexdigest(), "size_bytes": len(encoded)}


def field_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Fields:
    """Return each field that differs with its values before and after; long ones as hash and size (bytes)."""
    names = sorted({*before, *after})
    return {
        name: [_small(before.get(name)), _small(after.get(name))]
        for name in names
        if before.get(name) != after.get(name)
    }


def ballot_changes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return how the ballots of a vote differ, member by member (at most 100), with the counts of both."""
    old, new = _by_member(before), _by_member(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [
        {"count": len(before), "changed": {name: old.get(name) for name in names[:_MAX_BALLOTS]}},
        {"count": len(after), "changed": {name: new.get(name) for name in names[:_MAX_BALLOTS]}},
    ]


def _by_member(ballots: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        ballot["person_key"] or ballot["name"]: {
            "option": ballot["option"],
            "party": ballot["party"],
            "constituency": ballot["constituency"],
        }
        for ballot in ballots
    }
