"""What the record said at a moment: the present state where it is older, else the revision of then."""

from __future__ import annotations

from collections.abc import Collection as Group
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Integer, Numeric, Select, case, exists, func, or_, select, true
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import MergeEvent, Revision, table_of
from hubs.data_hub.database.repository.reading import one_of
from hubs.data_hub.database.repository.statements import MERGING_KIND
from hubs.data_hub.database.schemas import Collection, Condition, ListQuery
from shared.core.errors import Invalid
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice, paginate

Row = Mapping[str, Any]
_PLAIN = {"id", "key", "slug", "jurisdiction"}


class RecordedRepository:
    """Queries on past states.

    A record stood at a moment as the first revision that ended after it says, or else as it stands now. When
    a revision began does not matter: a merge moves the time of a change and leaves no revision.
    """

    def __init__(self, session: Session, codec: CursorCodec) -> None:
        self._session = session
        self._codec = codec

    def find(self, collection: Collection, record_id: UUID, at: datetime) -> Row | None:
        """Return a record as it was recorded at a moment, None when it was not there then."""
        statement, _ = _as_recorded(collection, at)
        rows = self._rows(statement.where(table_of(collection.kind).c.id == record_id))
        return rows[0] if rows else None

    def related(
        self, collection: Collection, column: str, keys: Group[str], at: datetime, limit: int
    ) -> list[Row]:
        """Return what was recorded at a moment (at most ``limit``) and names one of the keys in a column."""
        table = table_of(collection.kind)
        statement, _ = _as_recorded(collection, at)
        named = statement.where(one_of(table.c[column], sorted(keys)))
        order = (table.c.sort_date.desc(), table.c.sort_name)
        return self._rows(named.order_by(*order).limit(limit))

    def merged_into(self, record_id: UUID, at: datetime) -> UUID | None:
        """Return the record with which one was merged at a moment."""
        table = MergeEvent.__table__
        return self._session.execute(
            select(table.c.into_id).where(table.c.merged_id == record_id, *_in_force(at)).limit(1)
        ).scalar_one_or_none()

    def merged_keys(self, kind: str, ids: Sequence[UUID], at: datetime) -> list[tuple[str, UUID]]:
        """Return the keys of the records that were merged into these at a moment, each with which."""
        table, merge = table_of(kind), MergeEvent.__table__
        statement = (
            select(table.c.key, merge.c.into_id)
            .join(merge, merge.c.merged_id == table.c.id)
            .where(one_of(merge.c.into_id, ids), *_in_force(at))
        )
        return [(key, into_id) for key, into_id in self._session.execute(statement)]

    def ballots(self, ids: Sequence[UUID], at: datetime) -> dict[UUID, list[dict[str, Any]]]:
        """Return the ballots of votes as recorded at a moment; those of today are left out."""
        table = Revision.__table__
        rows = self._session.execute(
            select(table.c.record_id, table.c.ballots)
            .where(one_of(table.c.record_id, ids), table.c.recorded_to > at, table.c.ballots.is_not(None))
            .ext(distinct_on(table.c.record_id))
            .order_by(table.c.record_id, table.c.recorded_to, table.c.id)
        )
        return {row.record_id: row.ballots for row in rows}

    def page(self, collection: Collection, query: ListQuery) -> Slice[Any]:
        """Return one page of a collection as it was recorded at ``query.recorded_at``, in the order of ids.

        Raises: Invalid for a filter that past states cannot be narrowed by; InvalidCursor.
        """
        at = query.recorded_at
        assert at is not None
        table = table_of(collection.kind)
        statement, facts = _as_recorded(collection, at)
        statement = statement.where(
            *(_past_clause(table, facts, condition) for condition in query.conditions)
        ).order_by(table.c.id)
        found = paginate(self._session, statement, codec=self._codec, limit=query.limit, cursor=query.cursor)
        names = [column["name"] for column in statement.column_descriptions]
        return Slice([_row(names, row) for row in found.items], found.next_cursor)

    def _rows(self, statement: Select[Any]) -> list[Row]:
        result = self._session.execute(statement)
        names = list(result.keys())
        return [_row(names, row) for row in result.all()]


def _row(names: Sequence[str], values: Sequence[Any]) -> Row:
    return {**dict(zip(names, values, strict=True)), "deleted_at": None, "merged_into": None}


def _in_force(at: datetime) -> list[ColumnElement[bool]]:
    table = MergeEvent.__table__
    return [table.c.merged_at <= at, or_(table.c.undone_at.is_(None), table.c.undone_at > at)]


def _as_recorded(collection: Collection, at: datetime) -> tuple[Select[Any], Any]:
    """Return the records of a collection as they stood at a moment, and the expression of their facts."""
    table, past, merge = table_of(collection.kind), Revision.__table__, MergeEvent.__table__
    old = (
        select(past.c.id, past.c.facts, past.c.was_deleted)
        .where(past.c.record_id == table.c.id, past.c.recorded_to > at)
        .order_by(past.c.recorded_to, past.c.id)
        .limit(1)
        .lateral("past")
    )
    changed = (
        select(func.max(past.c.recorded_to))
        .where(past.c.record_id == table.c.id, past.c.recorded_to <= at)
        .scalar_subquery()
    )
    is_present = old.c.id.is_(None)
    facts = case((is_present, table.c.facts), else_=old.c.facts)
    stood = case((is_present, table.c.deleted_at.is_(None)), else_=old.c.was_deleted.is_(False))
    columns = [
        *(table.c[name] for name in ("id", "key", "slug", "jurisdiction")),
        facts.label("facts"),
        table.c.created_at,
        func.coalesce(changed, table.c.created_at).label("updated_at"),
        # What was worked out from a past state is not kept with it.
        *(case((is_present, table.c[name])).label(name) for name in collection.extras),
    ]
    statement = (
        select(*columns)
        .select_from(table.outerjoin(old, true()))
        .where(table.c.created_at <= at, stood)
        .where(*(table.c[name].in_(values) for name, values in collection.where.items()))
    )
    if collection.kind == MERGING_KIND:
        is_merged = exists().where(merge.c.merged_id == table.c.id, *_in_force(at))
        statement = statement.where(~is_merged)
    return statement, facts


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
