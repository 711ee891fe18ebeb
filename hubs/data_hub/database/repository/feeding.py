"""Reading rows for the search index: what changed, whole tables in order, and what surrounds a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Change, table_of
from hubs.data_hub.database.repository.reading import one_of

Row = Mapping[str, Any]
_SHOWN = ("id", "key", "slug", "jurisdiction", "title_en", "title_fr", "sort_date", "identifiers", "facts")


class FeedingRepository:
    """Queries that feed the index."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def position(self) -> int:
        """Return the position of the newest change."""
        table = Change.__table__
        return int(self._session.execute(select(func.coalesce(func.max(table.c.seq), 0))).scalar_one())

    def changes(self, after: int, limit: int) -> list[Row]:
        """Return kind, id and key of changes after a position."""
        table = Change.__table__
        rows = self._session.execute(
            select(table.c.seq, table.c.kind, table.c.record_id, table.c.key)
            .where(table.c.seq > after)
            .order_by(table.c.seq)
            .limit(limit)
        )
        return [dict(row) for row in rows.mappings()]

    def rows(self, kind: str, ids: Collection[UUID]) -> list[Row]:
        """Return those of the rows that stand."""
        table = table_of(kind)
        return self._read(
            table, select(*_columns(kind, table)).where(one_of(table.c.id, ids), *_stands(table))
        )

    def scan(self, kind: str, after: UUID | None, limit: int) -> list[Row]:
        """Return the next standing rows of a kind in the order of their ids."""
        table = table_of(kind)
        statement = select(*_columns(kind, table)).where(*_stands(table)).order_by(table.c.id).limit(limit)
        return self._read(table, statement if after is None else statement.where(table.c.id > after))

    def count(self, kind: str) -> int:
        """Return how many rows of a kind stand."""
        table = table_of(kind)
        return int(
            self._session.execute(select(func.count()).select_from(table).where(*_stands(table))).scalar_one()
        )

    def ids(self, kind: str, after: UUID | None, limit: int) -> list[UUID]:
        """Return the ids of standing rows in order."""
        table = table_of(kind)
        statement = select(table.c.id).where(*_stands(table)).order_by(table.c.id).limit(limit)
        if after is not None:
            statement = statement.where(table.c.id > after)
        return list(self._session.execute(statement).scalars())

    def by_keys(self, kind: str, keys: Collection[str], names: Sequence[str]) -> dict[str, Row]:
        """Return some columns of rows by their natural keys."""
        table = table_of(kind)
        columns = [table.c.key, *(table.c[name] for name in names)]
        rows = self._session.execute(select(*columns).where(one_of(table.c.key, keys))).mappings()
        return {row["key"]: dict(row) for row in rows}

    def seats(self, person_keys: Collection[str]) -> dict[str, list[Row]]:
        """Return the standing memberships of people, newest first."""
        table = table_of("membership")
        names = (
            "person_key",
            "organization_key",
            "party",
            "area",
            "province",
            "role_en",
            "start_date",
            "end_date",
        )
        found: dict[str, list[Row]] = {}
        for row in self._session.execute(
            select(*(table.c[name] for name in names))
            .where(one_of(table.c.person_key, person_keys), table.c.deleted_at.is_(None))
            .order_by(table.c.sort_date.desc())
        ).mappings():
            found.setdefault(row["person_key"], []).append(dict(row))
        return found

    def people_of_memberships(self, ids: Collection[UUID]) -> list[UUID]:
        """Return the ids of the people whose memberships these are."""
        membership, person = table_of("membership"), table_of("person")
        rows = self._session.execute(
            select(person.c.id)
            .join(membership, membership.c.person_key == person.c.key)
            .where(one_of(membership.c.id, ids))
            .distinct()
        )
        return list(rows.scalars())

    def _read(self, table: Table, statement: Any) -> list[Row]:
        return [dict(row) for row in self._session.execute(statement).mappings()]


def _columns(kind: str, table: Table) -> list[Any]:
    extra = ("bill_keys", "person_key") if kind == "speech" else ()
    return [table.c[name] for name in (*_SHOWN, *extra)]


def _stands(table: Table) -> list[Any]:
    return [table.c.deleted_at.is_(None), table.c.merged_into.is_(None)]
