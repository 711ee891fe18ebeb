"""The audit log: append in order, find, prove, redact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from hubs.intelligence_hub.audit.absences import EXPIRED, REDACTED, redacted_type
from hubs.intelligence_hub.audit.errors import EntryNotFound, NoSuchTree
from hubs.intelligence_hub.audit.leaves import SENSITIVE, instant, leaf_document, new_salts
from hubs.intelligence_hub.audit.lines import Written, write_entry
from hubs.intelligence_hub.audit.merkle import (
    Edge,
    SubtreeHash,
    consistency_proof,
    empty_root,
    inclusion_proof,
    range_root,
    recorded_levels,
)
from hubs.intelligence_hub.audit.models import AuditEntry
from hubs.intelligence_hub.audit.note import Checkpoint, NoteSigner, stamp
from hubs.intelligence_hub.audit.repository import AuditRepository
from hubs.intelligence_hub.audit.schemas import (
    Appended,
    ConsistencyProof,
    EntryCreate,
    EntryRead,
    InclusionProof,
    RedactionCreate,
    Search,
)
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import Invalid


class AuditService:
    """Appends, reads and proves; the caller's transaction decides what stays."""

    def __init__(
        self,
        repository: AuditRepository,
        signer: NoteSigner,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._signer = signer
        self._now = now

    def append(self, entries: Sequence[EntryCreate]) -> list[Appended]:
        """Append entries in order; one whose id is there already keeps its place.

        Raises: UnicodeEncodeError for half of a surrogate pair; the transaction is lost then.
        """
        edge = self._repository.lock_edge()
        places = {
            id_: Appended(seq=seq, id=id_, leaf_hash=value.hex())
            for id_, (seq, value) in self._repository.known([entry.id for entry in entries]).items()
        }
        if len(places) < len(entries):
            self._repository.append(self._grown(edge, entries, places))
            self._repository.save_edge(edge)
        return [places[entry.id] for entry in entries]

    def _grown(
        self, edge: Edge, entries: Sequence[EntryCreate], places: dict[UUID, Appended]
    ) -> Iterator[tuple[Written, list[SubtreeHash]]]:
        """Yield what each new entry adds to the tables, growing the edge and noting its place."""
        now, salts = instant(self._now()), new_salts(len(entries) * len(SENSITIVE))
        for entry in entries:
            if entry.id in places:
                continue
            seq = edge.size
            written = write_entry(seq, entry, now, salts)
            places[entry.id] = Appended(seq=seq, id=entry.id, leaf_hash=written.leaf_hash.hex())
            yield written, list(recorded_levels(edge.append(written.leaf_hash)))

    def get(self, seq: int) -> EntryRead:
        """Return one entry.

        Raises: EntryNotFound.
        """
        return self.rendered([self._entry(seq)])[0]

    def search(self, search: Search) -> Select[AuditEntry]:
        """Return the query of entries that fit, newest first."""
        return self._repository.search(search)

    def rendered(self, rows: Sequence[AuditEntry]) -> list[EntryRead]:
        """Return entries with the sensitive values that are still there."""
        kept = self._repository.values([row.seq for row in rows])
        return [_read(row, {field: part.value for field, part in kept[row.seq].items()}) for row in rows]

    def redact(self, seq: int, redaction: RedactionCreate, actor: str) -> Appended:
        """Delete sensitive values of an entry; the redaction is an entry itself, the proofs stay.

        Raises: EntryNotFound, Invalid for a field that is not redactable.
        """
        entry = self._entry(seq)
        unknown = sorted(set(redaction.fields) - set(entry.commitments))
        if unknown:
            raise Invalid(
                f"entry {seq} has no redactable field {unknown[0]!r}", known=sorted(entry.commitments)
            )
        appended = self.append(
            [
                EntryCreate(
                    producer="intelligence_hub",
                    actor=actor,
                    action=REDACTED,
                    target=str(seq),
                    target_type=redacted_type(redaction.fields),
                    reason=redaction.reason,
                    metadata={"fields": sorted(redaction.fields)},
                )
            ]
        )[0]
        self._repository.delete_values(seq, redaction.fields)
        return appended

    def expire(self, before: datetime) -> int:
        """Delete the sensitive values of all entries recorded before a moment; return how many values went.

        One entry says up to where; the proofs and every checkpoint stay.
        """
        last = self._repository.last_before(before)
        if last is None or not self._repository.has_values(last):
            return 0
        self.append(
            [
                EntryCreate(
                    producer="intelligence_hub",
                    actor="intelligence_hub",
                    actor_type="service",
                    action=EXPIRED,
                    target=str(last),
                    target_type="audit_entry",
                    reason="end of the retention period",
                )
            ]
        )
        return self._repository.delete_values_to(last)

    def checkpoint(self) -> str:
        """Return a signed checkpoint of the log as it stands, and keep it."""
        edge = self._repository.edge()
        kept = self._repository.find_checkpoint(edge.size)
        if kept is not None:
            return kept.note
        edge, previous = self._repository.lock_edge(), self._repository.newest_checkpoint()
        kept = self._repository.find_checkpoint(edge.size)
        if kept is not None:
            return kept.note
        now = self._now()
        signed = Checkpoint(self._signer.name, edge.size, edge.root(), stamp(now, previous))
        note = self._signer.sign(signed)
        self._repository.save_checkpoint(edge.size, edge.root(), note, now)
        return note

    def verifier_key(self) -> str:
        """Return the key with which anybody verifies checkpoints."""
        return self._signer.verifier_key()

    def prove_inclusion(self, seq: int, size: int | None) -> InclusionProof:
        """Tie an entry to the tree of ``size`` (now, when not given).

        Raises: EntryNotFound, NoSuchTree.
        """
        entry, size = self._entry(seq), self._size(size)
        if seq >= size:
            raise NoSuchTree(f"a tree of {size} entries does not hold entry {seq}")
        path = inclusion_proof(seq, size, self._repository.node)
        return InclusionProof(
            seq=seq,
            size=size,
            leaf_hash=entry.leaf_hash.hex(),
            path=[value.hex() for value in path],
            root=self._root(size).hex(),
        )

    def prove_consistency(self, first: int, second: int | None) -> ConsistencyProof:
        """Tie an older tree to a newer one.

        Raises: NoSuchTree.
        """
        second = self._size(second)
        try:
            path = consistency_proof(first, second, self._repository.node)
        except ValueError as error:
            raise NoSuchTree(str(error)) from error
        return ConsistencyProof(
            first=first,
            second=second,
            path=[value.hex() for value in path],
            first_root=self._root(first).hex(),
            second_root=self._root(second).hex(),
        )

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return ``width`` hashes of a tile, concatenated.

        Raises: NoSuchTree when the log has not grown so far.
        """
        start = index * 256
        hashes = self._repository.tile_hashes(level, start, start + width)
        if len(hashes) != width:
            raise NoSuchTree(f"tile {level}/{index} does not have {width} hashes")
        return b"".join(hashes)

    def entry_bundle(self, index: int, width: int) -> bytes:
        """Return ``width`` leaf documents, each after its length as two bytes, big-endian.

        Raises: NoSuchTree when the log has not grown so far.
        """
        start = index * 256
        rows = self._repository.entries(start, start + width)
        if len(rows) != width:
            raise NoSuchTree(f"bundle {index} does not have {width} entries")
        documents = [leaf_document(row.seq, row) for row in rows]
        return b"".join(len(document).to_bytes(2, "big") + document for document in documents)

    def _entry(self, seq: int) -> AuditEntry:
        row = self._repository.find(seq)
        if row is None:
            raise EntryNotFound(f"no audit entry {seq}")
        return row

    def _size(self, size: int | None) -> int:
        current = self._repository.edge().size
        if size is None:
            return current
        if not 0 < size <= current:
            raise NoSuchTree(f"the log has {current} entries")
        return size

    def _root(self, size: int) -> bytes:
        return range_root(0, size, self._repository.node) if size else empty_root()


def _read(row: AuditEntry, values: dict[str, Any]) -> EntryRead:
    defaults: dict[str, Any] = {"actor": "", "before": None, "after": None, "reason": "", "metadata": {}}
    redacted = sorted(set(row.commitments) - set(values))
    shown = {**defaults, **dict.fromkeys(redacted), **values}
    return EntryRead(
        seq=row.seq,
        id=row.id,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        producer=row.producer,
        actor_type=row.actor_type,
        action=row.action,
        target=row.target,
        target_type=row.target_type,
        request_id=row.request_id,
        trace_id=row.trace_id,
        clock_source=row.clock_source,
        commitments=row.commitments,
        leaf_hash=row.leaf_hash.hex(),
        redacted=redacted,
        **shown,
    )


def build(session: Session, resources: Resources) -> AuditService:
    """Return the service over a session."""
    return AuditService(AuditRepository(session), resources.get(NoteSigner))
