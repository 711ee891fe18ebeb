"""What the pool of a process says of itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from sqlalchemy import Engine, QueuePool

from shared.metrics import Reading, Value


def pool_readings(engine: Engine, limit: int) -> list[Reading]:
    """Return the metrics of an engine's pool that opens at most ``limit`` connections."""

    def connections() -> Iterator[Value]:
        pool = cast(QueuePool, engine.pool)
        yield ("in_use",), pool.checkedout()
        yield ("idle",), pool.checkedin()
        yield ("limit",), limit

    return [Reading("db_pool_connections", "Connections to the database.", ("state",), connections)]
