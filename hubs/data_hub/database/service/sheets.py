"""Sheets of ballots, taken out of a batch's bytes: the same few hundred ballots come in vote after vote.

Read as JSON like the rest, each of them becomes a dictionary anew: most of what a batch of votes costs. Here
their bytes are told apart first and each distinct ballot is read once. That is exact: a separator counts only
if every piece between two of them is a whole JSON object. What is written in another manner (with
blanks, say) is read as all JSON is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from shared.http.json import loads

_KEY = b'"ballots":'
_BEGIN = b'"ballots":['
_FIRST_KEY = re.compile(rb'\{("[^"\\]*":)')


@dataclass(slots=True)
class RawBallot:
    """A ballot as it came, once for all its copies in a batch."""

    value: dict[str, Any]
    encoded: bytes
    """As this process writes it, whatever the blanks and escapes in which it came."""


class Sheet:
    """The ballots of one vote, in their order."""

    __slots__ = ("ballots",)

    def __init__(self, ballots: list[RawBallot]) -> None:
        self.ballots = ballots

    def fragment(self) -> orjson.Fragment:
        """Return the ballots as JSON to be put into a larger document."""
        return orjson.Fragment(b"[" + b",".join([ballot.encoded for ballot in self.ballots]) + b"]")


def read_votes(body: bytes) -> Any:
    """Read a batch of votes as JSON; lists of ballots are a `Sheet` each where the bytes allow it.

    Raises: ValueError when it is not JSON.
    """
    first, *pieces = body.split(_BEGIN)
    if not pieces or body.count(_KEY) != len(pieces):
        return loads(body)
    known: dict[bytes, dict[bytes, RawBallot]] = {}
    sheets: list[Sheet | None] = []
    rest = [first]
    for number, piece in enumerate(pieces):
        if piece.startswith(b"]"):
            sheets.append(None)
            rest.append(_BEGIN + piece)
            continue
        taken = _take(piece, known)
        if taken is None:
            return loads(body)
        sheets.append(Sheet(taken[0]))
        rest.append(b"%b%d%b" % (_KEY, number, taken[1]))
    batch = loads(b"".join(rest))
    return batch if _put_back(batch, sheets) else loads(body)


def _take(piece: bytes, known: dict[bytes, dict[bytes, RawBallot]]) -> tuple[list[RawBallot], bytes] | None:
    """Return the ballots that a piece of a batch begins with, and what follows their list."""
    key = _FIRST_KEY.match(piece)
    if key is None:
        return None
    head = b"{" + key[1]
    *whole, last = piece[len(head) :].split(b"}," + head)
    of_head = known.setdefault(head, {})
    told = [of_head.get(tail) or _read(head, tail, of_head) for tail in whole]
    found = [ballot for ballot in told if ballot is not None]
    if len(found) < len(told):
        return None
    # No whole object is the beginning of another one: the first end at which there is one is the end.
    end = last.find(b"}]")
    while end >= 0:
        ballot = of_head.get(last[:end]) or _read(head, last[:end], of_head)
        if ballot is not None:
            return [*found, ballot], last[end + 2 :]
        end = last.find(b"}]", end + 1)
    return None


def _read(head: bytes, tail: bytes, known: dict[bytes, RawBallot]) -> RawBallot | None:
    try:
        value = orjson.loads(head + tail + b"}")
    except ValueError:
        return None
    known[tail] = found = RawBallot(value, orjson.dumps(value))
    return found


def _put_back(batch: Any, sheets: Sequence[Sheet | None]) -> bool:
    """Put each sheet where its number stands; False when one was not a record's own list of ballots."""
    records = batch.get("records") if isinstance(batch, dict) else None
    if not isinstance(records, list) or len(records) != len(sheets):
        return False
    for number, (record, sheet) in enumerate(zip(records, sheets, strict=True)):
        if not isinstance(record, dict) or record.get("ballots") != (number if sheet else []):
            return False
        if sheet is not None:
            record["ballots"] = sheet
    return True
