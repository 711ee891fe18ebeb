"""Pieces: the objects of a list that come again in file after file, each distinct one read once.

Read as JSON like the rest, each of them becomes a dictionary anew: most of what a folder of votes costs. Here
their bytes are told apart first. That is exact: a separator counts only if every piece between two of them is
a whole JSON object. What is written in another manner is left to be read as all JSON is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

MOST_KNOWN = 20_000
"""Distinct objects of one shape that are kept: some megabytes."""


@dataclass(slots=True)
class Piece:
    """An object as it came, once for all its copies, and room for what its reader makes of it."""

    value: dict[str, Any]
    made: Any = None


class PieceReader:
    """Reads documents that each hold one list of objects under a key."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._name = f'"{key}":'.encode()
        self._begin = re.compile(re.escape(self._name) + rb'( ?)\[\{("[^"\\]*": ?)')
        self._known: dict[bytes, dict[bytes, Piece]] = {}

    def read(self, body: bytes) -> dict[str, Any] | None:
        """Return the object that a document is, its list one of pieces; None where its bytes forbid it."""
        begin = self._begin.search(body)
        if begin is None or body.count(self._name) != 1:
            return None
        taken = self._take(b"{" + begin[2], b"}," + begin[1], body[begin.end() :])
        if taken is None:
            return None
        pieces, rest = taken
        try:
            # What surrounds the list, a number in its place.
            entry = orjson.loads(b"%b%b0%b" % (body[: begin.start()], self._name, rest))
        except orjson.JSONDecodeError:
            return None
        if not isinstance(entry, dict) or entry.get(self._key) != 0:
            # The list was that of some object within.
            return None
        entry[self._key] = pieces
        return entry

    def _take(self, head: bytes, between: bytes, text: bytes) -> tuple[list[Piece], bytes] | None:
        """Return the objects that a text begins with (the head of the first left out) and what follows."""
        known = self._known.setdefault(head, {})
        if len(known) > MOST_KNOWN:
            known.clear()
        tails = text.split(between + head)
        found: list[Piece] = []
        for tail in tails:
            piece = known.get(tail) or _read(head, tail, known)
            if piece is None:
                break
            found.append(piece)
        # Other lists may follow that are written alike: what is no whole object is where this one ends.
        last = tails[len(found)] if len(found) < len(tails) else b""
        # No whole object is the beginning of another one: the first end at which there is one is the end.
        end = last.find(b"}]")
        while end >= 0:
            piece = known.get(last[:end]) or _read(head, last[:end], known)
            if piece is not None:
                after = [last[end + 2 :], *tails[len(found) + 1 :]]
                return [*found, piece], (between + head).join(after)
            end = last.find(b"}]", end + 1)
        return None


def _read(head: bytes, tail: bytes, known: dict[bytes, Piece]) -> Piece | None:
    try:
        piece = Piece(orjson.loads(head + tail + b"}"))
    except orjson.JSONDecodeError:
        return None
    known[tail] = piece
    return piece
