"""The keeper: a thread in each hub process, of which one at a time makes the rounds."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hubs.business_hub.base import inbox
from hubs.business_hub.queue.dependencies import build_keeping, build_schedules
from hubs.business_hub.queue.repository.workers import WorkerRepository
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger
from shared.outbox.inbox import prune_inbox

log = get_logger(__name__)
BEAT_SILENCE = timedelta(seconds=60)
_TIDY_EVERY_S = 3_600.0
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('business.keeper', 7))")


def start_keeper(resources: Resources) -> None:
    """Make the rounds in a thread until the process stops."""
    thread = threading.Thread(target=_keep, args=(resources,), name="keeper", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 10.0)


def _keep(resources: Resources) -> None:
    interval = settings_of(resources.settings).jobs.keeper_interval_s
    since_tidy = _TIDY_EVERY_S
    while not resources.stop.wait(interval):
        try:
            make_round(resources)
            since_tidy += interval
            if since_tidy >= _TIDY_EVERY_S:
                tidy(resources)
                since_tidy = 0.0
        except (AppError, SQLAlchemyError) as error:
            log.warning("the keeper's round failed; the next one comes", error=str(error))


def make_round(resources: Resources) -> bool:
    """Look after jobs and schedules once; False when another process is at it."""
    with transaction(resources.sessionmaker) as session:
        if not session.scalar(_LOCK):
            return False
        keeping = build_keeping(resources, session)
        keeping.end_overdue()
        keeping.dispatch_waiting()
        doubtful = keeping.queues_in_doubt()
    # The broker is asked only about jobs that nobody took for long, and outside of any transaction.
    if empty := frozenset(queue for queue in doubtful if not resources.bus.depth(queue)):
        with transaction(resources.sessionmaker) as session:
            if session.scalar(_LOCK):
                build_keeping(resources, session).request_again(empty)
    with transaction(resources.sessionmaker) as session:
        fire_schedules(resources, session)
    return True


def fire_schedules(resources: Resources, session: Session) -> int:
    """Make the jobs that are due, unless Celery beat is alive and does it; return how many."""
    heard_at = WorkerRepository(session).last_heard("beat")
    if heard_at is not None and utc_now() - heard_at < BEAT_SILENCE:
        return 0
    return build_schedules(resources, session).fire_due()


def tidy(resources: Resources) -> None:
    """Forget what nobody asks for any more."""
    with transaction(resources.sessionmaker) as session:
        prune_inbox(session, inbox)
        WorkerRepository(session).forget(utc_now())
