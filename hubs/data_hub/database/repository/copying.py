"""COPY: rows to PostgreSQL as fast as text can be made of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast
from uuid import UUID

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.orm import Session
from sqlalchemy.types import ARRAY, JSON, LargeBinary, String

Row = Mapping[str, Any]
Cursor = psycopg.Cursor[tuple[Any, ...]]

_CHUNK_BYTES = 256 * 1024


def raw_cursor(session: Session) -> Cursor:
    """Return a psycopg cursor inside the session's transaction."""
    connection = session.connection().connection.driver_connection
    return cast("psycopg.Connection[tuple[Any, ...]]", connection).cursor()


def escape(text: str) -> str:
    """Return text as it stands in a column of COPY's text format."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text or "\t" in text or "\r" in text:
        text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return text


def _text(value: str | None) -> str:
    return "\\N" if value is None else escape(value)


def _bytes(value: bytes | None) -> str:
    return "\\N" if value is None else "\\\\x" + value.hex()


def _plain() -> Callable[[Any], str]:
    """Return what writes numbers, ids, times and yes or no; often the same one as in the row before."""
    last, written = None, "\\N"

    def write(value: Any) -> str:
        nonlocal last, written
        if value is not last:
            last, written = value, _scalar(value)
        return written

    return write


def _scalar(value: Any) -> str:
    if value is None:
        return "\\N"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, date):
        return value.isoformat()
    return escape(str(value))


def _json(value: Any) -> str:
    if value is None:
        return "\\N"
    # JSON escapes its own control characters; only its backslashes need a second one.
    return orjson.dumps(value).decode().replace("\\", "\\\\")


def _array(value: Sequence[Any] | None) -> str:
    if value is None:
        return "\\N"
    if not value:
        return "{}"
    if isinstance(value[0], int):
        return "{" + ",".join(map(str, value)) + "}"
    return escape(text_array(value))


def array_literal(value: Iterable[int | UUID]) -> str:
    """Return an array of integers or of ids as PostgreSQL writes it."""
    return "{" + ",".join(map(str, value)) + "}"


def text_array(values: Collection[str]) -> str:
    """Return an array of texts as PostgreSQL writes it; the driver takes many times as long over it."""
    if not values:
        return "{}"
    told = '","'.join(values)
    if "\\" in told or told.count('"') != 2 * (len(values) - 1):
        return "{" + ",".join(map(_quoted, values)) + "}"
    return f'{{"{told}"}}'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_of(table: Table) -> sql.Identifier:
    """Return a table's name with its schema."""
    return sql.Identifier(str(table.schema), table.name)


def encoders(table: Table, columns: Sequence[str]) -> list[Callable[[Any], str]]:
    """Return how each column's values become text."""
    found: list[Callable[[Any], str]] = []
    for name in columns:
        kind = table.c[name].type
        if isinstance(kind, JSON):
            found.append(_json)
        elif isinstance(kind, ARRAY):
            found.append(_array)
        elif isinstance(kind, String):
            found.append(_text)
        elif isinstance(kind, LargeBinary):
            found.append(_bytes)
        else:
            found.append(_plain())
    return found


def copy_lines(cursor: Cursor, target: sql.Composable, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Send ready-made lines (each with its line end; several may be one text) to a table."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(target, names)) as copy:
        chunk: list[str] = []
        size = 0
        for line in lines:
            chunk.append(line)
            size += len(line)
            if size > _CHUNK_BYTES:
                copy.write("".join(chunk).encode())
                chunk, size = [], 0
        if chunk:
            copy.write("".join(chunk).encode())


def copy_rows(
    cursor: Cursor, table: Table, columns: Sequence[str], rows: Iterable[Row], into: str | None = None
) -> None:
    """Send rows to a table, or to the temporary table ``into`` with the same columns."""
    encode = encoders(table, columns)
    pairs = list(zip(columns, encode, strict=True))
    target = sql.Identifier(into) if into else name_of(table)
    copy_lines(
        cursor, target, columns, ("\t".join([text(row[name]) for name, text in pairs]) + "\n" for row in rows)
    )
