"""Asking a pooled connection whether it lives only where that is in doubt: each question is a round trip."""

from __future__ import annotations

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

RESTED_S = 5.0
"""A network may swallow a server without a word; who was heard of in the last seconds is believed."""
_USED_AT = "used_at"


def ping_doubtful(engine: Engine, rested_s: float = RESTED_S) -> None:
    """Replace pooled connections that died while they rested, before anything is asked of them.

    A server that ends says so, and its words wait to be read: where none do, and the connection was used
    ``rested_s`` (seconds) ago at most, it is taken as it is.
    """

    def used(_: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def wanted(connection: Any, record: Any, _: Any) -> None:
        # A new connection has no such note; the pool takes the notes of a replaced one away.
        used_at = record.info.get(_USED_AT)
        if used_at is None or (time.monotonic() - used_at < rested_s and not _has_word(connection)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", wanted)


def _has_word(connection: Any) -> bool:
    """Tell whether something waits to be read from a connection at rest, or it is closed."""
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
