"""``python -m hubs.business_hub.beat``: Celery beat over the schedules in the database, one active."""

from __future__ import annotations

import sys
import time
from typing import Any, ClassVar

from celery.beat import Scheduler
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.celery_app import build_celery, say_alive
from hubs.business_hub.importer import open_importer
from hubs.business_hub.queue.dependencies import build_schedules
from hubs.business_hub.settings import BusinessSettings
from shared.app import Resources, open_probe
from shared.core.errors import AppError, Invalid
from shared.db.session import transaction
from shared.logging import configure_logging, get_logger
from shared.reporting import report_errors

log = get_logger(__name__)
TICK_S = 5.0
_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended('business.beat', 7))")
_ALIVE = text("SELECT 1")


class DatabaseScheduler(Scheduler):  # type: ignore[misc]
    """Fires what is due; the lock of its database connection says which of several beats is active."""

    resources: ClassVar[Resources]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connection: Connection | None = None
        self._said_at = float("-inf")
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Take nothing from Celery's own configuration: schedules are rows."""

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Fire once and return the seconds until the next look."""
        try:
            if self._is_active():
                self._fire()
        except (AppError, SQLAlchemyError) as error:
            log.warning("beat waits for the database", error=str(error))
            self._let_go()
        return TICK_S

    def close(self) -> None:
        """Let another beat take over."""
        self._let_go()

    def _is_active(self) -> bool:
        if self._connection is not None:
            # With the connection the lock is lost: then this raises, and the next tick asks anew.
            self._connection.execute(_ALIVE)
            return True
        connection = self.resources.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.scalar(_LOCK):
            log.info("beat is active")
            self._connection = connection
            return True
        connection.close()
        return False

    def _fire(self) -> None:
        if time.monotonic() - self._said_at > 4 * TICK_S:
            say_alive(self.resources, "beat")
            self._said_at = time.monotonic()
        with transaction(self.resources.sessionmaker) as session:
            fired = build_schedules(self.resources, session).fire_due()
        if fired:
            log.info("schedules fired", jobs=fired)

    def _let_go(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # Given back to nobody: the lock must not live on in the pool.
            connection.invalidate()
            connection.close()


def run_beat(settings: BusinessSettings | None = None) -> None:
    """Fire schedules until SIGTERM.

    Raises: Invalid when no RabbitMQ is configured: then the hub itself fires them.
    """
    settings = settings or BusinessSettings()
    if not settings.rabbit.url:
        raise Invalid("Celery beat needs OP_RABBIT__URL; without it the hub fires the schedules itself")
    configure_logging("beat", settings.log_level, settings.log_format)
    resources = open_importer(settings)
    with resources.stack:
        resources.stack.callback(report_errors(settings, "celery-beat").close)
        DatabaseScheduler.resources = resources
        open_probe(resources)
        app = build_celery(settings)
        beat = app.Beat(
            scheduler_cls=DatabaseScheduler, max_interval=TICK_S, loglevel=settings.log_level, quiet=True
        )
        beat.run()


def main() -> int:
    """Run as a program."""
    try:
        run_beat()
    except Invalid as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
