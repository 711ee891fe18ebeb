"""What of the error reports ought to wake somebody: problems that are new or back, tasks that did not run."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.error_reporting.models import ErrorIssue
from hubs.ops_hub.error_reporting.service import build
from hubs.ops_hub.monitoring.service import AlertBook, AlertSpec
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
LOUD_FOR = timedelta(hours=1)
AFTERMATH = timedelta(seconds=60)
"""How long after the end of an incident its consequences may still come in."""
_EVERY_S = 5.0
_RUNBOOK = "docs/runbooks/errors.md"


class ErrorAlerts:
    """Declares one alert per loud problem and per missed task, whatever the number of their reports."""

    def __init__(self, sessions: sessionmaker[Session], book: AlertBook) -> None:
        self._sessions = sessions
        self._book = book
        self._excused: set[str] = set()
        """Problems that came while a known cause was failing: consequences of it, no alerts."""
        self._calm_since = utc_now()

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop; the thread's body."""
        while not stop.wait(_EVERY_S):
            try:
                self.look()
            except AppError as error:
                log.warning("the problems cannot be looked at", error=error.detail)

    def look(self) -> None:
        """Look once.

        Raises: Unavailable.
        """
        with transaction(self._sessions) as session:
            service = build(session)
            service.wake_muted()
            loud = {_identity(issue): issue for issue in service.loud_issues(LOUD_FOR)}
            late = [_of_monitor(row.slug, why) for row, why in service.missed_monitors()]
        if self._book.has_incident_within(AFTERMATH):
            self._calm_since = utc_now()
            self._excused |= set(loud)
        # What goes on when the cause is mended is a problem of its own.
        self._excused &= {key for key, issue in loud.items() if issue.last_seen <= self._calm_since}
        issues = [_of_issue(issue) for key, issue in loud.items() if key not in self._excused]
        self._book.declare("errors", [*issues, *late])


def _identity(issue: ErrorIssue) -> str:
    # A problem that comes back later is looked at anew.
    return f"{issue.id} {issue.regressed_at}"


def _of_issue(issue: ErrorIssue) -> AlertSpec:
    is_back = issue.regressed_at is not None
    return AlertSpec(
        "IssueRegressed" if is_back else "IssueNew",
        "critical" if issue.level == "fatal" else "warning",
        (("issue", str(issue.id)), ("project", str(issue.project_id))),
        f"{'It is back' if is_back else 'New'}: {issue.title} ({issue.culprit})",
        f"{'Il est de retour' if is_back else 'Nouveau'} : {issue.title} ({issue.culprit})",
        _RUNBOOK,
    )


def _of_monitor(slug: str, why: str) -> AlertSpec:
    return AlertSpec(
        "MonitorMissed",
        "warning",
        (("monitor", slug),),
        f"The task {slug} {why}",
        f"La tâche {slug} n’a pas fait ce qu’elle devait : {why}",
        _RUNBOOK,
    )
