"""Count reports when they are due: one thread a process, one process a report."""

from __future__ import annotations

import threading

from hubs.intelligence_hub.reports.service import build
from shared.app import Resources
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_LOOK_EVERY_S = 30.0


def run_due_reports(resources: Resources) -> int:
    """Count what is due, each report in a transaction of its own; return how many there were."""
    count = 0
    while True:
        with transaction(resources.sessionmaker) as session:
            name = build(session, resources).run_due()
        if not name:
            return count
        log.info("report counted", report=name)
        count += 1


def start_reporting(resources: Resources) -> None:
    """Look for due reports in a thread of this process."""

    def run() -> None:
        while not resources.stop.wait(_LOOK_EVERY_S):
            try:
                run_due_reports(resources)
            except AppError as error:
                log.warning("reports wait", error=error.detail)

    threading.Thread(target=run, name="report-clock", daemon=True).start()
