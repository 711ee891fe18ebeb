"""Every query of the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, Select, Table, Text, Uuid, any_, bindparam, delete, func, insert, select, update
from sqlalchemy import cast as cast_sql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.audit.lines import ENTRY_COLUMNS, VALUES_COLUMNS, Written
from hubs.intelligence_hub.audit.merkle import TILE_LEVELS, Edge, SubtreeHash, node_hash
from hubs.intelligence_hub.audit.models import (
    AuditCheckpoint,
    AuditEntry,
    AuditHash,
    AuditTree,
    AuditValues,
)
from hubs.intelligence_hub.audit.schemas import Search
from shared.db.copying import open_copy

_TREE = 1
_BATCH = 2_000
_LINES_AT_ONCE = 100
_ENTRIES, _VALUES, _HASHES = (cast(Table, model.__table__) for model in (AuditEntry, AuditValues, AuditHash))
_TREES = cast(Table, AuditTree.__table__)
# Made once, and of tables: whoever appends waits for these, and making each anew costs more than running it.
_EDGE = select(_TREES.c.size, _TREES.c.edge).where(_TREES.c.id == _TREE)
_LOCK_EDGE = _EDGE.with_for_update()
_FIRST_EDGE = upsert(_TREES).values(id=_TREE, size=0, edge=b"").on_conflict_do_nothing()
_SAVE_EDGE = update(_TREES).where(_TREES.c.id == _TREE).values(size=bindparam("size"), edge=bindparam("edge"))
_KNOWN = select(_ENTRIES.c.id, _ENTRIES.c.seq, _ENTRIES.c.leaf_hash).where(
    _ENTRIES.c.id == any_(cast_sql(bindparam("ids", type_=Text), ARRAY(Uuid)))
)


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
        connection = self._session.connection()
        row = connection.execute(_LOCK_EDGE).one_or_none()
        if row is None:
            connection.execute(_FIRST_EDGE)
            row = connection.execute(_LOCK_EDGE).one()
        return Edge.unpack(row.size, row.edge)

    def edge(self) -> Edge:
        """Return the tree's edge as of now."""
        row = self._session.connection().execute(_EDGE).one_or_none()
        return Edge.unpack(row.size, row.edge) if row else Edge()

    def save_edge(self, edge: Edge) -> None:
        """Note how far the log has grown."""
        self._session.connection().execute(_SAVE_EDGE, {"size": edge.size, "edge": edge.pack()})

    def known(self, ids: Sequence[UUID]) -> dict[UUID, tuple[int, bytes]]:
        """Return the number and leaf hash of the entries that exist already among these ids."""
        # One text, which costs a fraction of an array of values.
        listed = f"{{{','.join([id_.hex for id_ in ids])}}}"
        return {
            row.id: (row.seq, row.leaf_hash)
            for row in self._session.connection().execute(_KNOWN, {"ids": listed})
        }

    def append(self, grown: Iterable[tuple[Written, list[SubtreeHash]]]) -> None:
        """Write new rows; the database takes the first while the next are being made."""
        values: list[bytes] = []
        hashes: list[bytes] = []
        with open_copy(self._session, _ENTRIES, ENTRY_COLUMNS) as copy:
            lines: list[bytes] = []
            for written, subtrees in grown:
                lines.append(written.entry)
                values.append(written.values)
                for level, index, value in subtrees:
                    hashes.append(b"%d\t%d\t\\\\x%b\n" % (level, index, value.hex().encode()))
                if len(lines) == _LINES_AT_ONCE:
                    copy.write(b"".join(lines))
                    lines.clear()
            copy.write(b"".join(lines))
        with open_copy(self._session, _VALUES, VALUES_COLUMNS) as copy:
            copy.write(b"".join(values))
        if hashes:
            with open_copy(self._session, _HASHES, ("level", "index", "hash")) as copy:
                copy.write(b"".join(hashes))

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
    if not isinstance(part, dict):
        return None
    if "text" not in part:
        return part.get("value")
    try:
        return json.loads(part["text"])
    except (TypeError, ValueError, RecursionError):
        # Not as we write it: shown as it is, and it fits no commitment.
        return part["text"]
