"""Many rows at once: PostgreSQL's COPY through the session's own connection and transaction."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Copy
from sqlalchemy import JSON, Table
from sqlalchemy.orm import Session

from shared.db.types import json_dumps

_has_escapes = re.compile(r"[\\\n\r\t]").search
_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


@contextmanager
def open_copy(session: Session, table: Table, columns: Sequence[str]) -> Iterator[Copy]:
    """Open a COPY into some columns of a table; what is written to it are lines of COPY's text format."""
    listed = ", ".join(f'"{name}"' for name in columns)
    place = f'"{table.schema}"."{table.name}"' if table.schema else f'"{table.name}"'
    raw = session.connection().connection.driver_connection
    assert raw is not None
    with raw.cursor() as cursor, cursor.copy(f"COPY {place} ({listed}) FROM STDIN") as copy:
        yield copy


def copy_rows(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append rows to a table; all have the columns of the first, and the others take their defaults."""
    if not rows:
        return
    names = list(rows[0])
    columns = [(name, _json if isinstance(table.c[name].type, JSON) else _plain) for name in names]
    # Made here and sent whole: the driver's own writing of each value costs several times as much.
    text = "".join(_line(row, columns) for row in rows)
    with open_copy(session, table, names) as copy:
        copy.write(text.encode())


def _line(row: Mapping[str, Any], columns: Sequence[tuple[str, Callable[[Any], str]]]) -> str:
    return "\t".join(["\\N" if row[name] is None else write(row[name]) for name, write in columns]) + "\n"


def _json(value: Any) -> str:
    # JSON escapes its own control characters; only its backslashes need a second one.
    return json_dumps(value).replace("\\", "\\\\")


def _plain(value: Any) -> str:
    return _WRITERS.get(type(value), _other)(value)


def _other(value: Any) -> str:
    return _text(str(value))


def _text(value: str) -> str:
    # Looking first costs a quarter of translating, and hardly any text has one of them.
    return value.translate(_ESCAPES) if _has_escapes(value) else value


# By exact type, since a chain of tests costs more than the writing itself.
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f"\\\\x{value.hex()}",
    datetime: datetime.isoformat,
    date: date.isoformat,
    UUID: str,
}
