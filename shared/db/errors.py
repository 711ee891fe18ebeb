"""Database errors in the platform's own terms: gone away, in conflict, or a value that cannot be kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from shared.core.errors import AppError, Conflict, Invalid, Unavailable

# SQLSTATE -> what the caller may be told. Nothing of the statement or its values leaves the process.
_UNAVAILABLE = {
    "57014": "The database took too long to answer; the statement was cancelled.",
    "55P03": "The database row or table is locked by another operation.",
    "40001": "The transaction met a concurrent one; try again.",
    "40P01": "The transaction met a concurrent one; try again.",
    "25006": "The database accepts no writes at the moment.",
}
# Classes: 08 connection, 53 resources, 57P shutdown, 58 system.
_UNAVAILABLE_CLASSES = ("08", "53", "57P", "58")
_CONFLICTS = {
    "23505": "A record with the same key already exists.",
    "23P01": "The record overlaps another one.",
    "23503": "The record is referred to by, or refers to, a record that is not there.",
}


def as_app_error(error: Exception) -> AppError | None:
    """Return the AppError that a database error means, or None when it is a defect of ours."""
    if isinstance(error, exc.TimeoutError):
        return Unavailable("No database connection became free in time.")
    if isinstance(error, StaleDataError):
        return Conflict("The record was changed by someone else in the meantime.")
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    if not isinstance(original, psycopg.Error):
        return None
    state = original.sqlstate or ""
    if detail := _UNAVAILABLE.get(state):
        return Unavailable(detail)
    if detail := _CONFLICTS.get(state):
        return Conflict(detail)
    if state.startswith(_UNAVAILABLE_CLASSES) or (not state and _is_lost(error, original)):
        return Unavailable("The database cannot be reached.")
    if state == "54000":
        return Invalid("A value is too long for its field.")
    return (
        Invalid("A value cannot be stored in its field.") if isinstance(original, psycopg.DataError) else None
    )


def _is_lost(error: Exception, original: psycopg.Error) -> bool:
    """Tell a lost or refused connection, which carries no SQLSTATE, from other client-side errors."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(original, psycopg.OperationalError)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database errors of a block into AppErrors; the original stays the cause.

    Raises: Unavailable, Conflict, Invalid; anything else passes unchanged.
    """
    try:
        yield
    except (exc.SQLAlchemyError, psycopg.Error) as error:
        meant = as_app_error(error)
        if meant is None:
            raise
        raise meant from error
