"""The keeper: a thread in each hub process, of which one at a time makes the rounds."""

from __future__ import annotations

import threading

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.queue.dependencies import build_keeping
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
SCRAPER_QUEUE = "scraper.jobs"
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('business.keeper', 7))")


def start_keeper(resources: Resources) -> None:
    """Make the rounds in a thread until the process stops."""
    thread = threading.Thread(target=_keep, args=(resources,), name="keeper", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 10.0)


def _keep(resources: Resources) -> None:
    interval = settings_of(resources.settings).jobs.keeper_interval_s
    while not resources.stop.wait(interval):
        try:
            make_round(resources)
        except (AppError, SQLAlchemyError) as error:
            log.warning("the keeper's round failed; the next one comes", error=str(error))


def make_round(resources: Resources) -> bool:
    """Look after the jobs once; False when another process is at it."""
    waiting = resources.bus.depth(SCRAPER_QUEUE)
    with transaction(resources.sessionmaker) as session:
        if not session.scalar(_LOCK):
            return False
        keeping = build_keeping(resources, session)
        keeping.end_overdue()
        keeping.dispatch_waiting()
        keeping.request_again(waiting)
        return True
