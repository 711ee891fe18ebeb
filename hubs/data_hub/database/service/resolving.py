"""Names without a person: a human says who is meant, here and from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from hubs.data_hub.database.errors import RecordNotFound
from hubs.data_hub.database.repository.curation import CurationRepository
from hubs.data_hub.database.service.matching import bare_name
from hubs.data_hub.database.service.rewriting import Rewriter
from shared.core.clock import utc_now


class ResolvingService:
    """Works the queue of unmatched names."""

    def __init__(self, curation: CurationRepository, rewriter: Rewriter) -> None:
        self._curation = curation
        self._rewriter = rewriter

    def list(self, limit: int, offset: int, jurisdiction: str, *, resolved: bool) -> list[Mapping[str, Any]]:
        """Return names with how often they came, the most frequent first."""
        return self._curation.unmatched(limit, offset, jurisdiction, resolved=resolved)

    def resolve(self, number: int, person_key: str | None, reason: str) -> int:
        """Say who a name in a jurisdiction means, or that nobody is; return how many records that changed.

        Raises: RecordNotFound.
        """
        entry = self._curation.find_unmatched(number)
        if entry is None:
            raise RecordNotFound(f"no unmatched name {number}")
        at = utc_now()
        records = self._curation.resolve(entry["folded"], entry["jurisdiction"], person_key, at, reason)
        if person_key is None:
            return 0
        keys: dict[str, list[str]] = {}
        for record in records:
            keys.setdefault(record["record_kind"], []).append(record["record_key"])
        changed = 0
        for kind, names in sorted(keys.items()):
            if kind == "vote_event":
                changed += self._ballots(names, entry["folded"], person_key)
                continue
            for row in self._curation.rows_by_key(kind, names):
                facts = deepcopy(row["facts"])
                if _name_in(kind, facts, entry["folded"], person_key):
                    changed += self._rewriter.rewrite(kind, row, facts, at)
        return changed

    def _ballots(self, vote_keys: Sequence[str], folded: str, person_key: str) -> int:
        votes = set()
        for ballot in self._curation.open_ballots(vote_keys):
            if bare_name(ballot["name"]) == folded:
                self._curation.set_ballot_person(ballot["vote_id"], ballot["position"], person_key)
                votes.add(ballot["vote_id"])
        return len(votes)


def _name_in(kind: str, facts: dict[str, Any], folded: str, person_key: str) -> bool:
    if kind == "bill":
        mine = [s for s in facts["sponsors"] if not s["person_key"] and bare_name(s["name"]) == folded]
        for sponsor in mine:
            sponsor["person_key"] = person_key
        return bool(mine)
    if kind == "speech" and not facts["person_key"]:
        facts["person_key"] = person_key
        return True
    return False
