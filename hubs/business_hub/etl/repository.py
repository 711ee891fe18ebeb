"""Every query of the importer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.business_hub.etl.models import ImportRun, ImportStep, RunLedger, StagedRecord

TO_LOAD, AS_BEFORE, LEFT_OUT, UNNOTED = 0, 1, 2, 3

_INCOMING = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming (run_id uuid, kind text, key text, batch int, body bytea,"
    " hash bytea, is_partial bool, state smallint) ON COMMIT DELETE ROWS"
)
_COPY = "COPY {} (run_id, kind, key, batch, body, hash, is_partial, state) FROM STDIN (FORMAT BINARY)"
_TYPES = ("uuid", "text", "text", "int4", "bytea", "bytea", "bool", "int2")
# Sorted, so that two importers that stage the same records cannot deadlock.
_TAKE = """
    INSERT INTO business.staged_record AS s (run_id, kind, key, batch, body, hash, is_partial, state)
    SELECT DISTINCT ON (run_id, kind, key) run_id, kind, key, batch, body, hash, is_partial, state
    FROM incoming ORDER BY run_id, kind, key, is_partial, batch DESC
    ON CONFLICT (run_id, kind, key) DO UPDATE SET batch = excluded.batch, body = excluded.body,
        hash = excluded.hash, is_partial = excluded.is_partial, state = excluded.state
    WHERE s.batch <= excluded.batch AND s.body IS DISTINCT FROM excluded.body
      AND (s.is_partial OR NOT excluded.is_partial OR s.body IS NULL)
"""
_SETTLE = text(
    """
    UPDATE business.staged_record AS s
    SET body = coalesce(n.body, s.body), hash = n.hash, state = n.state
    FROM unnest(
        cast(:keys AS text[]), cast(:bodies AS bytea[]), cast(:hashes AS bytea[]), cast(:states AS int[])
    ) AS n (key, body, hash, state)
    WHERE s.run_id = :run_id AND s.kind = :kind AND s.key = n.key
    """
)


_CHUNK: LiteralString = """
    SELECT key, NULL::bytea, hash, is_partial, state, body IS NOT NULL FROM business.staged_record
    WHERE run_id = %(run_id)s AND kind = %(kind)s AND key > %(after)s
      AND (%(state)s::smallint IS NULL OR state = %(state)s::smallint)
    ORDER BY key LIMIT %(limit)s
"""
_CHUNK_WITH_BODIES: LiteralString = _CHUNK.replace("NULL::bytea", "body", 1)
# The length of a body stands beside it: only those that are taken are fetched and unpacked. A range of keys,
# not a join, of which the planner may think what it likes.
_BATCH: LiteralString = """
    SELECT key, body FROM business.staged_record
    WHERE run_id = %(run_id)s AND kind = %(kind)s AND state = 0 AND body IS NOT NULL
      AND key > %(after)s AND key <= (
        SELECT max(key) FROM (
            SELECT key, octet_length(body) AS size, sum(octet_length(body)) OVER (ORDER BY key) AS total
            FROM business.staged_record
            WHERE run_id = %(run_id)s AND kind = %(kind)s AND key > %(after)s
              AND state = 0 AND body IS NOT NULL
            ORDER BY key LIMIT %(records)s
        ) AS next
        WHERE total <= %(size)s OR total = size
    )
    ORDER BY key
"""
_BODIES: LiteralString = """
    SELECT key, body FROM business.staged_record
    WHERE run_id = %(run_id)s AND kind = %(kind)s AND key = ANY(%(keys)s) AND body IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class StageRow:
    """A record to be staged; without a body only its hash is known."""

    run_id: UUID
    kind: str
    key: str
    batch: int
    body: bytes | None
    hash: bytes | None = None
    is_partial: bool = False
    state: int = TO_LOAD

    def as_tuple(self) -> tuple[UUID, str, str, int, bytes | None, bytes | None, bool, int]:
        """Return the values in the order of the columns."""
        return (
            self.run_id,
            self.kind,
            self.key,
            self.batch,
            self.body,
            self.hash,
            self.is_partial,
            self.state,
        )


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged record as the pipeline reads it."""

    key: str
    body: bytes | None
    hash: bytes | None
    is_partial: bool
    state: int
    has_body: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What the pipeline found out about a staged record; without a body the staged one stays."""

    key: str
    hash: bytes | None
    state: int
    body: bytes | None = None


