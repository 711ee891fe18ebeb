"""Incidents: each root cause from its first failure to its recovery, with a timeline."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.health.models import Incident
from hubs.ops_hub.health.schemas import HealthRead
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)


class IncidentBook:
    """Opens an incident for each new root cause and closes it when the root is up again."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._open: set[str] = set()

    def note(self, health: HealthRead) -> None:
        """Compare the roots with the open incidents; keeps for the next poll what cannot be written now."""
        roots = set(health.roots)
        if roots == self._open and not roots:
            return
        try:
            with transaction(self._sessions) as session:
                self._open = note_roots(session, health)
        except AppError as error:
            log.warning("incidents wait for the database", error=error.detail)


def note_roots(session: Session, health: HealthRead) -> set[str]:
    """Bring the incidents up to date and return the roots that are open now."""
    now = utc_now()
    running = {row.root: row for row in session.scalars(select(Incident).where(Incident.ended_at.is_(None)))}
    targets = {row.name: row for row in health.targets}
    for root in health.roots:
        affected = sorted(row.name for row in health.targets if root in row.caused_by)
        if root not in running:
            entry = {"at": now.isoformat(), "event": "down", "reason": targets[root].reason}
            session.add(
                Incident(
                    id=new_id(),
                    root=root,
                    reason=targets[root].reason,
                    affected=affected,
                    started_at=targets[root].since or now,
                    timeline=[entry],
                )
            )
        elif set(affected) - set(running[root].affected):
            row = running[root]
            row.timeline = [*row.timeline, {"at": now.isoformat(), "event": "spread", "affected": affected}]
            row.affected = sorted({*row.affected, *affected})
    for root, row in running.items():
        if root not in health.roots and targets.get(root) is not None and targets[root].state == "up":
            row.ended_at = now
            row.timeline = [*row.timeline, {"at": now.isoformat(), "event": "up"}]
    return set(health.roots)


def recent_incidents(limit: int) -> Select[Incident]:
    """Return the query of incidents, newest first."""
    return select(Incident).order_by(Incident.started_at.desc(), Incident.id).limit(limit)
