"""What the record said at a moment: the present state where it is older, else the revision of then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, Numeric, and_, case, func, or_, select, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Revision, table_of
from hubs.data_hub.database.schemas import Collection, Condition, ListQuery
from shared.core.errors import Invalid
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice, paginate

Row = Mapping[str, Any]
_PLAIN = {"id", "key", "slug", "jurisdiction"}


class RecordedRepository:
    """Queries on past states."""

    def __init__(self, session: Session, codec: CursorCodec) -> None:
        self._session = session
        self._codec = codec

    def state(self, kind: str, row: Row, at: datetime) -> Row | None:
        """Return a row as it was recorded at a moment, None when it was not there then."""
        if row["created_at"] > at:
            return None
        if row["updated_at"] <= at:
            return row if row["deleted_at"] is None else None
        table = Revision.__table__
        found = self._session.execute(
            select(table.c.facts, table.c.was_deleted, table.c.recorded_from, table.c.id)
            .where(table.c.kind == kind, table.c.record_id == row["id"])
            .where(table.c.recorded_from <= at, table.c.recorded_to > at)
            .order_by(table.c.id.desc())
            .limit(1)
        ).first()
        if found is None or found.was_deleted:
            return None
        return {
            **row, "facts": found.facts, "updated_at": found.recorded_from, "deleted_at": None,
        }  # fmt: skip

    def ballots(self, record_id: UUID, at: datetime) -> list[dict[str, Any]] | None:
        """Return the ballots of a vote as recorded at a moment; None when they are those of today."""
        table = Revision.__table__
        found = self._session.execute(
            select(table.c.ballots)
            .where(table.c.record_id == record_id, table.c.recorded_to > at, table.c.ballots.is_not(None))
            .order_by(table.c.recorded_to)
            .limit(1)
        ).scalar_one_or_none()
        return cast("list[dict[str, Any]] | None", found)

    def page(self, collection: Collection, query: ListQuery) -> Slice[Any]:
        """Return one page of a collection as it was recorded at ``query.recorded_at``, in the order of ids.

        Raises: Invalid for a filter that past states cannot be narrowed by; InvalidCursor.
        """
        at = query.recorded_at
        assert at is not None
        table, past = table_of(collection.kind), Revision.__table__
        old = (
            select(past.c.facts, past.c.was_deleted, past.c.recorded_from)
            .where(past.c.record_id == table.c.id, past.c.recorded_from <= at, past.c.recorded_to > at)
            .order_by(past.c.id.desc())
            .limit(1)
            .lateral("past")
        )
        is_present = table.c.updated_at <= at
        facts = case((is_present, table.c.facts), else_=old.c.facts)
        stood = or_(
            and_(is_present, table.c.deleted_at.is_(None)),
            and_(table.c.updated_at > at, old.c.was_deleted.is_(False)),
        )
        columns = {
            "id": table.c.id,
            "key": table.c.key,
            "slug": table.c.slug,
            "jurisdiction": table.c.jurisdiction,
            "facts": facts.label("facts"),
            "created_at": table.c.created_at,
            "updated_at": case((is_present, table.c.updated_at), else_=old.c.recorded_from).label(
                "updated_at"
            ),
            # What was worked out from a past state is not kept with it.
            **{name: case((is_present, table.c[name])).label(name) for name in collection.extras},
        }
        statement = (
            select(*columns.values())
            .select_from(table.outerjoin(old, true()))
            .where(table.c.created_at <= at, stood)
            .where(*(_past_clause(table, facts, condition) for condition in query.conditions))
            .where(*(table.c[name].in_(values) for name, values in collection.where.items()))
            .order_by(table.c.id)
        )
        found = paginate(self._session, statement, codec=self._codec, limit=query.limit, cursor=query.cursor)
        empty = {"deleted_at": None, "merged_into": None}
        return Slice(
            [{**empty, **dict(zip(columns, row, strict=True))} for row in found.items], found.next_cursor
        )


def _past_clause(table: Any, facts: Any, condition: Condition) -> ColumnElement[bool]:
    column, value = condition.column, condition.value
    said: Any = table.c[column] if column in _PLAIN else func.json_extract_path_text(facts, column)
    if (
        condition.type == "array"
        or column.startswith(("title_", "sort_"))
        or column in ("created_at", "updated_at")
    ):
        raise Invalid(f"{column.removesuffix('_keys')}: cannot be combined with recorded_at")
    if column not in _PLAIN:
        if condition.type == "date":
            said = sql_cast(func.nullif(said, ""), Date)
        elif condition.type == "int":
            said = sql_cast(said, Numeric if isinstance(value, float) else Integer)
        elif condition.type == "bool" and condition.operator == "exact":
            value = "true" if value else "false"
    clause: ColumnElement[bool]
    match condition.operator:
        case "exact":
            clause = said == value
        case "ne":
            clause = said.is_distinct_from(value)
        case "in":
            clause = said.in_(value)
        case "gt":
            clause = said > value
        case "gte":
            clause = said >= value
        case "lt":
            clause = said < value
        case "lte":
            clause = said <= value
        case "range":
            clause = said.between(*value)
        case "isnull":
            clause = said.is_(None) if value else said.is_not(None)
        case _:
            raise Invalid(f"{column}__{condition.operator}: cannot be combined with recorded_at")
    return clause