class RunRepository:
    """Runs and their staged records, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def ensure(self, run_ids: Iterable[tuple[UUID, UUID, str]], now: datetime) -> None:
        """Insert runs (run id, job id, source) that are not known yet."""
        rows = [
            {
                "run_id": run_id,
                "job_id": job_id,
                "source_id": source_id,
                "state": "staging",
                "created_at": now,
                "updated_at": now,
            }
            for run_id, job_id, source_id in sorted(run_ids)
        ]
        self.session.execute(insert(ImportRun).values(rows).on_conflict_do_nothing())

    def find(self, run_id: UUID) -> ImportRun | None:
        """Return a run or None."""
        return self.session.get(ImportRun, run_id)

    def lock(self, run_id: UUID) -> ImportRun | None:
        """Return a run or None, its row locked until the transaction ends."""
        statement = select(ImportRun).where(ImportRun.run_id == run_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def lock_many(self, run_ids: Iterable[UUID]) -> dict[UUID, ImportRun]:
        """Return runs by id, their rows locked in a fixed order."""
        statement = (
            select(ImportRun)
            .where(ImportRun.run_id.in_(list(run_ids)))
            .order_by(ImportRun.run_id)
            .with_for_update()
        )
        return {run.run_id: run for run in self.session.scalars(statement)}

    def listing(self, *, state: str | None = None, source_id: str | None = None) -> Select[Any]:
        """Return the query of runs, newest first."""
        statement = select(ImportRun)
        if state is not None:
            statement = statement.where(ImportRun.state == state)
        if source_id is not None:
            statement = statement.where(ImportRun.source_id == source_id)
        return statement.order_by(ImportRun.created_at.desc(), ImportRun.run_id.desc())

    def workable(self) -> Sequence[UUID]:
        """Return the runs that the pipeline may work on, oldest first."""
        statement = select(ImportRun.run_id).where(ImportRun.state == "ready")
        return self.session.scalars(statement.order_by(ImportRun.created_at, ImportRun.run_id)).all()

    def incomplete_since(self, before: datetime) -> Sequence[UUID]:
        """Return runs whose crawl ended before a moment and whose records have not all come."""
        statement = select(ImportRun.run_id).where(
            ImportRun.state == "staging", ImportRun.announced_at < before
        )
        return self.session.scalars(statement).all()

    def stage(self, rows: Iterable[StageRow], *, are_new: bool = False) -> None:
        """Write records; of one key the newest batch wins, and a whole record over a partial one.

        ``are_new`` promises that no key of them is staged yet or comes twice.
        """
        listed = list(rows)
        if not listed:
            return
        with _raw(self.session).cursor() as cursor:
            if are_new:
                _copy_rows(cursor, "business.staged_record", listed)
                return
            cursor.execute(_INCOMING)
            _copy_rows(cursor, "incoming", listed)
            cursor.execute(_TAKE)
            cursor.execute("TRUNCATE incoming")

    def staged_counts(self, run_id: UUID) -> dict[str, int]:
        """Return how many records of each kind are staged."""
        statement = (
            select(StagedRecord.kind, func.count().label("records"))
            .where(StagedRecord.run_id == run_id)
            .group_by(StagedRecord.kind)
        )
        return {row.kind: row.records for row in self.session.execute(statement)}

    def staged_with_prefix(self, run_id: UUID, kind: str, prefix: str) -> int:
        """Return how many records of a kind have keys that start with a prefix."""
        statement = select(func.count()).where(
            StagedRecord.run_id == run_id,
            StagedRecord.kind == kind,
            func.starts_with(StagedRecord.key, prefix),
        )
        return self.session.scalar(statement) or 0

    def chunk(
        self,
        run_id: UUID,
        kind: str,
        after: str,
        limit: int,
        *,
        state: int | None = None,
        has_bodies: bool = True,
    ) -> Sequence[Staged]:
        """Return the next records of a kind in the order of their keys, of one state or of any."""
        query = _CHUNK_WITH_BODIES if has_bodies else _CHUNK
        values = {"run_id": run_id, "kind": kind, "after": after, "state": state, "limit": limit}
        # Bodies travel as they are: as text each would be written in hexadecimal and read back.
        with _raw(self.session).cursor(binary=True) as cursor:
            return [Staged(*row) for row in cursor.execute(query, values)]

    def batch(
        self, run_id: UUID, kind: str, after: str, records: int, size_bytes: int
    ) -> Sequence[tuple[str, bytes]]:
        """Return key and body of the next records to load, in the order of their keys.

        As many as fit into number and size: one at least, while there is one.
        """
        values = {"run_id": run_id, "kind": kind, "after": after, "records": records, "size": size_bytes}
        with _raw(self.session).cursor(binary=True) as cursor:
            return [(row[0], row[1]) for row in cursor.execute(_BATCH, values)]

    def bodies(self, run_id: UUID, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        """Return the bodies that are staged under keys."""
        # One parameter, not one for each key: a statement with hundreds of them takes longer to take apart.
        values = {"run_id": run_id, "kind": kind, "keys": list(keys)}
        with _raw(self.session).cursor(binary=True) as cursor:
            return dict(cursor.execute(_BODIES, values).fetchall())

    def keys(self, run_id: UUID, kind: str, prefix: str = "") -> set[str]:
        """Return the keys of a kind that are staged under a prefix."""
        statement = select(StagedRecord.key).where(
            StagedRecord.run_id == run_id,
            StagedRecord.kind == kind,
            func.starts_with(StagedRecord.key, prefix),
        )
        return set(self.session.scalars(statement))

    def sample(self, run_id: UUID, kind: str, limit: int) -> dict[str, bytes]:
        """Return bodies of a kind by key, spread over the keys by chance, the same each time."""
        statement = (
            select(StagedRecord.key, StagedRecord.body)
            .where(StagedRecord.run_id == run_id, StagedRecord.kind == kind, StagedRecord.body.is_not(None))
            .order_by(func.md5(StagedRecord.key))
            .limit(limit)
        )
        return {key: body for key, body in self.session.execute(statement) if body is not None}

    def settle(self, run_id: UUID, kind: str, found: Sequence[Settled]) -> None:
        """Note what was found out about staged records."""
        if found:
            self.session.execute(
                _SETTLE,
                {
                    "run_id": run_id,
                    "kind": kind,
                    "keys": [one.key for one in found],
                    "bodies": [one.body for one in found],
                    "hashes": [one.hash for one in found],
                    "states": [one.state for one in found],
                },
            )

    def marks(self, run_id: UUID) -> Sequence[tuple[str, str, bytes | None, bool, int]]:
        """Return kind, key, hash, partial and state of everything that is staged."""
        statement = select(
            StagedRecord.kind,
            StagedRecord.key,
            StagedRecord.hash,
            StagedRecord.is_partial,
            StagedRecord.state,
        ).where(StagedRecord.run_id == run_id)
        return [(row[0], row[1], row[2], row[3], row[4]) for row in self.session.execute(statement)]

    def purge(self, run_id: UUID) -> None:
        """Delete what a run has staged."""
        self.session.execute(delete(StagedRecord).where(StagedRecord.run_id == run_id))

    def find_ledger(self, source_id: str) -> RunLedger | None:
        """Return what the last loaded upload of a data set held, or None."""
        return self.session.get(RunLedger, source_id)

    def save_ledger(self, ledger: Mapping[str, Any]) -> None:
        """Keep what an upload held, in place of the one before."""
        statement = insert(RunLedger).values(ledger)
        columns = ("manifest", "run_id", "saved_at", "records")
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["source_id"], set_={name: statement.excluded[name] for name in columns}
            )
        )

    def forget_ledger(self, source_id: str) -> None:
        """Forget what the last upload of a data set held."""
        self.session.execute(delete(RunLedger).where(RunLedger.source_id == source_id))

    def add_step(self, step: ImportStep) -> None:
        """Note that a step began; the second time it begins anew."""
        statement = insert(ImportStep).values(
            run_id=step.run_id,
            position=step.position,
            name=step.name,
            started_at=step.started_at,
            counts={},
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["run_id", "position"],
                set_={"started_at": statement.excluded.started_at, "finished_at": None, "counts": {}},
            )
        )

    def end_step(self, run_id: UUID, position: int, now: datetime, counts: dict[str, Any]) -> None:
        """Note that a step ended and what it counted."""
        self.session.execute(
            update(ImportStep)
            .where(ImportStep.run_id == run_id, ImportStep.position == position)
            .values(finished_at=now, counts=counts)
        )

    def steps(self, run_id: UUID) -> Sequence[ImportStep]:
        """Return the steps of a run in order."""
        statement = (
            select(ImportStep)
            .where(ImportStep.run_id == run_id)
            .order_by(ImportStep.started_at, ImportStep.position)
        )
        return self.session.scalars(statement).all()


def _copy_rows(cursor: psycopg.Cursor[tuple[Any, ...]], table: str, rows: Sequence[StageRow]) -> None:
    with cursor.copy(_COPY.format(table)) as copy:
        copy.set_types(_TYPES)
        for row in rows:
            copy.write_row(row.as_tuple())


def _raw(session: Session) -> psycopg.Connection[tuple[Any, ...]]:
    """Return the driver's connection inside the session's transaction."""
    driver = session.connection().connection.driver_connection
    return cast("psycopg.Connection[tuple[Any, ...]]", driver)
