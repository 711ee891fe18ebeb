"""What a failure means: a dependency is away (wait), or the message is to blame (a few attempts)."""

from __future__ import annotations

import random
from collections.abc import Iterator

from shared.core.errors import AppError

_WAITING_STATUSES = frozenset({429, 502, 503, 504})
# SQLSTATE classes: 08 connection, 25006 read only, 40 concurrency, 53 resources, 55 locks, 57 shutdown or
# cancelled, 58 system. OperationalError also covers e.g. 54 (row too large), which no waiting cures.
_WAITING_SQLSTATES = ("08", "25006", "40", "53", "55", "57", "58")
_DATABASE_ERRORS = frozenset({"OperationalError", "InterfaceError", "TimeoutError"})
_DATABASE_MODULES = ("psycopg", "sqlalchemy")


def is_unavailable(error: BaseException) -> bool:
    """Tell whether an error says that a dependency is away: the message is to wait, it is not to blame."""
    if isinstance(error, AppError):
        return error.status in _WAITING_STATUSES
    if isinstance(error, ConnectionError):
        return True
    # By name: this package must not import SQLAlchemy, and the scraper has none.
    for cls in type(error).__mro__:
        if cls.__name__ in _DATABASE_ERRORS and cls.__module__.startswith(_DATABASE_MODULES):
            state = _sqlstate(error)
            return not state or state.startswith(_WAITING_SQLSTATES)
    return False


def _sqlstate(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    return getattr(original, "sqlstate", None) or ""


def backoff(first_s: float, cap_s: float) -> Iterator[float]:
    """Yield waiting times in seconds: doubling up to a cap, each with up to a fifth of jitter."""
    wait = first_s
    while True:
        yield wait * random.uniform(0.8, 1.2)
        wait = min(wait * 2, cap_s)
