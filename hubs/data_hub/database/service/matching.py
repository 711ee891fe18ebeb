"""Person match: who is meant where a record names a person without a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from hubs.data_hub.database.repository.people import PeopleRepository
from hubs.data_hub.text import fold
from shared.contracts.http.ingest import UnmatchedName, UpsertBatch

_MAX_UNMATCHED = 1_000
_TITLES = frozenset(
    ("mr", "mrs", "ms", "miss", "dr", "hon", "rt", "right", "the", "honourable", "honorable", "m", "mme")
)


def bare_name(name: str) -> str:
    """Return a folded name without courtesy titles: ``The Hon. Anita Anand`` is ``anita anand``."""
    words = fold(name.partition("(")[0]).split()
    while len(words) > 2 and words[0] in _TITLES:
        words = words[1:]
    return " ".join(words)


class PersonMatcher:
    """Matches the names of one batch by identifier, then by what humans decided, then by a unique name."""

    def __init__(self, people: PeopleRepository) -> None:
        self._people = people
        self._kind = ""
        self.unmatched: list[UnmatchedName] = []
        self._queue: dict[tuple[str, str], dict[str, Any]] = {}

    def begin(self, batch: UpsertBatch) -> None:
        """Forget the names of an earlier batch."""
        self._kind = batch.kind
        self.unmatched = []
        self._queue = {}

    def match(self, kind: str, facts: Sequence[dict[str, Any]]) -> None:
        """Write the matched key beside each name that has none; note those for whom nobody was found."""
        open_names = [(fact, *named) for fact in facts for named in _named(kind, fact)]
        if not open_names:
            return
        identifiers = {mark for _, _, _, marks, _ in open_names for mark in marks}
        by_identifier = self._people.by_identifiers(identifiers)
        folded = {bare_name(name) for _, _, name, _, _ in open_names}
        by_name = self._people.by_names(folded)
        decided = self._people.resolutions(folded)
        for fact, target, name, marks, context in open_names:
            keys = set().union(*(by_identifier.get(mark, set()) for mark in marks)) if marks else set()
            bare, home = bare_name(name), fact["jurisdiction"]
            if len(keys) != 1:
                keys = {decided[bare, home]} if (bare, home) in decided else set()
            if len(keys) != 1:
                candidates = by_name.get(bare, [])
                keys = {key for key, jurisdiction in candidates if jurisdiction == home}
            if len(keys) == 1:
                target["person_key"] = keys.pop()
            elif bare:
                self._note(kind, fact, name, bare, context)

    def columns(self, kind: str, fact: dict[str, Any]) -> dict[str, Any]:
        """Return the columns that a match changes."""
        if kind in ("speech", "candidacy"):
            return {"person_key": fact["person_key"]}
        return {}

    def keep_unmatched(self, at: datetime) -> None:
        """Queue the names that are left for review."""
        self._people.keep_unmatched(list(self._queue.values()), at)

    def _note(self, kind: str, fact: dict[str, Any], name: str, bare: str, context: str) -> None:
        key = (fact["key"], bare)
        if key in self._queue or len(self._queue) >= _MAX_UNMATCHED:
            return
        self._queue[key] = {
            "name": name,
            "folded": bare,
            "jurisdiction": fact["jurisdiction"],
            "context": context,
            "record_kind": kind,
            "record_key": fact["key"],
        }
        self.unmatched.append(UnmatchedName(name=name, context=context, record_key=fact["key"]))


Named = tuple[dict[str, Any], str, list[str], str]


def _named(kind: str, fact: dict[str, Any]) -> Iterator[Named]:
    """Yield (where the key belongs, name, identifiers, context) for each name without a key."""
    match kind:
        case "vote_event":
            for ballot in fact["ballots"]:
                if not ballot["person_key"]:
                    where = f"{ballot['party']} {ballot['constituency']}".strip()
                    yield ballot, ballot["name"], _marks(ballot["identifiers"]), f"ballot {where}".strip()
        case "bill":
            for sponsor in fact["sponsors"]:
                if not sponsor["person_key"]:
                    yield sponsor, sponsor["name"], _marks(sponsor["identifiers"]), "sponsor"
        case "speech":
            # A speaker without an identifier is often an office or a crowd ("Some hon. members").
            if not fact["person_key"] and fact["speaker_identifiers"]:
                yield fact, fact["speaker_name"], _marks(fact["speaker_identifiers"]), "speaker"


def _marks(identifiers: Sequence[dict[str, str]]) -> list[str]:
    return [f"{item['scheme']}:{item['value']}" for item in identifiers]
