"""Writing many civic rows at once: what is there, what is new, what has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Ballot, Revision, table_of
from hubs.data_hub.database.repository.copying import (
    Row,
    copy_lines,
    copy_rows,
    escape,
    name_of,
    raw_cursor,
    text_array,
)

VoteBallots = tuple[UUID, str, Sequence[Mapping[str, Any]], frozenset[int]]
"""Vote id, date, ballots, positions of the dissents."""

_LOCK_SPACE = 0x6F70D
_LOAD_LOCK_TIMEOUT = "55s"
_LOAD_STATEMENT_TIMEOUT = "55s"
_ALLOW_TIME = sql.SQL("SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {};").format(
    sql.Literal(_LOAD_LOCK_TIMEOUT), sql.Literal(_LOAD_STATEMENT_TIMEOUT)
)
_NEWEST = sql.SQL("SELECT coalesce(max(seq), 0) FROM data.change")


@dataclass(frozen=True, slots=True)
class Existing:
    """A row that a batch names again."""

    id: UUID
    content_hash: bytes
    is_deleted: bool
    jurisdiction: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A row's present state, as a change needs it."""

    id: UUID
    slug: str
    facts: dict[str, Any]
    updated_at: datetime
    is_deleted: bool
    ballots_hash: bytes | None


class LoadingRepository:
    """Set-based writes of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._cursor = raw_cursor(session)

    def allow_time(self) -> int:
        """Let statements of this transaction, and waits for others, take as long as a load may.

        Return the position of the newest change to the record.
        """
        return self._last_number(_ALLOW_TIME + _NEWEST)

    def begin(self, kind: str) -> int:
        """Let no other load of this kind go on until the transaction ends; take the time of a load for it.

        Return the position of the newest change to the record since.
        """
        lock = sql.SQL("SELECT pg_advisory_xact_lock({}, hashtext({}));")
        wait = lock.format(sql.Literal(_LOCK_SPACE), sql.Literal(kind))
        return self._last_number(_ALLOW_TIME + wait + _NEWEST)

    def _last_number(self, statements: sql.Composed) -> int:
        # In one message: of a batch that says nothing new, each costs a twentieth.
        self._cursor.execute(statements)
        while self._cursor.nextset():
            pass
        row = self._cursor.fetchone()
        assert row is not None
        return int(row[0])

    def existing(self, kind: str, keys: Sequence[str]) -> dict[str, Existing]:
        """Return the rows that hold these keys."""
        self._cursor.execute(
            sql.SQL(
                "SELECT key, id, content_hash, deleted_at IS NOT NULL, jurisdiction FROM {}"
                " WHERE key = ANY(%s::text[])"
            ).format(name_of(table_of(kind))),
            (text_array(keys),),
        )
        return {row[0]: Existing(row[1], bytes(row[2]), row[3], row[4]) for row in self._cursor}

    def stored(self, kind: str, keys: Sequence[str]) -> dict[str, Stored]:
        """Return the present state of rows that may have changed."""
        ballots = sql.SQL("ballots_hash" if kind == "vote_event" else "NULL")
        self._cursor.execute(
            sql.SQL(
                "SELECT key, id, slug, facts, updated_at, deleted_at IS NOT NULL, {} FROM {}"
                " WHERE key = ANY(%s::text[])"
            ).format(ballots, name_of(table_of(kind))),
            (text_array(keys),),
        )
        return {
            row[0]: Stored(row[1], row[2], row[3], row[4], row[5], None if row[6] is None else bytes(row[6]))
            for row in self._cursor
        }

    def slugs_taken(self, kind: str, slugs: Collection[str]) -> set[str]:
        """Return those of the slugs that a row or an old link holds."""
        self._cursor.execute(
            sql.SQL(
                "SELECT slug FROM {} WHERE slug = ANY(%s::text[])"
                " UNION SELECT name FROM data.permalink WHERE kind = %s AND name = ANY(%s::text[])"
            ).format(name_of(table_of(kind))),
            (told := text_array(slugs), kind, told),
        )
        return {row[0] for row in self._cursor}

    def corrections(self, kind: str, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the fields that humans have set, per key."""
        self._cursor.execute(
            "SELECT record_key, field, value FROM data.correction"
            " WHERE kind = %s AND record_key = ANY(%s::text[]) AND withdrawn_at IS NULL",
            (kind, text_array(keys)),
        )
        locked: dict[str, dict[str, Any]] = {}
        for key, name, value in self._cursor:
            locked.setdefault(key, {})[name] = value
        return locked

    def note_source_values(self, kind: str, values: Iterable[tuple[str, str, Any]]) -> None:
        """Keep what the sources say where a human has said otherwise: (key, field, value)."""
        from psycopg.types.json import Jsonb

        rows = [(Jsonb(value), kind, key, name) for key, name, value in values]
        if rows:
            self._cursor.executemany(
                "UPDATE data.correction SET source_value = %s"
                " WHERE kind = %s AND record_key = %s AND field = %s AND withdrawn_at IS NULL",
                rows,
            )

    def insert(self, kind: str, rows: Sequence[Row]) -> None:
        """Write new rows; their keys and slugs are known to be free."""
        if rows:
            table = table_of(kind)
            copy_rows(self._cursor, table, [column.name for column in table.columns], rows)

    def update(self, kind: str, rows: Sequence[Row]) -> None:
        """Rewrite rows by id in one statement."""
        if not rows:
            return
        table = table_of(kind)
        columns = [c.name for c in table.columns if c.name not in ("created_at", "key", "merged_into")]
        target, staging = name_of(table_of(kind)), f"staging_{kind}"
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        self._cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS SELECT {names} FROM {target} WITH NO DATA"
            ).format(staging=sql.Identifier(staging), names=names, target=target)
        )
        copy_rows(self._cursor, table, columns, rows, into=staging)
        sets = sql.SQL(", ").join(
            sql.SQL("{0} = s.{0}").format(sql.Identifier(name)) for name in columns if name != "id"
        )
        self._cursor.execute(
            sql.SQL("UPDATE {target} t SET {sets} FROM {staging} s WHERE t.id = s.id").format(
                target=target, sets=sets, staging=sql.Identifier(staging)
            )
        )
        self._cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(staging)))

    def touch_hashes(self, kind: str, hashes: Mapping[UUID, bytes]) -> None:
        """Remember another wording of the same facts, so that the next run recognises it at once."""
        if hashes:
            self._cursor.execute(
                sql.SQL(
                    "UPDATE {} t SET content_hash = h.hash"
                    " FROM unnest(%s::uuid[], %s::bytea[]) AS h(id, hash) WHERE t.id = h.id"
                ).format(name_of(table_of(kind))),
                (list(hashes), list(hashes.values())),
            )

    def insert_ballots(self, votes: Iterable[VoteBallots]) -> None:
        """Write the ballots of votes that have none: (vote id, date, ballots, positions of dissents)."""
        columns = (
            "vote_id", "position", "date", "person_key", "name", "option", "party", "constituency",
            "identifiers", "is_dissent",
        )  # fmt: skip
        copy_lines(self._cursor, sql.Identifier("data", "ballot"), columns, _ballot_lines(votes))

    def delete_ballots(self, vote_ids: Sequence[UUID]) -> None:
        """Remove the ballots of votes."""
        if vote_ids:
            self._cursor.execute("DELETE FROM data.ballot WHERE vote_id = ANY(%s)", (list(vote_ids),))

    def ballots(self, vote_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """Return the ballots of votes, in order."""
        table = Ballot.__table__
        found: dict[UUID, list[dict[str, Any]]] = {}
        for row in self._session.execute(
            select(table).where(table.c.vote_id.in_(vote_ids)).order_by(table.c.vote_id, table.c.position)
        ).mappings():
            found.setdefault(row["vote_id"], []).append(
                {name: row[name] for name in ("person_key", "name", "option", "party", "constituency")}
            )
        return found

    def insert_permalinks(self, kind: str, slugs: Mapping[str, UUID]) -> None:
        """Let slugs lead to records, where no other record has them."""
        if slugs:
            self._cursor.execute(
                sql.SQL(
                    "INSERT INTO data.permalink (kind, name, record_id, reason, created_at)"
                    " SELECT %s, n.name, n.id, 'renamed', now()"
                    " FROM unnest(%s::text[], %s::uuid[]) AS n(name, id)"
                    " WHERE NOT EXISTS (SELECT 1 FROM {} t WHERE t.slug = n.name) ON CONFLICT DO NOTHING"
                ).format(name_of(table_of(kind))),
                (kind, list(slugs), list(slugs.values())),
            )

    def insert_revisions(self, rows: Sequence[Row]) -> None:
        """Keep states that are being left."""
        if rows:
            columns = [c.name for c in Revision.__table__.columns if c.name != "id"]
            copy_rows(self._cursor, Revision.__table__, columns, rows)  # type: ignore[arg-type]


def _ballot_lines(votes: Iterable[VoteBallots]) -> Iterable[str]:
    """Yield the lines of one vote after another."""
    # Equal ballots are one and the same dictionary (see BallotReader): each is written out once.
    tails: dict[int, str] = {}
    places: dict[str, list[str]] = {}

    def write(ballot: Mapping[str, Any]) -> str:
        tail = tails[id(ballot)] = _tail(ballot)
        return tail

    for vote_id, day, ballots, dissents in votes:
        of_day = places.setdefault(day, [])
        of_day += [f"{position}\t{day}\t" for position in range(len(of_day), len(ballots))]
        ends = [tails.get(id(ballot)) or write(ballot) for ballot in ballots]
        for position in dissents:
            ends[position] = f"{ends[position][:-2]}t\n"
        head = f"{vote_id}\t"
        yield "".join([f"{head}{place}{end}" for place, end in zip(of_day, ends, strict=False)])


def _tail(ballot: Mapping[str, Any]) -> str:
    """Return what the line of a ballot ends in, as one that is no dissent."""
    key, identifiers = ballot["person_key"] or "\\N", "\\N"
    if ballot["identifiers"]:
        identifiers = escape(text_array([f"{i['scheme']}:{i['value']}" for i in ballot["identifiers"]]))
    return (
        f"{key}\t{escape(ballot['name'])}\t{escape(ballot['option'])}\t"
        f"{escape(ballot['party'])}\t{escape(ballot['constituency'])}\t{identifiers}\tf\n"
    )
