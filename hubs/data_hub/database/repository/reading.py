"""Reading the civic record: pages, single records, and what their references lead to."""

from __future__ import annotations

from collections.abc import Collection as Group
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, any_, bindparam, cast, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from hubs.data_hub.database.models import FreshnessRow, Permalink, Sighting, table_of
from hubs.data_hub.database.repository import statements
from hubs.data_hub.database.repository.statements import columns_of, fixed
from hubs.data_hub.database.repository.validity import has_left, valid_on
from hubs.data_hub.database.schemas import Collection, Condition, ListQuery
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice, paginate

Row = Mapping[str, Any]


class ReadingRepository:
    """Queries of one read transaction."""

    def __init__(self, session: Session, codec: CursorCodec) -> None:
        self._session = session
        self._codec = codec

    def page(self, collection: Collection, query: ListQuery) -> Slice[Any]:
        """Return one page of a collection's rows, as mappings.

        Raises: InvalidCursor.
        """
        table = table_of(collection.kind)
        statement = self._narrowed(collection, query, select(*columns_of(table, collection)))
        sort = table.c[query.sort]
        order = (sort.desc(), table.c.id.desc()) if query.is_descending else (sort, table.c.id)
        # The listing is told apart by its WHERE and ORDER BY; relation values are keys by now.
        found = paginate(
            self._session,
            statement.order_by(*dict.fromkeys(order))
            if query.sort != "id"
            else statement.order_by(order[-1]),
            codec=self._codec,
            limit=query.limit,
            cursor=query.cursor,
        )
        names = [column.name for column in columns_of(table, collection)]
        return Slice([dict(zip(names, row, strict=True)) for row in found.items], found.next_cursor)

    def window(self, collection: Collection, query: ListQuery, offset: int) -> list[Row]:
        """Return rows after an offset: for interfaces that page so; it reads what it skips."""
        table = table_of(collection.kind)
        columns = columns_of(table, collection)
        sort = table.c[query.sort]
        order = (sort.desc(), table.c.id.desc()) if query.is_descending else (sort, table.c.id)
        statement = self._narrowed(collection, query, select(*columns)).order_by(*order)
        rows = self._session.execute(statement.limit(query.limit).offset(offset))
        names = [column.name for column in columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def keys(self, collection: Collection, query: ListQuery) -> list[str]:
        """Return the natural keys of a listing's rows, at most its limit."""
        table = table_of(collection.kind)
        statement = self._narrowed(collection, query, select(table.c.key)).limit(query.limit)
        return list(self._session.execute(statement).scalars())

    def count(self, collection: Collection, query: ListQuery) -> int:
        """Return the exact number of rows of a listing."""
        table = table_of(collection.kind)
        statement = self._narrowed(collection, query, select(func.count()).select_from(table))
        return int(self._session.execute(statement).scalar_one())

    def find(self, collection: Collection, item: str) -> Row | None:
        """Return the row that an id, a slug or a natural key names, whatever its state."""
        if (record_id := as_uuid(item)) is not None:
            found = self._rows(statements.named(collection, "id"), item=record_id)
        else:
            found = self._rows(statements.named(collection, "key" if "/" in item else "name"), item=item)
        return found[0] if found else None

    def is_valid_on(self, kind: str, record_id: UUID, on: date) -> bool:
        """Tell whether a record was in force on a day, or had happened by then."""
        table = table_of(kind)
        statement = select(table.c.id).where(table.c.id == record_id, *valid_on(kind, table, on, {}))
        return self._session.execute(statement).first() is not None

    def newest(self, kind: str, jurisdictions: Sequence[str]) -> dict[str, datetime]:
        """Return when the newest change of standing rows was made, per jurisdiction."""
        table = table_of(kind)
        statement = (
            select(table.c.jurisdiction, func.max(table.c.updated_at))
            .where(one_of(table.c.jurisdiction, jurisdictions))
            .where(table.c.deleted_at.is_(None), table.c.merged_into.is_(None))
            .group_by(table.c.jurisdiction)
        )
        return {row[0]: row[1] for row in self._session.execute(statement)}

    def find_permalink(self, kind: str, name: str) -> UUID | None:
        """Return the id that a former name leads to."""
        table = Permalink.__table__
        return self._session.execute(
            select(table.c.record_id).where(table.c.kind == kind, table.c.name == name)
        ).scalar_one_or_none()

    def keys_of(self, kind: str, names: Group[str]) -> dict[str, list[str]]:
        """Return, per id, slug or key, the natural keys of that record and of all merged with it."""
        wanted = list(names)
        given = {"names": wanted, "ids": [parsed for name in wanted if (parsed := as_uuid(name))]}
        answer: dict[str, list[str]] = {}
        for record_id, slug, key, _, other in self._session.execute(statements.keys_of(kind), given).all():
            for name in {str(record_id), slug, key}.intersection(wanted):
                answer.setdefault(name, []).append(other)
        return {name: sorted(keys) for name, keys in answer.items()}

    def ids_of(self, keys: Mapping[str, Group[str]]) -> dict[tuple[str, str], UUID]:
        """Return the record that each (kind, key) refers to, merged ones followed, in one query."""
        if not keys:
            return {}
        statement = statements.ids_of(tuple(sorted(keys)))
        # All at once: a result that is walked fetches row by row, each through four calls.
        rows = self._session.execute(statement, {kind: sorted(wanted) for kind, wanted in keys.items()}).all()
        return {(kind, key): record_id for kind, key, record_id in rows}

    def names_of(self, record_id: UUID) -> tuple[str, str] | None:
        """Return kind and key of a record by its id alone."""
        table = Sighting.__table__
        row = self._session.execute(
            select(table.c.kind, table.c.key).where(table.c.record_id == record_id).limit(1)
        ).first()
        return (row.kind, row.key) if row else None

    def slugs(self, kind: str, ids: Group[UUID]) -> dict[UUID, str]:
        """Return the slugs of records by id."""
        rows = self._session.execute(statements.slugs(kind), {"ids": list(ids)})
        return {row.id: row.slug for row in rows.all()}

    def sources_of(self, ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """Return, per record, the documents in which each source last named it."""
        if not ids:
            return {}
        found: dict[UUID, list[dict[str, Any]]] = {}
        for entry in self._rows(statements.sources(), ids=list(ids)):
            found.setdefault(entry.pop("record_id"), []).append(entry)
        return found

    def homes(self) -> list[str]:
        """Return the jurisdictions from which sources have named records."""
        table = FreshnessRow.__table__
        statement = select(table.c.jurisdiction).where(table.c.jurisdiction != "").distinct()
        return sorted(self._session.execute(statement).scalars())

    def freshness(self, kind: str, jurisdictions: Sequence[str]) -> list[Row]:
        """Return when each source last named records of a kind (in these jurisdictions)."""
        statement = statements.freshness(is_narrowed=bool(jurisdictions))
        return list(self._rows(statement, kind=kind, jurisdictions=list(jurisdictions)))

    def ballots(self, vote_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
        """Return the ballots of votes in the order of their source."""
        result = self._session.execute(statements.ballots(), {"votes": list(vote_ids)})
        names = tuple(result.keys())[1:]
        found: dict[UUID, list[dict[str, Any]]] = {}
        for row in result.all():
            # Hundreds of rows a vote: plain dictionaries from tuples cost a third of mappings.
            found.setdefault(row[0], []).append(dict(zip(names, row[1:], strict=True)))
        return found

    def latest(
        self, collection: Collection, column: str, keys: Group[str], limit: int, *, is_array: bool = False
    ) -> list[Row]:
        """Return the newest standing rows (in the order of a listing by date) that name one of the keys."""
        statement = statements.naming(collection, column, "id", is_array=is_array)
        return list(self._rows(statement, keys=sorted(keys), most=limit))

    def related(
        self, collection: Collection, column: str, keys: Group[str], limit: int, *, is_array: bool = False
    ) -> list[Row]:
        """Return standing rows (at most ``limit``) whose reference column names one of the keys."""
        statement = statements.naming(collection, column, "name", is_array=is_array)
        return list(self._rows(statement, keys=sorted(keys), most=limit))

    def merged_into(self, kind: str, ids: Sequence[UUID]) -> list[Row]:
        """Return the rows that were merged into these."""
        return list(self._rows(statements.merged_into(kind), ids=list(ids)))

    def _rows(self, statement: Any, **parameters: Any) -> list[dict[str, Any]]:
        result = self._session.execute(statement, parameters)
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result.all()]

    def _narrowed(self, collection: Collection, query: ListQuery, statement: Select[Any]) -> Select[Any]:
        table = table_of(collection.kind)
        clauses: list[ColumnElement[bool]] = fixed(table, collection)
        if query.deleted == "no":
            clauses += [table.c.deleted_at.is_(None), table.c.merged_into.is_(None)]
        elif query.deleted == "only":
            clauses.append(table.c.deleted_at.is_not(None))
        clauses += [_clause(table, condition) for condition in query.conditions]
        if query.updated_since is not None:
            clauses.append(table.c.updated_at >= query.updated_since)
        if query.identifiers:
            clauses.append(table.c.identifiers.contains(_text_array(query.identifiers)))
        clauses += valid_on(collection.kind, table, query.on, query.member_of)
        if query.left_by is not None:
            clauses += has_left(table, query.left_by)
        return statement.where(*clauses)


def one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition: equal to one of these, as one array parameter.

    With IN, a statement has as many forms as lists have lengths: none is prepared, each is parsed anew.
    """
    wanted = bindparam(None, list(values), type_=ARRAY(column.type))
    clause: ColumnElement[bool] = column == any_(wanted)
    return clause


def as_uuid(text: str) -> UUID | None:
    """Return the UUID that a text is, if it is one."""
    if len(text) == 36:
        with suppress(ValueError):
            return UUID(text)
    return None


def _text_array(values: Iterable[str]) -> Any:
    return cast(array(list(values)), ARRAY(Text))


def _clause(table: Table, condition: Condition) -> ColumnElement[bool]:
    column: ColumnElement[Any] = table.c[condition.column]
    value: Any = condition.value
    clause: ColumnElement[bool]
    if condition.type == "array":
        values = value if isinstance(value, list) else [value]
        clause = table.c[condition.column].overlap(_text_array(values))
        return clause
    match condition.operator:
        case "exact":
            clause = column == value
        case "iexact":
            clause = func.lower(column) == value.lower()
        case "ne":
            clause = column.is_distinct_from(value)
        case "in":
            clause = column.in_(value)
        case "gt":
            clause = column > value
        case "gte":
            clause = column >= value
        case "lt":
            clause = column < value
        case "lte":
            clause = column <= value
        case "range":
            clause = column.between(*value)
        case "contains":
            clause = column.contains(value, autoescape=True)
        case "icontains":
            clause = func.lower(column).contains(value.lower(), autoescape=True)
        case "startswith":
            clause = column.startswith(value, autoescape=True)
        case "istartswith":
            clause = func.lower(column).startswith(value.lower(), autoescape=True)
        case "endswith":
            clause = column.endswith(value, autoescape=True)
        case "iendswith":
            clause = func.lower(column).endswith(value.lower(), autoescape=True)
        case "isnull":
            clause = _is_empty(column) if value else ~_is_empty(column)
    return clause


def _is_empty(column: Any) -> ColumnElement[bool]:
    return or_(column.is_(None), column == "") if isinstance(column.type, Text) else column.is_(None)
