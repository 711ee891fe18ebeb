"""One SQLAlchemy engine per process: a small pool with time limits on everything."""

import sqlalchemy
from sqlalchemy import URL, Engine

from shared.db.pinging import ping_doubtful
from shared.db.types import json_dumps, json_loads
from shared.db.url import database_url
from shared.settings import HubSettings

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 10
POOL_RECYCLE_SECONDS = 1800
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000


def create_engine(
    settings: HubSettings, hub: str, *, url: URL | None = None, application_name: str = ""
) -> Engine:
    """Build the engine of one process of a hub; no connection is made yet.

    The limits (milliseconds) come from `settings.database`. In embedded mode the server is started when
    it does not run yet.
    """
    database = settings.database
    limits = {
        "statement_timeout": database.statement_timeout_ms,
        "lock_timeout": database.lock_timeout_ms,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
        "timezone": "UTC",
    }
    engine = sqlalchemy.create_engine(
        url or database_url(settings, hub),
        pool_size=database.pool_size,
        max_overflow=database.max_overflow,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_recycle=POOL_RECYCLE_SECONDS,
        # The one used last is taken first: it is the least in doubt, and knows its statements.
        pool_use_lifo=True,
        json_serializer=json_dumps,
        json_deserializer=json_loads,
        connect_args={
            "application_name": application_name or f"openpolicy-{hub}",
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
        },
    )
    ping_doubtful(engine)
    return engine
