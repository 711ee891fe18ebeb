"""Which failures are waited for, and which blame the message."""

from __future__ import annotations

from itertools import islice

import psycopg
import pytest
from sqlalchemy import exc

from shared.core.errors import (
    AppError,
    BadRequest,
    Conflict,
    GatewayTimeout,
    Invalid,
    TooManyRequests,
    Unavailable,
)
from shared.messaging.failures import backoff, is_unavailable


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("away"),
        GatewayTimeout(),
        TooManyRequests(),
        ConnectionRefusedError(),
        psycopg.OperationalError("server closed the connection unexpectedly"),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.LockNotAvailable(),
        psycopg.errors.QueryCanceled(),
        exc.OperationalError("SELECT 1", {}, psycopg.OperationalError("gone")),
        exc.TimeoutError("no connection became free"),
    ],
)
def test_a_dependency_that_is_away_is_waited_for(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        KeyError("x"),
        TimeoutError("of the handler's own"),
        AppError("a defect"),
        BadRequest(),
        Invalid(),
        Conflict(),
        psycopg.errors.UniqueViolation(),
        psycopg.errors.ProgramLimitExceeded(),
        exc.OperationalError("INSERT", {}, psycopg.errors.ProgramLimitExceeded()),
        exc.IntegrityError("INSERT", {}, psycopg.errors.NotNullViolation()),
    ],
)
def test_anything_else_blames_the_message(error: Exception) -> None:
    assert not is_unavailable(error)


def test_waiting_times_double_up_to_the_cap_with_a_little_jitter() -> None:
    waits = list(islice(backoff(0.1, 1.0), 8))
    for wait, middle in zip(waits, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0], strict=True):
        assert 0.8 * middle <= wait <= 1.2 * middle
