"""Lists in pages: by cursor (stable while rows come and go) or by page number, never without an order."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import ColumnElement, Select, Tuple, and_, false, func, or_, select, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from shared.db.cursor import CursorCodec

T = TypeVar("T")


class UnorderedQuery(TypeError):
    """A query without ORDER BY cannot be paged: rows would repeat or vanish between pages."""


@dataclass(frozen=True)
class Slice(Generic[T]):
    """Some rows of a listing and the cursor of the next ones, None at the end."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True)
class NumberedPage(Generic[T]):
    """One page of a listing by number, and how many rows the listing has in all."""

    items: list[T]
    total: int


@dataclass(frozen=True)
class _Key:
    """One ORDER BY term: what is sorted by, which way, and where NULLs go."""

    column: ColumnElement[Any]
    is_descending: bool
    has_nulls_first: bool

    def after(self, value: Any) -> ColumnElement[bool] | None:
        """Return what holds for rows strictly after the value, None when no row can be."""
        if value is None:
            return self.column.is_not(None) if self.has_nulls_first else None
        beyond: ColumnElement[bool] = self.column < value if self.is_descending else self.column > value
        if self.has_nulls_first or not self.is_nullable:
            return beyond
        return or_(beyond, self.column.is_(None))

    def same(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == value

    @property
    def is_nullable(self) -> bool:
        return bool(getattr(self.column, "nullable", True))


def paginate(
    session: Session,
    statement: Select[Any],
    *,
    codec: CursorCodec,
    limit: int,
    cursor: str | None = None,
    filters: Mapping[str, object] | None = None,
) -> Slice[Any]:
    """Return at most `limit` rows after the cursor; the last ORDER BY term must make the order unique.

    A cursor continues only the listing it came from, told apart by `filters` where given, else by the
    statement's own WHERE and ORDER BY. A statement of one entity or column yields these, of several rows.
    Raises: UnorderedQuery, InvalidCursor, ValueError when the limit is below 1.
    """
    keys = _sort_keys(statement)
    if limit < 1:
        raise ValueError("a page holds at least one row")
    width = len(statement.column_descriptions)
    asked = statement
    if cursor:
        values = codec.decode(_listing(asked, filters), cursor, len(keys))
        statement = statement.where(_beyond(keys, values))
    statement = statement.add_columns(*(key.column.label(f"_key{n}") for n, key in enumerate(keys)))
    rows = session.execute(statement.limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    last = codec.encode(_listing(asked, filters), rows[-1][width:]) if more else None
    return Slice([row[0] if width == 1 else row[:width] for row in rows], last)


def paginate_by_number(
    session: Session, statement: Select[Any], *, page: int, per_page: int
) -> NumberedPage[Any]:
    """Return one page, counted from 1, and the exact total; for short listings, as it reads what it skips.

    Raises: UnorderedQuery, ValueError when a number is below 1.
    """
    _sort_keys(statement)
    if page < 1 or per_page < 1:
        raise ValueError("pages and their sizes count from 1")
    counted = statement.order_by(None).subquery()
    total = session.execute(select(func.count()).select_from(counted)).scalar_one()
    rows = session.execute(statement.limit(per_page).offset((page - 1) * per_page)).all()
    width = len(statement.column_descriptions)
    return NumberedPage([row[0] if width == 1 else row for row in rows], total)


def _sort_keys(statement: Select[Any]) -> list[_Key]:
    terms: Sequence[ColumnElement[Any]] = tuple(statement._order_by_clauses)
    if not terms:
        raise UnorderedQuery("paging needs a query with ORDER BY")
    return [_sort_key(term) for term in terms]


def _sort_key(term: ColumnElement[Any]) -> _Key:
    is_descending = False
    nulls_first: bool | None = None
    while isinstance(term, UnaryExpression) and term.modifier is not None:
        if term.modifier is operators.desc_op:
            is_descending = True
        elif term.modifier is operators.nulls_first_op:
            nulls_first = True
        elif term.modifier is operators.nulls_last_op:
            nulls_first = False
        term = term.element
    # PostgreSQL sorts NULLs as larger than everything unless told otherwise.
    return _Key(term, is_descending, is_descending if nulls_first is None else nulls_first)


def _beyond(keys: list[_Key], values: list[Any]) -> ColumnElement[bool]:
    """Return the condition of rows after the values: a row comparison where the index can use one."""
    is_plain = not any(key.is_nullable for key in keys)
    if is_plain and len({key.is_descending for key in keys}) == 1:
        columns, bound = _row(keys, values)
        beyond = columns < bound if keys[0].is_descending else columns > bound
        first = _of_first_table(keys)
        if len(first) == len(keys):
            return beyond
        # A row of several tables' columns bounds none of them: the first one's index is told by itself.
        columns, bound = _row(first, values)
        return and_(columns <= bound if keys[0].is_descending else columns >= bound, beyond)
    cases = []
    for position, (key, value) in enumerate(zip(keys, values, strict=True)):
        after = key.after(value)
        if after is not None:
            before = zip(keys[:position], values[:position], strict=True)
            cases.append(and_(*(earlier.same(held) for earlier, held in before), after))
    return or_(*cases) if cases else false()


def _row(keys: Sequence[_Key], values: Sequence[Any]) -> tuple[Tuple, Tuple]:
    """Return the columns of these keys as a row, and their values as another."""
    types = [key.column.type for key in keys]
    return tuple_(*(key.column for key in keys)), tuple_(*values[: len(keys)], types=types)


def _of_first_table(keys: Sequence[_Key]) -> list[_Key]:
    """Return the leading keys that are columns of one table."""
    table = getattr(keys[0].column, "table", None)
    return list(takewhile(lambda key: getattr(key.column, "table", None) is table, keys))


def _listing(statement: Select[Any], filters: Mapping[str, object] | None) -> str:
    """Return a short hash of which rows are listed, in which order."""
    shape = select(1).order_by(*statement._order_by_clauses)
    if filters is None and statement.whereclause is not None:
        shape = shape.where(statement.whereclause)
    text, parameters = _written(shape)
    options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
    said = orjson.dumps([text, parameters, filters], default=repr, option=options)
    return hashlib.sha256(said).hexdigest()[:16]


_MOST_TEXTS = 128
_texts: dict[Any, tuple[str, tuple[str, ...]]] = {}


def _written(shape: Select[Any]) -> tuple[str, dict[str, Any]]:
    """Return a statement's SQL and its parameters; the SQL of one form is written once."""
    key = shape._generate_cache_key()
    known = None if key is None else _texts.get(key.key)
    if key is None or known is None:
        compiled: Any = shape.compile(dialect=postgresql.dialect())  # type: ignore[no-untyped-call]
        text, parameters = str(compiled), dict(compiled.params)
        # Forms that cannot be told apart, or whose parameters are not all in the text, are written each time.
        if key is not None and len(parameters) == len(key.bindparams):
            if len(_texts) >= _MOST_TEXTS:
                _texts.clear()
            _texts[key.key] = text, tuple(compiled.bind_names[bind] for bind in key.bindparams)
        return text, parameters
    text, names = known
    return text, {name: bind.effective_value for name, bind in zip(names, key.bindparams, strict=True)}
