"""Running a statement that a person wrote: as a role that may only read the facts, within limits."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, StatementError

from hubs.intelligence_hub.queries.errors import BadStatement, QueryTimeout
from shared.core.errors import Unavailable
from shared.db.url import reader_url
from shared.settings import HubSettings

_BEGINS = re.compile(r"^\s*(select|with|values|table)\b", re.IGNORECASE)
_CANCELLED, _AWAY = "57014", "08"
_MOST_BYTES = 8 * 2**20
_LEAST, _MOST = -(2**63), 2**63 - 1


class StatementReader:
    """Opens its one connection at first use; a query at a time per process."""

    def __init__(self, settings: HubSettings) -> None:
        self._settings = settings
        self._engine: Engine | None = None

    def run(
        self, statement: str, values: Mapping[str, Any], row_limit: int, timeout_ms: int
    ) -> tuple[list[str], list[list[Any]], float]:
        """Return the columns, at most ``row_limit`` rows and one more, and the milliseconds it took.

        Raises: BadStatement, QueryTimeout; Unavailable when the database is away.
        """
        if not _BEGINS.match(statement):
            raise BadStatement("the statement begins with SELECT, WITH, VALUES or TABLE")
        began = time.perf_counter()
        try:
            with self._open().connect() as connection:
                connection.execute(text("SET TRANSACTION READ ONLY"))
                connection.execute(text(f"SET LOCAL statement_timeout = {int(timeout_ms)}"))
                # A cursor of the server: what is not fetched is not computed, nor held here.
                connection = connection.execution_options(stream_results=True, max_row_buffer=500)
                found = connection.execute(text(statement), dict(values))
                columns = list(found.keys())
                rows, size = [], 0
                for row in found:
                    rows.append([_shown(value) for value in row])
                    size += _size(rows[-1])
                    if size > _MOST_BYTES:
                        raise BadStatement(f"the answer has more than {_MOST_BYTES} bytes")
                    if len(rows) > row_limit:
                        break
                found.close()
                connection.rollback()
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None) or ""
            if state == _CANCELLED:
                raise QueryTimeout(f"the query took longer than {timeout_ms} ms") from error
            if not state and isinstance(error.orig, psycopg.DataError):
                # A day before our era or after the year 9999, say, for which Python has no value.
                raise BadStatement(f"a value cannot be shown: {str(error.orig)[:400]}") from error
            if state.startswith(_AWAY) or not state:
                raise Unavailable("the database does not answer") from error
            raise BadStatement(str(error.orig).splitlines()[0][:500], sqlstate=state) from error
        except (StatementError, sqlalchemy.exc.ResourceClosedError) as error:
            raise BadStatement(str(error).splitlines()[0][:500]) from error
        return columns, rows, (time.perf_counter() - began) * 1000

    def close(self) -> None:
        """Let go of the connection."""
        if self._engine is not None:
            self._engine.dispose()

    def _open(self) -> Engine:
        if self._engine is None:
            self._engine = sqlalchemy.create_engine(
                reader_url(self._settings, "intelligence"),
                pool_size=1,
                max_overflow=1,
                pool_timeout=5,
                pool_pre_ping=True,
                connect_args={
                    "application_name": "openpolicy-intelligence-reader",
                    "connect_timeout": 5,
                    "options": "-c search_path=intelligence -c timezone=UTC "
                    "-c idle_in_transaction_session_timeout=30000 -c work_mem=8MB",
                },
            )
        return self._engine


def _size(shown: Any) -> int:
    """Return about how many bytes a value takes in an answer."""
    if isinstance(shown, str):
        return len(shown)
    if isinstance(shown, list):
        return sum(map(_size, shown))
    if isinstance(shown, dict):
        return sum(len(name) + _size(value) for name, value in shown.items())
    return 8


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, dict):
        return {name: _shown(item) for name, item in value.items()}
    if isinstance(value, int | float) and not _LEAST <= value <= _MOST:
        # Not a number of JSON, or one that its readers cut; as text it is what the database said.
        return str(value) if isinstance(value, int) or not math.isfinite(value) else value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)
