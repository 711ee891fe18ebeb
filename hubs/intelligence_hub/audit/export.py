"""Exports of the whole log, and their verification by a reader that has nothing but the export.

Line 1: ``{"verifier_key", "checkpoint"}``; then one entry a line, in order: ``{"leaf": <leaf document>,
"values": {field: {"salt": hex, "value": ...}}}``.

``python -m hubs.intelligence_hub.audit.export FILE`` verifies one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hubs.intelligence_hub.audit.leaves import canonical, commitment, leaf_document
from hubs.intelligence_hub.audit.merkle import Edge, leaf_hash
from hubs.intelligence_hub.audit.note import open_note
from hubs.intelligence_hub.audit.schemas import Verification


def export_lines(repository: Any, checkpoint: str, verifier_key: str) -> Iterator[bytes]:
    """Yield the export of the tree that a checkpoint signs."""
    size = open_note(checkpoint, verifier_key).size
    yield canonical({"verifier_key": verifier_key, "checkpoint": checkpoint}) + b"\n"
    batch: list[Any] = []
    for row in repository.all_entries():
        if row.seq >= size:
            break
        batch.append(row)
        if len(batch) == 500:
            yield from _rendered(repository, batch)
            batch = []
    yield from _rendered(repository, batch)


def _rendered(repository: Any, batch: list[Any]) -> Iterator[bytes]:
    details = repository.details([row.seq for row in batch])
    for row in batch:
        values = {
            field: {"salt": detail.salt.hex(), "value": detail.value}
            for field, detail in details[row.seq].items()
        }
        leaf = json.loads(leaf_document(row.seq, row))
        yield canonical({"leaf": leaf, "values": values}) + b"\n"


def verify_lines(lines: Iterable[str], trusted_key: str = "") -> Verification:
    """Recompute the tree of an export and compare it with its signed checkpoint."""
    edge = Edge()
    reader = iter(lines)
    try:
        head = json.loads(next(reader))
        key = trusted_key or head["verifier_key"]
        signed = open_note(head["checkpoint"], key)
    except (StopIteration, ValueError, KeyError) as error:
        return _bad(edge, None, f"the export does not begin with a signed checkpoint: {error}")
    for line in reader:
        try:
            entry = json.loads(line)
            leaf, values = entry["leaf"], entry["values"]
            for field, part in values.items():
                salt = bytes.fromhex(part["salt"])
                if leaf["commitments"].get(field) != commitment(field, salt, part["value"]):
                    return _bad(edge, edge.size, f"{field} of entry {edge.size} was changed")
            if leaf["seq"] != edge.size:
                return _bad(edge, edge.size, f"entry {edge.size} is missing or out of order")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _bad(edge, edge.size, f"line of entry {edge.size} cannot be read: {error}")
        edge.append(leaf_hash(canonical(leaf)))
    if edge.size != signed.size:
        return _bad(edge, min(edge.size, signed.size), f"{edge.size} entries, {signed.size} were signed")
    if edge.root() != signed.root:
        return _bad(edge, None, "the entries are not those that were signed")
    return Verification(is_intact=True, entries=edge.size, checkpoints=1, root=edge.root().hex())


def _bad(edge: Edge, seq: int | None, problem: str) -> Verification:
    return Verification(
        is_intact=False,
        entries=edge.size,
        checkpoints=0,
        root=edge.root().hex(),
        first_bad_seq=seq,
        problem=problem,
    )


def main(arguments: list[str]) -> int:
    """Verify export files; 0 when each is intact."""
    if not arguments:
        print("which export? (FILE [VERIFIER_KEY])", file=sys.stderr)
        return 2
    path, *rest = arguments
    with Path(path).open(encoding="utf-8") as lines:
        found = verify_lines(lines, rest[0] if rest else "")
    if found.is_intact:
        print(f"intact: {found.entries} entries, root {found.root}")
        return 0
    print(f"BROKEN: {found.problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
