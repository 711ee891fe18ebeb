"""Retention: sensitive values past their time are deleted, once a day; proofs and checkpoints stay."""

from __future__ import annotations

import threading
from datetime import timedelta

from hubs.intelligence_hub.audit.service import build
from hubs.intelligence_hub.settings import IntelligenceSettings
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_EVERY_S = 86_400.0
_FIRST_S = 60.0


def expire_entries(resources: Resources) -> int:
    """Delete what is past its retention and sign a checkpoint of it; return how many values went."""
    days = IntelligenceSettings.of(resources.settings).audit.retention_days
    if not days:
        return 0
    with transaction(resources.sessionmaker) as session:
        service = build(session, resources)
        count = service.expire(utc_now() - timedelta(days=days))
        if count:
            service.checkpoint()
    return count


def start_retention(resources: Resources) -> None:
    """Look once a day, in a thread of this process."""

    def run() -> None:
        pause = _FIRST_S
        while not resources.stop.wait(pause):
            pause = _EVERY_S
            try:
                if count := expire_entries(resources):
                    log.info("audit values expired", count=count)
            except AppError as error:
                log.warning("audit retention waits", error=error.detail)

    threading.Thread(target=run, name="audit-retention", daemon=True).start()
