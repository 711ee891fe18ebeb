"""What a run changed, and what was there before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import table_of
from hubs.data_hub.database.repository.copying import name_of, raw_cursor


@dataclass(frozen=True, slots=True)
class Touched:
    """A record that a run changed: how first and when, and whether somebody changed it since."""

    record_id: UUID
    key: str
    change: str
    changed_at: datetime
    is_changed_since: bool


@dataclass(frozen=True, slots=True)
class Before:
    """A state that was left: facts, ballots where they differed, and the documents it was read in."""

    facts: dict[str, Any]
    ballots: list[Any] | None
    was_deleted: bool
    documents: list[int]


class RevertingRepository:
    """Reads of one transaction, and the withdrawal of a source's sightings."""

    def __init__(self, session: Session) -> None:
        self._cursor = raw_cursor(session)

    def kinds(self, run_ids: Sequence[UUID], source_id: str) -> list[str]:
        """Return the kinds of records that runs changed."""
        self._cursor.execute(
            "SELECT DISTINCT kind FROM data.change WHERE run_id = ANY(%s) AND source_id = %s",
            (list(run_ids), source_id),
        )
        return [row[0] for row in self._cursor]

    def touched(self, run_ids: Sequence[UUID], source_id: str, kind: str) -> list[Touched]:
        """Return the records of a kind that runs changed, each with its first change by any of them."""
        self._cursor.execute(
            "SELECT DISTINCT ON (c.record_id) c.record_id, c.key, c.change, c.changed_at, EXISTS ("
            "  SELECT 1 FROM data.change later WHERE later.record_id = c.record_id AND later.seq > c.seq"
            "   AND (later.run_id IS NULL OR later.run_id <> ALL(%s)))"
            " FROM data.change c WHERE c.run_id = ANY(%s) AND c.source_id = %s AND c.kind = %s"
            " ORDER BY c.record_id, c.seq",
            (list(run_ids), list(run_ids), source_id, kind),
        )
        return [Touched(*row) for row in self._cursor]

    def before(self, kind: str, record_id: UUID, changed_at: datetime) -> Before | None:
        """Return the state that a change left, None when there was none."""
        self._cursor.execute(
            "SELECT facts, ballots, was_deleted, documents FROM data.revision"
            " WHERE kind = %s AND record_id = %s AND recorded_to >= %s ORDER BY recorded_to, id LIMIT 1",
            (kind, record_id, changed_at),
        )
        row = self._cursor.fetchone()
        return Before(row[0], row[1], row[2], row[3]) if row else None

    def sources(self, documents: Sequence[int]) -> list[dict[str, Any]]:
        """Return documents as the sources of a record."""
        self._cursor.execute(
            "SELECT url, retrieved_at, sha256, parser, licence FROM data.source_document WHERE id = ANY(%s)"
            " ORDER BY id",
            (list(documents),),
        )
        return [
            {
                "url": row[0],
                "retrieved_at": row[1].isoformat(),
                "sha256": row[2],
                "parser": row[3],
                "licence": row[4],
            }
            for row in self._cursor
        ]

    def ballots(self, record_id: UUID) -> list[dict[str, Any]]:
        """Return the ballots that stand for a vote."""
        self._cursor.execute(
            "SELECT person_key, name, option, party, constituency FROM data.ballot WHERE vote_id = %s"
            " ORDER BY position",
            (record_id,),
        )
        names = ("person_key", "name", "option", "party", "constituency")
        return [dict(zip(names, row, strict=True)) for row in self._cursor]

    def withdraw(self, source_id: str, kind: str, record_ids: Sequence[UUID], at: datetime) -> list[UUID]:
        """Mark this source's sightings of records as gone; return those that nobody names now."""
        self._cursor.execute(
            "UPDATE data.sighting SET gone_at = %s WHERE source_id = %s AND kind = %s AND record_id = ANY(%s)"
            " AND gone_at IS NULL",
            (at, source_id, kind, list(record_ids)),
        )
        self._cursor.execute(
            sql.SQL(
                "SELECT t.id FROM {} t WHERE t.id = ANY(%s) AND t.deleted_at IS NULL AND NOT EXISTS"
                " (SELECT 1 FROM data.sighting s WHERE s.record_id = t.id AND s.gone_at IS NULL)"
            ).format(name_of(table_of(kind))),
            (list(record_ids),),
        )
        return [row[0] for row in self._cursor]
