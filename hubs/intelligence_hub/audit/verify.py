"""Recompute the whole log and name the first entry that is not as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hubs.intelligence_hub.audit.absences import Absences
from hubs.intelligence_hub.audit.leaves import commitment, leaf_document
from hubs.intelligence_hub.audit.merkle import TILE_LEVELS, Edge, leaf_hash, recorded_levels
from hubs.intelligence_hub.audit.note import open_note, stamp
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import Verification

_BATCH = 500


class _Broken(Exception):
    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(problem)
        self.seq, self.problem = max(0, seq), problem


def verify_log(repository: AuditRepository, verifier_key: str) -> Verification:
    """Check every stored row in one pass: entries, values, tile hashes, the edge and each checkpoint."""
    edge, absences = Edge(), Absences()
    checkpoints = {row.size: row for row in repository.checkpoints()}
    stored = repository.all_tile_hashes()
    previous = 0
    try:
        for row, values in _with_values(repository):
            previous = _check_checkpoint(edge, checkpoints, verifier_key, previous)
            leaf = _check_entry(edge.size, row, values)
            metadata = values["metadata"].value if "metadata" in values else None
            absences.note(json.loads(leaf), values, metadata)
            for level, index, value in recorded_levels(edge.append(row.leaf_hash)):
                if stored.pop((level, index), None) != value:
                    raise _Broken(row.seq, f"tile hash {level}/{index} is not that of its entries")
        previous = _check_checkpoint(edge, checkpoints, verifier_key, previous)
        _check_end(edge, repository, stored, checkpoints, previous)
        _check_values(absences, repository.orphan())
    except _Broken as found:
        return Verification(
            is_intact=False,
            entries=edge.size,
            checkpoints=0,
            root=edge.root().hex(),
            first_bad_seq=found.seq,
            problem=found.problem,
        )
    return Verification(
        is_intact=True, entries=edge.size, checkpoints=len(checkpoints), root=edge.root().hex()
    )


def _with_values(repository: AuditRepository) -> Iterator[tuple[Any, dict[str, Any]]]:
    batch: list[Any] = []
    for row in repository.all_entries():
        batch.append(row)
        if len(batch) == _BATCH:
            yield from _joined(repository, batch)
            batch = []
    yield from _joined(repository, batch)


def _joined(repository: AuditRepository, batch: list[Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    kept = repository.values([row.seq for row in batch])
    for row in batch:
        yield row, kept[row.seq]


def _check_entry(expected: int, row: Any, values: dict[str, Any]) -> bytes:
    if row.seq != expected:
        raise _Broken(expected, f"entry {expected} is missing")
    leaf = leaf_document(expected, row)
    if leaf_hash(leaf) != row.leaf_hash:
        raise _Broken(expected, f"entry {expected} was changed after it was written")
    for field, kept in values.items():
        if row.commitments.get(field) != commitment(field, kept.salt, kept.value):
            raise _Broken(expected, f"{field} of entry {expected} was changed after it was written")
    return leaf


def _check_checkpoint(edge: Edge, checkpoints: dict[int, Any], verifier_key: str, previous: int) -> int:
    """Check the checkpoint of the present size, if there is one; return the newest size seen."""
    row = checkpoints.get(edge.size)
    if row is None:
        return previous
    last = edge.size - 1
    try:
        signed = open_note(row.note, verifier_key)
    except ValueError as error:
        raise _Broken(last, f"checkpoint {edge.size}: {error}") from error
    if (signed.size, signed.root, row.root) != (edge.size, edge.root(), edge.root()):
        raise _Broken(last, f"the entries up to {last} are not those of the checkpoint of {edge.size}")
    if signed.extension and signed.extension != stamp(row.created_at, previous):
        what = "the moment of this checkpoint, or the one before it,"
        raise _Broken(last, f"checkpoint {edge.size}: {what} is not as it was signed")
    return edge.size


def _check_end(
    edge: Edge,
    repository: AuditRepository,
    leftover: dict[tuple[int, int], bytes],
    checkpoints: dict[int, Any],
    previous: int,
) -> None:
    stored_edge = repository.edge()
    if stored_edge.size > edge.size:
        raise _Broken(edge.size, f"entry {edge.size} is missing at the end")
    if stored_edge.size < edge.size:
        raise _Broken(stored_edge.size, f"entry {stored_edge.size} was added beside the log")
    beyond = [size for size in checkpoints if size > edge.size]
    if beyond:
        raise _Broken(edge.size, f"entry {edge.size} is missing: a checkpoint of {min(beyond)} was given out")
    if stored_edge.pack() != edge.pack():
        raise _Broken(edge.size - 1, "the edge of the tree is not that of the entries")
    if leftover:
        level, index = min(leftover, key=lambda key: (key[1] << key[0] * TILE_LEVELS, key[0]))
        seq = index << level * TILE_LEVELS
        raise _Broken(seq, f"tile hash {level}/{index} belongs to no entries")
    if repository.newest_checkpoint() != previous:
        raise _Broken(previous - 1, "the checkpoint that was given out last is not there")


def _check_values(absences: Absences, orphan: int | None) -> None:
    unexplained = absences.first_unexplained()
    if unexplained and (orphan is None or unexplained[0] < orphan):
        seq, field = unexplained
        raise _Broken(seq, f"{field} of entry {seq} is gone without a redaction")
    if orphan is not None:
        raise _Broken(orphan, f"values are kept for entry {orphan}, which does not exist")
