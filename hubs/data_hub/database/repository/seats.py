"""Who sits where: posts and memberships of districts, and the people who hold them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import table_of
from hubs.data_hub.database.repository.reading import one_of
from hubs.data_hub.database.repository.statements import SHOWN

Row = Mapping[str, Any]


class SeatsRepository:
    """Queries on seats."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def posts(
        self, division_ids: Collection[str], organizations: Collection[str], names: Collection[str]
    ) -> list[Row]:
        """Return standing posts of divisions, or of bodies in districts of these folded names."""
        table = table_of("post")
        clauses: list[ColumnElement[bool]] = [one_of(table.c.division_id, division_ids)]
        if organizations:
            by_name = one_of(table.c.organization_key, organizations) & table.c.division_folded.in_(
                list(names)
            )
            clauses.append(by_name)
        statement = select(
            *(table.c[name] for name in SHOWN),
            table.c.organization_key,
            table.c.division_id,
            table.c.division_folded,
            table.c.is_vacant,
        ).where(or_(*clauses), table.c.deleted_at.is_(None))
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def memberships(
        self, post_keys: Collection[str], organizations: Collection[str], names: Collection[str], on: date
    ) -> list[Row]:
        """Return standing memberships in force on a day, in these posts or in these bodies' districts."""
        table = table_of("membership")
        clauses: list[ColumnElement[bool]] = [one_of(table.c.post_key, post_keys)]
        if organizations:
            clauses.append(
                one_of(table.c.organization_key, organizations) & one_of(table.c.area_folded, names)
            )
        statement = (
            select(
                *(table.c[name] for name in SHOWN),
                table.c.person_key,
                table.c.post_key,
                table.c.organization_key,
                table.c.area_folded,
            )
            .where(or_(*clauses), table.c.deleted_at.is_(None))
            .where(or_(table.c.start_date.is_(None), table.c.start_date <= on))
            .where(or_(table.c.end_date.is_(None), table.c.end_date >= on))
            .order_by(table.c.sort_date.desc())
        )
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def people(self, keys: Sequence[str]) -> dict[str, Row]:
        """Return the person behind each key; a merged key leads to the person it was merged into."""
        table = table_of("person")
        columns = [table.c[name] for name in SHOWN]
        found: dict[str, Row] = {
            row["key"]: dict(row)
            for row in self._session.execute(select(*columns).where(one_of(table.c.key, keys))).mappings()
        }
        heads = {row["merged_into"] for row in found.values() if row["merged_into"]}
        if heads:
            by_id: dict[Any, Row] = {
                row["id"]: dict(row)
                for row in self._session.execute(select(*columns).where(table.c.id.in_(heads))).mappings()
            }
            found = {key: by_id.get(row["merged_into"], row) for key, row in found.items()}
        return found
