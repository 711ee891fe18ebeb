"""Incidents: each root cause from its first failure to its recovery, with a timeline.

They are kept in memory and written behind: the database may be what an incident is about.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.health.models import Incident
from hubs.ops_hub.health.schemas import HealthRead, IncidentRead
from shared.core.clock import utc_now
from shared.core.errors import AppError, NotFound
from shared.core.ids import new_id
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_RETRY_S = 2.0
_MAX_TIMELINE = 200
KEPT = 200
"""Incidents that are remembered, those that are not over aside."""


@dataclass
class _Draft:
    root: str
    reason: str
    started_at: datetime
    id: UUID = field(default_factory=new_id)
    affected: list[str] = field(default_factory=list)
    ended_at: datetime | None = None
    timeline: list[dict[str, Any]] = field(default_factory=list)

    def add(self, event: str, **more: Any) -> None:
        if len(self.timeline) < _MAX_TIMELINE:
            self.timeline = [*self.timeline, {"at": utc_now().isoformat(), "event": event, **more}]


class IncidentBook:
    """Opens an incident for each new root cause and closes it when the root is up again."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._running: dict[str, _Draft] = {}
        self._known: dict[UUID, _Draft] = {}
        self._unwritten: set[UUID] = set()
        self._is_loaded = False

    def note(self, health: HealthRead) -> None:
        """Compare the roots with the running incidents; costs no time, whatever the database does."""
        targets = {row.name: row for row in health.targets}
        with self._lock:
            for root in health.roots:
                affected = sorted(row.name for row in health.targets if root in row.caused_by)
                draft = self._running.get(root)
                if draft is None:
                    reason = targets[root].reason
                    draft = _Draft(root, reason, targets[root].since or utc_now())
                    draft.affected = affected
                    draft.add("down", reason=reason, affected=affected)
                    self._running[root] = draft
                    self._keep(draft)
                elif more := sorted(set(affected) - set(draft.affected)):
                    draft.add("spread", affected=more)
                    draft.affected = sorted({*draft.affected, *more})
                    self._keep(draft)
            for root, draft in list(self._running.items()):
                # A target that is no longer watched will never be seen up again.
                if root not in targets or targets[root].state in ("up", "degraded"):
                    draft.ended_at = utc_now()
                    draft.add("up" if root in targets else "unwatched")
                    del self._running[root]
                    self._keep(draft)

    def run(self, stop: threading.Event) -> None:
        """Write what is not written yet until told to stop; the thread's body."""
        while True:
            is_done = self._write()
            if stop.is_set():
                return
            if is_done:
                self._wake.wait(_RETRY_S)
                self._wake.clear()
            else:
                stop.wait(_RETRY_S)

    def recent(self, limit: int) -> list[IncidentRead]:
        """Return incidents, newest first, from memory: the latest ones, whatever the database does."""
        with self._lock:
            drafts = sorted(self._known.values(), key=lambda draft: draft.started_at, reverse=True)[:limit]
            return [IncidentRead.model_validate(asdict(draft)) for draft in drafts]

    def add_note(self, incident_id: UUID, text_en: str, text_fr: str, author: str) -> IncidentRead:
        """Say something about an incident in its timeline.

        Raises: NotFound when it is not one of the latest.
        """
        with self._lock:
            draft = self._known.get(incident_id)
            if draft is None:
                raise NotFound(f"no incident {incident_id}")
            draft.add("note", text_en=text_en, text_fr=text_fr, by=author)
            self._keep(draft)
            return IncidentRead.model_validate(asdict(draft))

    def _keep(self, draft: _Draft) -> None:
        self._known[draft.id] = draft
        self._unwritten.add(draft.id)
        self._forget()
        self._wake.set()

    def _forget(self) -> None:
        ended = [draft for draft in self._known.values() if draft.ended_at is not None]
        for draft in sorted(ended, key=lambda draft: draft.started_at)[: max(0, len(ended) - KEPT)]:
            del self._known[draft.id]
            self._unwritten.discard(draft.id)

    def _write(self) -> bool:
        with self._lock:
            rows = [asdict(self._known[incident_id]) for incident_id in self._unwritten]
        if self._is_loaded and not rows:
            return True
        try:
            with transaction(self._sessions) as session:
                if not self._is_loaded:
                    self._load(session)
                for row in rows:
                    changed = {name: row[name] for name in ("affected", "ended_at", "timeline", "reason")}
                    session.execute(
                        insert(Incident)
                        .values(row)
                        .on_conflict_do_update(index_elements=["id"], set_=changed)
                    )
        except AppError as error:
            log.warning("incidents wait for the database", error=error.detail)
            return False
        with self._lock:
            for row in rows:
                draft = self._known.get(row["id"])
                # What was added meanwhile goes with the next round.
                if draft is None or draft.timeline == row["timeline"]:
                    self._unwritten.discard(row["id"])
            return not self._unwritten

    def _load(self, session: Session) -> None:
        """Take up what an earlier process left running, unless this one has begun it anew."""
        newest = Incident.started_at.desc()
        rows = session.scalars(
            select(Incident).order_by(Incident.ended_at.is_(None).desc(), newest, Incident.id).limit(KEPT)
        )
        with self._lock:
            for row in rows:
                values = (row.root, row.reason, row.started_at, row.id, row.affected, row.ended_at)
                draft = _Draft(*values, row.timeline)
                self._known.setdefault(draft.id, draft)
                if draft.ended_at is None and row.root not in self._running:
                    self._running[row.root] = draft
                elif draft.ended_at is None:
                    draft.ended_at = utc_now()
                    draft.add("up")
                    self._keep(draft)
        self._is_loaded = True
