"""Small parts of pupa's objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from hubs.business_hub.op_import.formats.base import text_of
from hubs.business_hub.op_import.reading.pieces import Piece
from shared.contracts.civic import Ballot
from shared.contracts.keys import slug

Entry = Mapping[str, Any]
OPTIONS = {"yes", "no", "abstain", "absent", "paired", "not voting", "other"}


class Cast:
    """Makes the ballots of votes: equal ones are built and checked once."""

    def __init__(self, find_voter: Callable[[str, Any], str | None]) -> None:
        """``find_voter`` returns the key of a person by name and reference."""
        self._find_voter = find_voter
        self._made: dict[tuple[str, str, Any], Ballot] = {}

    def ballots(self, votes: Sequence[Any]) -> list[Ballot]:
        """Return the ballots of one vote, given as objects or as pieces (see `PieceReader`)."""
        if votes and isinstance(votes[0], Piece):
            return [piece.made or self._of_piece(piece) for piece in votes]
        return [self._ballot(entry) for entry in votes]

    def _of_piece(self, piece: Piece) -> Ballot:
        ballot = piece.made = self._ballot(piece.value)
        return ballot

    def _ballot(self, entry: Entry) -> Ballot:
        mark = name, option, voter = entry["voter_name"], entry["option"], entry.get("voter_id")
        ballot = self._made.get(mark)
        if ballot is None:
            key, said = self._find_voter(name, voter), option if option in OPTIONS else "other"
            ballot = self._made[mark] = Ballot(person_key=key, name=name, option=said)
        return ballot


def pseudo(reference: Any) -> Entry:
    """Return what a pseudo id (``~{"name": ...}``) asks for."""
    text = reference if isinstance(reference, str) else ""
    if not text.startswith("~"):
        return {}
    try:
        found = orjson.loads(text[1:])
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def identifiers(entry: Entry) -> list[dict[str, str]]:
    """Return identifiers in our words."""
    return [
        {"scheme": text_of(one.get("scheme")), "value": text_of(one.get("identifier"))}
        for one in entry.get("identifiers") or []
    ]


def links(entry: Entry) -> list[dict[str, str]]:
    """Return links in our words."""
    return [
        {"url": text_of(one.get("url")), "note": text_of(one.get("note"))} for one in entry.get("links") or []
    ]


def versions(entries: Sequence[Entry]) -> list[dict[str, str]]:
    """Return the published texts of a bill in our words."""
    return [
        {
            "identifier": slug(text_of(one.get("note"))) or str(position),
            "name_en": text_of(one.get("note")),
            "url_en": text_of((one.get("links") or [{}])[0].get("url")),
        }
        for position, one in enumerate(entries, start=1)
    ]
