"""What nobody came for is let go: runs that wait for a review, backups, the bytes of uploads."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.etl.dependencies import build_promotions
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_EVERY_S = 3_600.0


def start_tidying(resources: Resources) -> None:
    """Tidy every hour in a thread until the process stops."""
    thread = threading.Thread(target=_keep, args=(resources,), name="tidying", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 10.0)


def _keep(resources: Resources) -> None:
    while not resources.stop.wait(_EVERY_S):
        try:
            tidy_imports(resources)
        except (AppError, SQLAlchemyError) as error:
            log.warning("tidying failed; the next round comes", error=str(error))


def tidy_imports(resources: Resources) -> None:
    """Let go of what is older than the settings say; doing it twice is doing it once."""
    settings = settings_of(resources.settings)
    now = utc_now()
    with transaction(resources.sessionmaker) as session:
        dropped = build_promotions(resources, session).forget(
            now - timedelta(days=settings.imports.keep_days)
        )
        uploads = UploadRepository(session)
        uploads.forget_bytes(now - timedelta(days=settings.uploads.keep_bytes_days))
    if dropped:
        log.info("runs that nobody reviewed were dropped", runs=dropped)
