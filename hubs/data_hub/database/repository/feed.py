"""Reading the change feed, the history of a record and what is held per jurisdiction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, func, literal, select, union_all
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import TABLES, Change, FreshnessRow, Revision

_NO_DATE = literal(date(1, 1, 1), Date())
Row = Mapping[str, Any]


class FeedRepository:
    """Queries on changes, revisions and coverage."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def changes(
        self, after: int, limit: int, kinds: list[str], jurisdictions: list[str], source_id: str = ""
    ) -> list[Row]:
        """Return changes after a position, in the order of their commits."""
        table = Change.__table__
        statement = select(table).where(table.c.seq > after)
        if kinds:
            statement = statement.where(table.c.kind.in_(kinds))
        if jurisdictions:
            statement = statement.where(table.c.jurisdiction.in_(jurisdictions))
        if source_id:
            statement = statement.where(table.c.source_id == source_id)
        rows = self._session.execute(statement.order_by(table.c.seq).limit(limit))
        return [dict(row) for row in rows.mappings()]

    def position(self) -> int:
        """Return the position of the newest change, 0 before the first."""
        table = Change.__table__
        return int(self._session.execute(select(func.coalesce(func.max(table.c.seq), 0))).scalar_one())

    def position_at(self, moment: datetime) -> int:
        """Return the position before the first change since a moment; the newest when there was none."""
        table = Change.__table__
        # A long load commits after a short one that began later: times do not follow positions exactly.
        first = self._session.execute(
            select(func.min(table.c.seq)).where(table.c.changed_at >= moment)
        ).scalar_one()
        return self.position() if first is None else int(first) - 1

    def revisions(self, record_id: UUID, limit: int) -> list[Row]:
        """Return the states in which a record was before, newest first."""
        table = Revision.__table__
        rows = self._session.execute(
            select(table)
            .where(table.c.record_id == record_id)
            .order_by(table.c.recorded_from.desc(), table.c.id.desc())
            .limit(limit)
        )
        return [dict(row) for row in rows.mappings()]

    def changes_of(self, record_id: UUID, limit: int) -> list[Row]:
        """Return the changes of one record, newest first."""
        table = Change.__table__
        rows = self._session.execute(
            select(table).where(table.c.record_id == record_id).order_by(table.c.seq.desc()).limit(limit)
        )
        return [dict(row) for row in rows.mappings()]

    def counts(self) -> list[Row]:
        """Return standing rows per kind and jurisdiction, with the span of their dates and last change."""
        parts = []
        for kind, table in TABLES.items():
            parts.append(
                select(
                    literal(kind).label("kind"),
                    table.c.jurisdiction,
                    func.count().label("count"),
                    func.min(func.nullif(table.c.sort_date, _NO_DATE)).label("first_date"),
                    func.max(func.nullif(table.c.sort_date, _NO_DATE)).label("last_date"),
                    func.max(table.c.updated_at).label("updated_at"),
                )
                .where(table.c.deleted_at.is_(None), table.c.merged_into.is_(None))
                .group_by(table.c.jurisdiction)
            )
        return [dict(row) for row in self._session.execute(union_all(*parts)).mappings()]

    def freshness(self) -> list[Row]:
        """Return when each source last named records of each kind and jurisdiction."""
        return [dict(row) for row in self._session.execute(select(FreshnessRow.__table__)).mappings()]
