"""What a source's records would be to the civic record, before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import table_of
from hubs.data_hub.database.repository.copying import name_of, raw_cursor, text_array


@dataclass(frozen=True, slots=True)
class Standing:
    """A row under a key: its hash, and who names it."""

    content_hash: bytes
    is_deleted: bool
    is_named_by_source: bool
    is_named_by_others: bool


class ComparingRepository:
    """Set-based reads of one transaction, and the note that records were seen."""

    def __init__(self, session: Session) -> None:
        self._cursor = raw_cursor(session)

    def standing(self, source_id: str, kind: str, keys: Sequence[str]) -> dict[str, Standing]:
        """Return the rows that hold these keys."""
        self._cursor.execute(
            sql.SQL(
                "SELECT t.key, t.content_hash, t.deleted_at IS NOT NULL,"
                " coalesce(bool_or(s.source_id = %s AND s.key = t.key), false),"
                " coalesce(bool_or(s.source_id <> %s), false)"
                " FROM {} t LEFT JOIN data.sighting s ON s.record_id = t.id AND s.gone_at IS NULL"
                " WHERE t.key = ANY(%s::text[]) GROUP BY t.id, t.key, t.content_hash, t.deleted_at"
            ).format(name_of(table_of(kind))),
            (source_id, source_id, text_array(keys)),
        )
        return {row[0]: Standing(bytes(row[1]), row[2], row[3], row[4]) for row in self._cursor}

    def renew(self, source_id: str, kind: str, keys: Sequence[str], run_id: UUID, seen_at: datetime) -> None:
        """Note that a run has seen records of its source that are as they were."""
        self._cursor.execute(
            "UPDATE data.sighting SET run_id = %s, seen_at = greatest(seen_at, %s)"
            " WHERE source_id = %s AND kind = %s AND key = ANY(%s::text[]) AND gone_at IS NULL",
            (run_id, seen_at, source_id, kind, text_array(keys)),
        )

    def facts(self, kind: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return what stands under these keys."""
        self._cursor.execute(
            sql.SQL("SELECT key, facts FROM {} WHERE key = ANY(%s::text[]) AND deleted_at IS NULL").format(
                name_of(table_of(kind))
            ),
            (text_array(keys),),
        )
        return {row[0]: row[1] for row in self._cursor}

    def ballots(self, keys: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """Return the ballots of votes by the votes' keys, in the order of each document."""
        self._cursor.execute(
            "SELECT v.key, b.person_key, b.name, b.option, b.party, b.constituency FROM data.ballot b"
            " JOIN data.vote_event v ON v.id = b.vote_id WHERE v.key = ANY(%s::text[])"
            " ORDER BY v.key, b.position",
            (text_array(keys),),
        )
        names = ("person_key", "name", "option", "party", "constituency")
        found: dict[str, list[dict[str, Any]]] = {}
        for key, *ballot in self._cursor:
            found.setdefault(key, []).append(dict(zip(names, ballot, strict=True)))
        return found
