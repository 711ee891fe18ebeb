"""Every query of the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Select, Table, Text, delete, func, insert, select, update
from sqlalchemy import cast as cast_sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.audit.merkle import TILE_LEVELS, Edge, node_hash
from hubs.intelligence_hub.audit.models import (
    AuditCheckpoint,
    AuditEntry,
    AuditHash,
    AuditTree,
    AuditValues,
)
from hubs.intelligence_hub.audit.schemas import Search
from shared.db.copying import copy_rows

_TREE = 1
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A sensitive value that is still there."""

    salt: bytes
    value: Any


class AuditRepository:
    """Reads and appends; never changes what is written."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_edge(self) -> Edge:
        """Take the tree's edge for appending; others wait until this transaction ends."""
        locked = select(AuditTree.size, AuditTree.edge).where(AuditTree.id == _TREE).with_for_update()
        row = self._session.execute(locked).one_or_none()
        if row is None:
            first = upsert(AuditTree).values(id=_TREE, size=0, edge=b"").on_conflict_do_nothing()
            self._session.execute(first)
            row = self._session.execute(locked).one()
        return Edge.unpack(row.size, row.edge)

    def edge(self) -> Edge:
        """Return the tree's edge as of now."""
        row = self._session.execute(
            select(AuditTree.size, AuditTree.edge).where(AuditTree.id == _TREE)
        ).one_or_none()
        return Edge.unpack(row.size, row.edge) if row else Edge()

    def save_edge(self, edge: Edge) -> None:
        """Note how far the log has grown."""
        self._session.execute(
            update(AuditTree).where(AuditTree.id == _TREE).values(size=edge.size, edge=edge.pack())
        )

    def known(self, ids: Iterable[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """Return the number and leaf hash of the entries that exist already among these ids."""
        query = select(AuditEntry.id, AuditEntry.seq, AuditEntry.leaf_hash)
        # One array, so that the statement is the same for any number of them.
        rows = self._session.execute(query.where(AuditEntry.id == func.any(list(ids))))
        return {row.id: (row.seq, row.leaf_hash) for row in rows}

    def append(
        self,
        entries: list[dict[str, Any]],
        values: list[dict[str, Any]],
        hashes: list[dict[str, Any]],
    ) -> None:
        """Write new rows."""
        for model, rows in ((AuditEntry, entries), (AuditValues, values), (AuditHash, hashes)):
            copy_rows(self._session, cast(Table, model.__table__), rows)

    def find(self, seq: int) -> AuditEntry | None:
        """Return an entry."""
        return self._session.get(AuditEntry, seq)

    def values(self, seqs: Sequence[int]) -> dict[int, dict[str, Kept]]:
        """Return the sensitive values of some entries that are still there, by entry and field."""
        found: dict[int, dict[str, Kept]] = {seq: {} for seq in seqs}
        query = select(AuditValues.seq, AuditValues.actor, AuditValues.fields)
        # One array, so that the statement is the same for any number of them.
        for row in self._session.execute(query.where(AuditValues.seq == func.any(list(seqs)))):
            found[row.seq] = _kept(row.actor, row.fields)
        return found

    def delete_values(self, seq: int, fields: Sequence[str]) -> None:
        """Delete sensitive values of one entry."""
        changed: dict[str, Any] = {"fields": AuditValues.fields.op("-")(cast_sql(list(fields), ARRAY(Text)))}
        if "actor" in fields:
            changed["actor"] = None
        self._session.execute(update(AuditValues).where(AuditValues.seq == seq).values(changed))

    def last_before(self, before: datetime) -> int | None:
        """Return the last entry of those at the beginning that were all recorded before a moment."""
        younger = select(func.min(AuditEntry.seq)).where(AuditEntry.recorded_at >= before)
        first = self._session.scalar(younger)
        last = first - 1 if first is not None else self._session.scalar(select(func.max(AuditEntry.seq)))
        return last if last is not None and last >= 0 else None

    def has_values(self, last: int) -> bool:
        """Tell whether any entry up to one still has sensitive values."""
        found = select(AuditValues.seq).where(AuditValues.seq <= last, AuditValues.fields != {}).limit(1)
        return self._session.scalar(found) is not None

    def delete_values_to(self, last: int) -> int:
        """Delete the sensitive values of every entry up to one; return how many."""
        gone = delete(AuditValues).where(AuditValues.seq <= last).returning(AuditValues.fields)
        return sum(len(fields) for fields in self._session.scalars(gone))

    def orphan(self) -> int | None:
        """Return the first number under which values are kept without an entry."""
        lonely = ~select(AuditEntry.seq).where(AuditEntry.seq == AuditValues.seq).exists()
        return self._session.scalar(select(func.min(AuditValues.seq)).where(lonely))

    def entries(self, start: int, end: int) -> list[AuditEntry]:
        """Return entries ``start`` to ``end`` (exclusive) in order."""
        query = select(AuditEntry).where(AuditEntry.seq >= start, AuditEntry.seq < end)
        return list(self._session.scalars(query.order_by(AuditEntry.seq)))

    def search(self, search: Search) -> Select[AuditEntry]:
        """Return the query of entries that fit, newest first; ``action`` may end with ``*``."""
        query = select(AuditEntry)
        if search.actor:
            acted = select(AuditValues.seq).where(AuditValues.actor == search.actor)
            query = query.where(AuditEntry.seq.in_(acted))
        if search.action.endswith("*"):
            query = query.where(AuditEntry.action.startswith(search.action[:-1], autoescape=True))
        elif search.action:
            query = query.where(AuditEntry.action == search.action)
        exact = {
            AuditEntry.target: search.target,
            AuditEntry.target_type: search.target_type,
            AuditEntry.producer: search.producer,
            AuditEntry.request_id: search.request_id,
        }
        for column, value in exact.items():
            if value:
                query = query.where(column == value)
        if search.since:
            query = query.where(AuditEntry.occurred_at >= search.since)
        if search.until:
            query = query.where(AuditEntry.occurred_at < search.until)
        return query.order_by(AuditEntry.seq.desc())

    def leaf_hashes(self, start: int, end: int) -> list[bytes]:
        """Return the leaf hashes of entries ``start`` to ``end`` (exclusive)."""
        query = (
            select(AuditEntry.leaf_hash)
            .where(AuditEntry.seq >= start, AuditEntry.seq < end)
            .order_by(AuditEntry.seq)
        )
        return list(self._session.scalars(query))

    def tile_hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Return entries ``start`` to ``end`` (exclusive) of a tile level."""
        if level == 0:
            return self.leaf_hashes(start, end)
        query = (
            select(AuditHash.hash)
            .where(AuditHash.level == level, AuditHash.index >= start, AuditHash.index < end)
            .order_by(AuditHash.index)
        )
        return list(self._session.scalars(query))

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree, built from the nearest stored tile level."""
        tile_level, height = divmod(level, TILE_LEVELS)
        width = 1 << height
        hashes = self.tile_hashes(tile_level, index * width, (index + 1) * width)
        if len(hashes) != width:
            raise ValueError(f"subtree {level}/{index} is not complete")
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    def all_entries(self) -> Iterator[AuditEntry]:
        """Yield every entry in order, without holding them all."""
        after = -1
        while True:
            query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(_BATCH)
            rows = list(self._session.scalars(query))
            yield from rows
            if len(rows) < _BATCH:
                return
            after = rows[-1].seq
            self._session.expunge_all()

    def all_tile_hashes(self) -> dict[tuple[int, int], bytes]:
        """Return every stored hash above the leaves."""
        rows = self._session.execute(select(AuditHash.level, AuditHash.index, AuditHash.hash))
        return {(level, index): value for level, index, value in rows}

    def checkpoints(self) -> list[AuditCheckpoint]:
        """Return every checkpoint that was given out, smallest first."""
        return list(self._session.scalars(select(AuditCheckpoint).order_by(AuditCheckpoint.size)))

    def find_checkpoint(self, size: int) -> AuditCheckpoint | None:
        """Return the checkpoint of a size."""
        return self._session.get(AuditCheckpoint, size)

    def newest_checkpoint(self) -> int:
        """Return the size of the checkpoint that was given out last (0: none was)."""
        return self._session.scalar(select(AuditTree.checkpoint).where(AuditTree.id == _TREE)) or 0

    def save_checkpoint(self, size: int, root: bytes, note: str, now: datetime) -> None:
        """Keep a checkpoint that is about to be given out."""
        row = {"size": size, "root": root, "note": note, "created_at": now}
        self._session.execute(insert(AuditCheckpoint), [row])
        self._session.execute(update(AuditTree).where(AuditTree.id == _TREE).values(checkpoint=size))


def _kept(actor: str | None, fields: Mapping[str, Any]) -> dict[str, Kept]:
    """Return values by field; what is not as we write it gets a salt that fits no commitment."""
    found = {field: Kept(_salt(part), _value(part)) for field, part in fields.items()}
    if "actor" in found:
        found["actor"] = Kept(found["actor"].salt, actor)
    elif actor is not None:
        found["actor"] = Kept(b"", actor)
    return found


def _salt(part: Any) -> bytes:
    try:
        return bytes.fromhex(part["salt"])
    except (TypeError, ValueError, LookupError):
        return b""


def _value(part: Any) -> Any:
    return part.get("value") if isinstance(part, dict) else None
