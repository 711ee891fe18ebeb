"""Merging: two records of one person become one, and one becomes two again, with nothing lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.errors import MergeRefused, RecordNotFound
from hubs.data_hub.database.repository.curation import CurationRepository
from hubs.data_hub.database.service.projection import project
from hubs.data_hub.database.service.rewriting import Rewriter
from hubs.data_hub.text import fold
from shared.core.clock import utc_now

KIND = "person"
_MAX_CANDIDATES = 50


@dataclass(frozen=True)
class MergeCandidate:
    """Someone who may be the same person: how likely (0 to 1), and why."""

    row: Mapping[str, Any]
    score: float
    reasons: tuple[str, ...]


class MergingService:
    """Merges people and takes merges back."""

    def __init__(self, curation: CurationRepository, rewriter: Rewriter) -> None:
        self._curation = curation
        self._rewriter = rewriter

    def merge(self, merged_id: UUID, into_id: UUID, actor: str, reason: str) -> None:
        """Let one person's ids, keys and slugs lead to another's record; references follow by themselves.

        Raises: RecordNotFound; MergeRefused when one of them cannot be merged so.
        """
        if merged_id == into_id:
            raise MergeRefused("a person cannot be merged with itself")
        # Held in one order, whoever merges whom.
        rows = {record_id: self._curation.lock(KIND, record_id) for record_id in sorted((merged_id, into_id))}
        loser, winner = rows[merged_id], rows[into_id]
        if loser is None or winner is None:
            raise RecordNotFound("no such person")
        if loser["merged_into"] is not None:
            raise MergeRefused("it is merged already; undo that first")
        if winner["merged_into"] is not None or winner["deleted_at"] is not None:
            raise MergeRefused("the person to merge into does not stand")
        at = utc_now()
        self._curation.set_merged(KIND, merged_id, into_id, at)
        self._curation.note_merge(
            {
                "kind": KIND,
                "merged_id": merged_id,
                "into_id": into_id,
                "reason": reason,
                "actor": actor,
                "merged_at": at,
            }
        )
        self.refresh([into_id], at)
        self._rewriter.tell(KIND, loser, "merge", {"merged_into": [None, str(into_id)]}, at)
        self._rewriter.tell(KIND, winner, "merge", {"merged": [None, str(merged_id)]}, at)

    def unmerge(self, merged_id: UUID, actor: str, reason: str) -> None:
        """Make a merged person stand alone again; what its sources said meanwhile is its own.

        Raises: RecordNotFound; MergeRefused when it is not merged.
        """
        row = self._curation.lock(KIND, merged_id)
        if row is None:
            raise RecordNotFound("no such person")
        if row["merged_into"] is None:
            raise MergeRefused("it is not merged with anybody")
        at = utc_now()
        head: UUID = row["merged_into"]
        self._curation.undo_merge(merged_id, at, actor, reason)
        self._curation.set_merged(KIND, merged_id, None, at)
        self.refresh([head, merged_id], at)
        winner = self._curation.lock(KIND, head)
        self._rewriter.tell(KIND, row, "revive", {"merged_into": [str(head), None]}, at)
        if winner is not None:
            self._rewriter.tell(KIND, winner, "update", {"merged": [str(merged_id), None]}, at)

    def refresh(self, heads: Sequence[UUID], at: datetime | None = None) -> None:
        """Let each of these be found by the names and identifiers of all that are merged into it."""
        for head in heads:
            identifiers: set[str] = set()
            names: set[str] = set()
            for member in self._curation.family(KIND, head):
                columns = project(KIND, member["facts"])
                identifiers.update(columns["identifiers"])
                names.update(columns["name_keys"])
            values: dict[str, Any] = {"identifiers": sorted(identifiers), "name_keys": sorted(names)}
            self._curation.set_columns(KIND, head, values | ({"updated_at": at} if at else {}))

    def refresh_around(self, ids: Sequence[UUID]) -> None:
        """Refresh those that have to do with merges among people who were just loaded."""
        if ids:
            self.refresh(self._curation.heads(KIND, ids))

    def candidates(self, record_id: UUID) -> list[MergeCandidate]:
        """Return who may be the same person, the likeliest first.

        Raises: RecordNotFound.
        """
        row = self._curation.lock(KIND, record_id)
        if row is None:
            raise RecordNotFound("no such person")
        others = self._curation.namesakes(row, _MAX_CANDIDATES)
        seats: dict[str, list[Mapping[str, Any]]] = {}
        for seat in self._curation.seats([row["key"], *(other["key"] for other in others)]):
            seats.setdefault(seat["person_key"], []).append(seat)
        scored = [_score(row, other, seats) for other in others]
        return sorted((c for c in scored if c.score > 0), key=lambda c: -c.score)

    def merges(self, limit: int, offset: int) -> list[Mapping[str, Any]]:
        """Return merges, newest first."""
        return self._curation.merges(limit, offset)


def _score(
    row: Mapping[str, Any], other: Mapping[str, Any], seats: Mapping[str, Sequence[Mapping[str, Any]]]
) -> MergeCandidate:
    reasons: list[str] = []
    score = 0.0
    shared = sorted(set(row["identifiers"]) & set(other["identifiers"]))
    if shared:
        score, reasons = 0.9, [f"the same identifier {shared[0]}"]
    if set(row["name_keys"]) & set(other["name_keys"]):
        score = max(score, 0.5) + 0.05
        reasons.append("the same name")
    elif fold(row["family_name"]) == fold(other["family_name"]) and _initial(row) == _initial(other):
        score = max(score, 0.3)
        reasons.append("the same family name and initial")
    mine, theirs = seats.get(row["key"], ()), seats.get(other["key"], ())
    for field, weight in (("area", 0.2), ("party", 0.1), ("province", 0.05)):
        common = {s[field] for s in mine if s[field]} & {s[field] for s in theirs if s[field]}
        if common and reasons:
            score += weight
            reasons.append(f"the same {field}: {sorted(common)[0]}")
    born = (row["facts"]["birth_date"], other["facts"]["birth_date"])
    if all(born):
        is_same = born[0] == born[1]
        score += 0.3 if is_same else -0.6
        reasons.append("the same date of birth" if is_same else "different dates of birth")
    return MergeCandidate(other, round(min(max(score, 0.0), 1.0), 2), tuple(reasons))


def _initial(row: Mapping[str, Any]) -> str:
    return fold(row["given_name"])[:1]
