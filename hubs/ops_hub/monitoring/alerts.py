"""Alerts: what fires now is held in memory and written behind, for the database may be what fires.

Each part of the hub declares what ought to fire; the book finds out what is new and what is over. What
Alertmanager's webhook brings (prometheus.io/docs/alerting: version 4) is durable before it is answered.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.monitoring.repository import MonitoringRepository
from hubs.ops_hub.monitoring.schemas import AlertRead, SilenceRead, WebhookIn
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_ROUND_S = 2.0
_MAX_FIRING = 2_000


@dataclass(frozen=True)
class AlertSpec:
    """An alert that ought to fire: its labels are its identity."""

    name: str
    severity: str
    labels: tuple[tuple[str, str], ...]
    summary_en: str
    summary_fr: str
    runbook: str = ""

    @property
    def fingerprint(self) -> str:
        """Return the identity as Alertmanager would have one: 16 hexadecimal digits."""
        text = "\x1f".join([self.name, *(f"{key}\x1e{value}" for key, value in sorted(self.labels))])
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass
class Held:
    """An alert in memory; ``owner`` is the part that declared it, empty for one that came in."""

    fingerprint: str
    name: str
    status: str
    severity: str
    group_key: str
    labels: dict[str, Any]
    annotations: dict[str, Any]
    starts_at: datetime
    ends_at: datetime | None
    received_at: datetime
    id: UUID = field(default_factory=new_id)
    notified_at: datetime | None = None
    owner: str = ""

    def row(self) -> dict[str, Any]:
        """Return the values of its row."""
        values = asdict(self)
        del values["owner"]
        return values


class AlertBook:
    """What fires, what is silenced, and what is a consequence of something else that fires."""

    def __init__(self, sessions: sessionmaker[Session], now: Callable[[], datetime] = utc_now) -> None:
        self._sessions = sessions
        self._now = now
        self._lock = threading.RLock()
        self._firing: dict[str, Held] = {}
        self._unwritten: dict[tuple[str, datetime], Held] = {}
        self._silences: list[SilenceRead] = []
        self._explained: dict[str, str] = {}
        self._incident_ended_at: datetime | None = None
        self._is_loaded = False

    def declare(self, owner: str, specs: Iterable[AlertSpec]) -> None:
        """Take what ought to fire by the judgement of one part of the hub, and nothing else of that part."""
        wanted = {spec.fingerprint: spec for spec in specs}
        now = self._now()
        with self._lock:
            for fingerprint, held in list(self._firing.items()):
                if held.owner == owner and fingerprint not in wanted:
                    self._end(held, now)
            for fingerprint, spec in wanted.items():
                if fingerprint not in self._firing and len(self._firing) < _MAX_FIRING:
                    self._begin(_held_of(spec, owner, now))

    def explain(self, explained: dict[str, str]) -> None:
        """Say which alert (by fingerprint) explains the failure of each target; empty: no incident is on."""
        with self._lock:
            if self._explained and not explained:
                self._incident_ended_at = self._now()
            self._explained = explained

    def has_incident_within(self, span: timedelta) -> bool:
        """Tell whether a root cause is known to fail, or did within the last ``span``."""
        with self._lock:
            ended_at = self._incident_ended_at
            return bool(self._explained) or (ended_at is not None and self._now() - ended_at < span)

    def receive(self, webhook: WebhookIn) -> int:
        """Take what Alertmanager sends (again and again until it ends); return how many, once durable.

        Raises: Unavailable.
        """
        now = self._now()
        came = [_held_from(webhook, index, now) for index in range(len(webhook.alerts))]
        with transaction(self._sessions) as session:
            repository = MonitoringRepository(session)
            for held in came:
                repository.put_alert(held.row())
        with self._lock:
            for held in came:
                before = self._firing.get(held.fingerprint)
                if held.status == "firing" and before is None and len(self._firing) < _MAX_FIRING:
                    self._firing[held.fingerprint] = held
                elif held.status == "resolved" and before is not None:
                    del self._firing[held.fingerprint]
        return len(came)

    def firing(self) -> list[AlertRead]:
        """Return what fires now, newest first, from memory."""
        with self._lock:
            found = [self.shown(AlertRead.model_validate(held.row())) for held in self._firing.values()]
        return sorted(found, key=lambda row: row.starts_at, reverse=True)

    def ended(self) -> list[AlertRead]:
        """Return what is over but not written yet."""
        with self._lock:
            rows = [AlertRead.model_validate(h.row()) for h in self._unwritten.values() if h.ends_at]
            return [self.shown(row) for row in rows]

    def shown(self, row: AlertRead) -> AlertRead:
        """Return an alert with the silence that covers it and the alert that explains it."""
        now = self._now()
        with self._lock:
            for silence in self._silences:
                is_active = silence.starts_at <= now < silence.ends_at
                if is_active and silence.matchers.items() <= row.labels.items():
                    row.silenced_by = silence.id
                    break
            target = str(row.labels.get("hub") or row.labels.get("target") or "")
            explanation = self._explained.get(target)
            if row.status == "firing" and explanation and explanation != row.fingerprint:
                row.inhibited_by = explanation
        return row

    def mark_notified(self, fingerprints: set[str]) -> None:
        """Note that somebody was told of these."""
        now = self._now()
        with self._lock:
            for held in self._firing.values():
                if held.fingerprint in fingerprints:
                    held.notified_at = now
                    self._unwritten[held.fingerprint, held.starts_at] = held

    def set_silences(self, silences: list[SilenceRead]) -> None:
        """Know these silences from now on."""
        with self._lock:
            self._silences = silences

    def run(self, stop: threading.Event) -> None:
        """Write what is not written yet, and read the silences, until told to stop; the thread's body."""
        while True:
            try:
                self.write()
            except AppError as error:
                log.warning("alerts wait for the database", error=error.detail)
            if stop.wait(_ROUND_S):
                return

    def write(self) -> None:
        """Write behind what changed, read the silences, and once what fired before this process.

        Raises: Unavailable.
        """
        with self._lock:
            rows = list(self._unwritten.items())
        with transaction(self._sessions) as session:
            repository = MonitoringRepository(session)
            if not self._is_loaded:
                self._load(repository)
            for _, held in rows:
                repository.put_alert(held.row())
            silences = [SilenceRead.model_validate(row) for row in repository.silences(self._now())]
        with self._lock:
            self._is_loaded = True
            self._silences = silences
            for key, held in rows:
                if self._unwritten.get(key) is held:
                    del self._unwritten[key]

    def _load(self, repository: MonitoringRepository) -> None:
        with self._lock:
            for row in repository.firing():
                values = {c.name: getattr(row, c.name) for c in row.__table__.columns}
                held = Held(**values, owner=str(row.labels.get("owner", "")))
                known = self._firing.get(held.fingerprint)
                if known is None:
                    self._firing[held.fingerprint] = held
                elif known.starts_at != held.starts_at:
                    # This process has raised it anew: the earlier one ends where the new one begins.
                    ended = replace(held, status="resolved", ends_at=known.starts_at)
                    self._unwritten[ended.fingerprint, ended.starts_at] = ended

    def _begin(self, held: Held) -> None:
        self._firing[held.fingerprint] = held
        self._unwritten[held.fingerprint, held.starts_at] = held

    def _end(self, held: Held, now: datetime) -> None:
        del self._firing[held.fingerprint]
        ended = replace(held, status="resolved", ends_at=now)
        self._unwritten[ended.fingerprint, ended.starts_at] = ended
        while len(self._unwritten) > _MAX_FIRING:
            del self._unwritten[next(iter(self._unwritten))]


def _held_of(spec: AlertSpec, owner: str, now: datetime) -> Held:
    labels = {"alertname": spec.name, "severity": spec.severity, "owner": owner, **dict(spec.labels)}
    annotations = {
        "summary": spec.summary_en,
        "summary_en": spec.summary_en,
        "summary_fr": spec.summary_fr,
        "runbook": spec.runbook,
    }
    group = f'ops_hub:{{alertname="{spec.name}"}}'
    return Held(
        spec.fingerprint, spec.name, "firing", spec.severity, group, labels, annotations, now, None, now,
        owner=owner,
    )  # fmt: skip


def _held_from(webhook: WebhookIn, index: int, now: datetime) -> Held:
    alert = webhook.alerts[index]
    # While it fires, Alertmanager sends the year 1 for an end that is not known.
    ends_at = (
        alert.ends_at if alert.status == "resolved" and alert.ends_at and alert.ends_at.year > 1 else None
    )
    return Held(
        alert.fingerprint,
        alert.labels.get("alertname", ""),
        alert.status,
        alert.labels.get("severity", "none"),
        webhook.group_key,
        dict(alert.labels),
        dict(alert.annotations),
        alert.starts_at,
        ends_at or (now if alert.status == "resolved" else None),
        now,
    )
