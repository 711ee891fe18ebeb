"""Writing how the record came to be: documents, sightings, changes, tombstones, idempotency keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Change, Sighting, table_of
from hubs.data_hub.database.repository.copying import (
    Row,
    array_literal,
    copy_rows,
    name_of,
    raw_cursor,
    text_array,
)
from shared.http.json import dumps

CHANGE_CHANNEL = "data:changes"
_CHANGE_LOCK = 0x6F70DC
_KEEP_KEYS = timedelta(days=7)


def fingerprint(source: Mapping[str, Any]) -> bytes:
    """Return what makes a document one and the same: address, bytes, parser, licence."""
    said = "\x00".join((source["url"], source["sha256"], source["parser"], source.get("licence") or ""))
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


class LedgerRepository:
    """The ledger's side of a load, in the same transaction."""

    def __init__(self, session: Session) -> None:
        self._cursor = raw_cursor(session)

    def upsert_documents(
        self, sources: Mapping[bytes, Mapping[str, Any]], run_id: UUID, source_id: str
    ) -> dict[bytes, int]:
        """Store documents by fingerprint and return their numbers; a known one is renewed."""
        if not sources:
            return {}
        marks = sorted(sources)
        # One parameter: a list for each column would be written out value by value.
        told = dumps(
            [
                {**sources[mark], "f": mark.hex(), "licence": sources[mark].get("licence") or ""}
                for mark in marks
            ]
        )
        self._cursor.execute(
            "INSERT INTO data.source_document AS d (fingerprint, url, sha256, parser, licence, retrieved_at,"
            " run_id, source_id)"
            " SELECT decode(f, 'hex'), url, sha256, parser, licence, retrieved_at, %s, %s"
            " FROM json_to_recordset(%s) AS n"
            "  (f text, url text, sha256 text, parser text, licence text, retrieved_at timestamptz)"
            " ON CONFLICT (fingerprint) DO UPDATE SET run_id = EXCLUDED.run_id,"
            "  retrieved_at = greatest(d.retrieved_at, EXCLUDED.retrieved_at)"
            " RETURNING fingerprint, id",
            (run_id, source_id, told.decode()),
        )
        return {bytes(mark): number for mark, number in self._cursor}

    def insert_sightings(self, rows: Sequence[Row]) -> None:
        """Note records that are seen for the first time by anyone."""
        if rows:
            columns = [c.name for c in Sighting.__table__.columns]
            copy_rows(self._cursor, Sighting.__table__, columns, rows)  # type: ignore[arg-type]

    def renew_sightings(self, rows: Sequence[Row]) -> None:
        """Note that a run has seen known records (again)."""
        if not rows:
            return
        first = rows[0]
        self._cursor.execute(
            "INSERT INTO data.sighting AS s (source_id, kind, key, record_id, run_id, seen_at, documents)"
            " SELECT %s, %s, k, i, %s, %s, d::bigint[]"
            " FROM unnest(%s::text[], %s::uuid[], %s::text[]) AS n(k, i, d)"
            " ON CONFLICT (source_id, kind, key) DO UPDATE SET run_id = EXCLUDED.run_id, gone_at = NULL,"
            "  seen_at = greatest(s.seen_at, EXCLUDED.seen_at), documents = EXCLUDED.documents",
            (
                first["source_id"],
                first["kind"],
                first["run_id"],
                first["seen_at"],
                text_array([row["key"] for row in rows]),
                array_literal([row["record_id"] for row in rows]),
                text_array([array_literal(row["documents"]) for row in rows]),
            ),
        )

    def documents_of(self, record_ids: Sequence[UUID]) -> dict[UUID, list[int]]:
        """Return the documents in which records were last seen, all sources together."""
        self._cursor.execute(
            "SELECT record_id, documents FROM data.sighting WHERE record_id = ANY(%s)", (list(record_ids),)
        )
        found: dict[UUID, list[int]] = {}
        for record_id, documents in self._cursor:
            found.setdefault(record_id, []).extend(documents)
        return found

    def jurisdictions(self, kind: str, keys: Sequence[str]) -> list[str]:
        """Return the jurisdictions of the rows under keys."""
        self._cursor.execute(
            sql.SQL("SELECT DISTINCT jurisdiction FROM {} WHERE key = ANY(%s::text[])").format(
                name_of(table_of(kind))
            ),
            (text_array(keys),),
        )
        return [row[0] for row in self._cursor]

    def renew_freshness(
        self, kind: str, source_id: str, run_id: UUID, seen_at: datetime, jurisdictions: Iterable[str]
    ) -> None:
        """Note that a source has named records of a kind in these jurisdictions."""
        # Sorted, so that two loads cannot deadlock.
        self._cursor.executemany(
            "INSERT INTO data.freshness AS f (kind, jurisdiction, source_id, seen_at, run_id)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (kind, jurisdiction, source_id) DO UPDATE"
            " SET seen_at = greatest(f.seen_at, EXCLUDED.seen_at), run_id = EXCLUDED.run_id",
            [(kind, name, source_id, seen_at, run_id) for name in sorted(set(jurisdictions))],
        )

    def gone(self, source_id: str, kind: str, prefix: str, run_id: UUID, at: datetime) -> list[UUID]:
        """Mark sightings under a prefix that the run did not renew; return records nobody names now."""
        self._cursor.execute(
            "UPDATE data.sighting SET gone_at = %s WHERE source_id = %s AND kind = %s AND key LIKE %s"
            " AND run_id <> %s AND gone_at IS NULL RETURNING record_id",
            (at, source_id, kind, _like(prefix), run_id),
        )
        ids = [row[0] for row in self._cursor]
        if not ids:
            return []
        self._cursor.execute(
            "SELECT i FROM unnest(%s::uuid[]) AS i WHERE NOT EXISTS"
            " (SELECT 1 FROM data.sighting s WHERE s.record_id = i AND s.gone_at IS NULL)",
            (ids,),
        )
        return [row[0] for row in self._cursor]

    def tombstone(self, kind: str, record_ids: Sequence[UUID], at: datetime) -> list[dict[str, Any]]:
        """Take standing rows out of the record; return what their change entries and revisions need."""
        table = table_of(kind)
        name = name_of(table)
        self._cursor.execute(
            sql.SQL(
                "WITH old AS (SELECT id, updated_at FROM {0}"
                "  WHERE id = ANY(%s) AND deleted_at IS NULL FOR UPDATE)"
                " UPDATE {0} t SET deleted_at = %s, updated_at = %s FROM old WHERE t.id = old.id"
                " RETURNING t.id, t.key, t.jurisdiction, t.title_en, t.title_fr, t.facts, old.updated_at"
            ).format(name),
            (list(record_ids), at, at),
        )
        names = ("record_id", "key", "jurisdiction", "title_en", "title_fr", "facts", "recorded_from")
        return [dict(zip(names, row, strict=True)) for row in self._cursor]

    def insert_changes(self, rows: Sequence[Row]) -> None:
        """Append to the change feed.

        The lock is held until the transaction ends: numbers become visible in their order, and no
        reader meets a gap that is filled later.
        """
        if not rows:
            return
        self._cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_CHANGE_LOCK,))
        columns = [c.name for c in Change.__table__.columns if c.name != "seq"]
        copy_rows(self._cursor, Change.__table__, columns, rows)  # type: ignore[arg-type]
        self._cursor.execute("SELECT pg_notify(%s, '')", (CHANGE_CHANNEL,))

    def count_by_prefix(self, source_id: str) -> list[tuple[str, str, int]]:
        """Return kind, key prefix (up to the last slash) and number of standing rows that a source named."""
        self._cursor.execute(
            "SELECT kind, regexp_replace(key, '[^/]+$', ''), count(*) FROM data.sighting"
            " WHERE source_id = %s AND gone_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2",
            (source_id,),
        )
        return [(row[0], row[1], row[2]) for row in self._cursor]

    def keys_of(self, source_id: str, kind: str, prefix: str, after: str, limit: int) -> list[str]:
        """Return keys under a prefix that this source names and no other does, in their order."""
        self._cursor.execute(
            "SELECT s.key FROM data.sighting s WHERE s.source_id = %s AND s.kind = %s AND s.key > %s"
            " AND s.key LIKE %s AND s.gone_at IS NULL AND NOT EXISTS (SELECT 1 FROM data.sighting o"
            "  WHERE o.record_id = s.record_id AND o.source_id <> s.source_id AND o.gone_at IS NULL)"
            " ORDER BY s.key LIMIT %s",
            (source_id, kind, after, _like(prefix), limit),
        )
        return [row[0] for row in self._cursor]

    def claim_key(self, key: str, caller: str, request_hash: bytes, at: datetime) -> tuple[bytes, Any] | None:
        """Claim an idempotency key; None when it is ours now, else the hash and answer it was used with.

        Waits for a transaction that holds the same key.
        """
        self._cursor.execute(
            "INSERT INTO data.idempotency_key (key, caller, request_hash, created_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING 1",
            (key, caller, request_hash, at),
        )
        if self._cursor.fetchone():
            return None
        self._cursor.execute(
            "SELECT request_hash, response FROM data.idempotency_key WHERE key = %s AND caller = %s",
            (key, caller),
        )
        row = self._cursor.fetchone()
        return (bytes(row[0]), row[1]) if row else None

    def answer_key(self, key: str, caller: str, response: Mapping[str, Any]) -> None:
        """Keep the answer of a claimed key."""
        self._cursor.execute(
            "UPDATE data.idempotency_key SET response = %s WHERE key = %s AND caller = %s",
            (Jsonb(response), key, caller),
        )

    def forget_old_keys(self, now: datetime) -> None:
        """Drop idempotency keys that nobody will retry any more."""
        self._cursor.execute("DELETE FROM data.idempotency_key WHERE created_at < %s", (now - _KEEP_KEYS,))


def _like(prefix: str) -> str:
    """Return the pattern of what begins with a prefix."""
    return prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
