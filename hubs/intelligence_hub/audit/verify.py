"""Recompute the whole log and name the first entry that is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hubs.intelligence_hub.audit.leaves import commitment, leaf_document
from hubs.intelligence_hub.audit.merkle import Edge, leaf_hash, recorded_levels
from hubs.intelligence_hub.audit.note import open_note
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import Verification

_REDACTED = "audit.redacted"


class _Broken(Exception):
    def __init__(self, seq: int | None, problem: str) -> None:
        super().__init__(problem)
        self.seq, self.problem = seq, problem


def verify_log(repository: AuditRepository, verifier_key: str) -> Verification:
    """Check every stored row: entries, values, tile hashes, the edge and each checkpoint."""
    edge = Edge()
    checkpoints = {row.size: row for row in repository.checkpoints()}
    stored = repository.all_tile_hashes()
    try:
        _check_checkpoint(edge, checkpoints, verifier_key)
        for row, values in _with_values(repository):
            _check_entry(edge.size, row, values)
            for level, index, value in recorded_levels(edge.append(row.leaf_hash)):
                if stored.pop((level, index), None) != value:
                    raise _Broken(row.seq, f"tile hash {level}/{index} is not that of its entries")
            _check_checkpoint(edge, checkpoints, verifier_key)
        _check_end(edge, repository.edge(), stored, checkpoints)
        _check_redactions(repository)
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
        is_intact=True,
        entries=edge.size,
        checkpoints=len(repository.checkpoints()),
        root=edge.root().hex(),
    )


def _with_values(repository: AuditRepository) -> Iterator[tuple[Any, dict[str, Any]]]:
    batch: list[Any] = []
    for row in repository.all_entries():
        batch.append(row)
        if len(batch) == 500:
            yield from _joined(repository, batch)
            batch = []
    yield from _joined(repository, batch)


def _joined(repository: AuditRepository, batch: list[Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    details = repository.details([row.seq for row in batch])
    for row in batch:
        yield row, details[row.seq]


def _check_entry(expected: int, row: Any, values: dict[str, Any]) -> None:
    if row.seq != expected:
        raise _Broken(expected, f"entry {expected} is missing")
    if leaf_hash(leaf_document(expected, row)) != row.leaf_hash:
        raise _Broken(expected, f"entry {expected} was changed after it was written")
    for field, detail in values.items():
        if row.commitments.get(field) != commitment(field, detail.salt, detail.value):
            raise _Broken(expected, f"{field} of entry {expected} was changed after it was written")
        if field == "actor" and detail.text_value != detail.value:
            raise _Broken(expected, f"the indexed actor of entry {expected} was changed")


def _check_checkpoint(edge: Edge, checkpoints: dict[int, Any], verifier_key: str) -> None:
    row = checkpoints.get(edge.size)
    if row is None:
        return
    last = edge.size - 1 if edge.size else None
    try:
        signed = open_note(row.note, verifier_key)
    except ValueError as error:
        raise _Broken(last, f"checkpoint {edge.size}: {error}") from error
    if (signed.size, signed.root, row.root) != (edge.size, edge.root(), edge.root()):
        raise _Broken(last, f"the entries up to {last} are not those of the checkpoint of {edge.size}")


def _check_end(
    edge: Edge, stored_edge: Edge, leftover: dict[Any, bytes], checkpoints: dict[int, Any]
) -> None:
    if stored_edge.size > edge.size:
        raise _Broken(edge.size, f"entry {edge.size} is missing at the end")
    if stored_edge.size < edge.size:
        raise _Broken(stored_edge.size, f"entry {stored_edge.size} was added beside the log")
    if stored_edge.pack() != edge.pack():
        raise _Broken(None, "the edge of the tree is not that of the entries")
    if leftover:
        raise _Broken(None, "there are tile hashes that belong to no entries")
    beyond = [size for size in checkpoints if size > edge.size]
    if beyond:
        raise _Broken(edge.size, f"entry {edge.size} is missing: a checkpoint of {min(beyond)} was given out")


def _check_redactions(repository: AuditRepository) -> None:
    allowed: dict[int, set[str]] = {}
    for row, values in _with_values(repository):
        if row.action == _REDACTED and row.target.isdigit() and "metadata" in values:
            fields = values["metadata"].value.get("fields", [])
            allowed.setdefault(int(row.target), set()).update(fields)
    for row, values in _with_values(repository):
        gone = set(row.commitments) - set(values)
        if row.action != _REDACTED and gone - allowed.get(row.seq, set()):
            field = sorted(gone - allowed.get(row.seq, set()))[0]
            raise _Broken(row.seq, f"{field} of entry {row.seq} is gone without a redaction")
