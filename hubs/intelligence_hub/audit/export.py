"""Exports of the whole log, and their verification by a reader that has nothing but the export.

Line 1: ``{"verifier_key", "checkpoint", "checkpoints"}`` (the newest, and all that were given out before);
then one entry a line, in order: ``{"leaf": <document>, "values": {field: {"salt": hex, "value": ...}}}``.

``openpolicy audit verify FILE [--key KEY]`` verifies one.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from hubs.intelligence_hub.audit.absences import Absences
from hubs.intelligence_hub.audit.leaves import canonical, commitment, leaf_document
from hubs.intelligence_hub.audit.merkle import Edge, leaf_hash
from hubs.intelligence_hub.audit.note import Checkpoint, open_note
from hubs.intelligence_hub.audit.schemas import Verification


def export_lines(repository: Any, checkpoint: str, verifier_key: str) -> Iterator[bytes]:
    """Yield the export of the tree that a checkpoint signs."""
    size = open_note(checkpoint, verifier_key).size
    earlier = [row.note for row in repository.checkpoints() if row.size < size]
    head = {"verifier_key": verifier_key, "checkpoint": checkpoint, "checkpoints": earlier}
    yield canonical(head) + b"\n"
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
    kept = repository.values([row.seq for row in batch])
    for row in batch:
        values = {
            field: {"salt": part.salt.hex(), "value": part.value} for field, part in kept[row.seq].items()
        }
        leaf = json.loads(leaf_document(row.seq, row))
        yield canonical({"leaf": leaf, "values": values}) + b"\n"


class _Broken(Exception):
    def __init__(self, seq: int | None, problem: str) -> None:
        super().__init__(problem)
        self.seq, self.problem = seq, problem


def verify_lines(lines: Iterable[str], trusted_key: str = "") -> Verification:
    """Recompute the tree of an export and compare it with every checkpoint in it.

    Without a trusted key the export's own is believed: it shows that the file is whole, not whose it is.
    """
    edge = Edge()
    try:
        checkpoints = _verified(iter(lines), trusted_key, edge)
    except _Broken as found:
        return Verification(
            is_intact=False,
            entries=edge.size,
            checkpoints=0,
            root=edge.root().hex(),
            first_bad_seq=found.seq,
            problem=found.problem,
        )
    return Verification(is_intact=True, entries=edge.size, checkpoints=checkpoints, root=edge.root().hex())


def _verified(reader: Iterator[str], trusted_key: str, edge: Edge) -> int:
    newest, signed = _head(reader, trusted_key)
    absences = Absences()
    checked = int(_is_checked(edge, signed))
    for line in reader:
        leaf = _entry(line, edge.size, absences)
        edge.append(leaf_hash(canonical(leaf)))
        checked += _is_checked(edge, signed)
    if edge.size != newest.size:
        raise _Broken(min(edge.size, newest.size), f"{edge.size} entries, {newest.size} were signed")
    if unexplained := absences.first_unexplained():
        seq, field = unexplained
        raise _Broken(seq, f"{field} of entry {seq} is gone without a redaction")
    return checked


def _head(reader: Iterator[str], trusted_key: str) -> tuple[Checkpoint, dict[int, Checkpoint]]:
    try:
        head = json.loads(next(reader))
        key = trusted_key or head["verifier_key"]
        newest = open_note(head["checkpoint"], key)
        signed = [open_note(note, key) for note in head.get("checkpoints", [])]
    except (StopIteration, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _Broken(None, f"the export does not begin with a signed checkpoint: {error}") from error
    return newest, {each.size: each for each in (*signed, newest)}


def _is_checked(edge: Edge, signed: dict[int, Checkpoint]) -> bool:
    checkpoint = signed.get(edge.size)
    if checkpoint is None:
        return False
    if checkpoint.root != edge.root():
        last = max(0, edge.size - 1)
        raise _Broken(last, f"the entries up to {last} are not those that were signed")
    return True


def _entry(line: str, expected: int, absences: Absences) -> Any:
    try:
        entry = json.loads(line)
        leaf, values = entry["leaf"], entry["values"]
        for field, part in values.items():
            salt = bytes.fromhex(part["salt"])
            if leaf["commitments"].get(field) != commitment(field, salt, part["value"]):
                raise _Broken(expected, f"{field} of entry {expected} was changed")
        if leaf["seq"] != expected:
            raise _Broken(expected, f"entry {expected} is missing or out of order")
        absences.note(leaf, values, values.get("metadata", {}).get("value"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _Broken(expected, f"line of entry {expected} cannot be read: {error}") from error
    return leaf


def main(arguments: list[str]) -> int:
    """Verify an export file; 0 when it is intact, 1 when it is not, 2 when it cannot be read."""
    if not arguments:
        print("which export? (FILE [VERIFIER_KEY])", file=sys.stderr)
        return 2
    path, *rest = arguments
    try:
        with _opened(Path(path)) as lines:
            found = verify_lines(lines, rest[0] if rest else "")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        print(f"{path} cannot be read: {error}", file=sys.stderr)
        return 2
    if found.is_intact:
        print(f"intact: {found.entries} entries, {found.checkpoints} checkpoints, root {found.root}")
        if not rest:
            print("verified with the export's own key: compare it with one that you trust")
        return 0
    where = "" if found.first_bad_seq is None else f" at entry {found.first_bad_seq}"
    print(f"BROKEN{where}: {found.problem}", file=sys.stderr)
    return 1


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
