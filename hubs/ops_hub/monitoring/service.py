"""Monitoring: history, alerts with their silences, and the objectives the platform is measured by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.ops_hub.monitoring.errors import BadSilence, SeriesNotFound, SilenceNotFound
from hubs.ops_hub.monitoring.models import Silence
from hubs.ops_hub.monitoring.repository import RING, MonitoringRepository
from hubs.ops_hub.monitoring.sampling import UNITS
from hubs.ops_hub.monitoring.schemas import (
    AlertRead,
    History,
    Objective,
    Point,
    SilenceCreate,
    WebhookIn,
)
from shared.core.clock import utc_now
from shared.core.ids import new_id

_LONGEST_SILENCE = timedelta(days=90)
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
AVAILABILITY_TARGET = 0.999
MEAN_TARGET_MS = 100.0


class MonitoringService:
    """Works in the caller's transaction."""

    def __init__(self, repository: MonitoringRepository, now: Callable[[], datetime] = utc_now) -> None:
        self._repository = repository
        self._now = now

    def history(self, series: str, minutes: int) -> History:
        """Return one series over the last minutes.

        Raises: SeriesNotFound.
        """
        points = self._repository.history(series, self._now() - timedelta(minutes=minutes))
        if not points and series not in self._repository.series():
            raise SeriesNotFound(f"no series {series!r}", known=self._repository.series())
        unit = UNITS.get(series.rpartition(":")[2], "")
        return History(series=series, unit=unit, points=[Point(at=at, value=value) for at, value in points])

    def series(self) -> list[str]:
        """Return the names of all series."""
        return self._repository.series()

    def receive(self, webhook: WebhookIn) -> int:
        """Take what Alertmanager sends (again and again until it ends); return how many alerts."""
        for alert in webhook.alerts:
            ends_at = alert.ends_at if alert.ends_at and alert.ends_at.year > _NEVER.year else None
            self._repository.put_alert(
                {
                    "id": new_id(),
                    "fingerprint": alert.fingerprint,
                    "name": alert.labels.get("alertname", ""),
                    "status": alert.status,
                    "severity": alert.labels.get("severity", "none"),
                    "group_key": webhook.group_key,
                    "labels": alert.labels,
                    "annotations": alert.annotations,
                    "starts_at": alert.starts_at,
                    "ends_at": ends_at if alert.status == "resolved" else None,
                    "received_at": self._now(),
                    "notified_at": None,
                }
            )
        return len(webhook.alerts)

    def alerts(self, session: Session, status: str, limit: int) -> list[AlertRead]:
        """Return alerts, newest first, each with the silence that covers it."""
        now = self._now()
        active = [s for s in self._repository.silences(now) if s.starts_at <= now]
        rows = [
            AlertRead.model_validate(row)
            for row in session.scalars(self._repository.alerts(status).limit(limit))
        ]
        for row in rows:
            covering = (s.id for s in active if s.matchers.items() <= row.labels.items())
            row.silenced_by = next(covering, None)
        return rows

    def silences(self) -> list[Silence]:
        """Return silences that are not over."""
        return self._repository.silences(self._now())

    def create_silence(self, create: SilenceCreate, actor: str) -> Silence:
        """Silence alerts with these labels for a while.

        Raises: BadSilence when it ends before it starts or lasts more than 90 days.
        """
        now = self._now()
        starts_at = create.starts_at or now
        if not starts_at < create.ends_at or create.ends_at <= now:
            raise BadSilence("a silence ends after it starts, and not in the past")
        if create.ends_at - starts_at > _LONGEST_SILENCE:
            raise BadSilence(f"a silence lasts at most {_LONGEST_SILENCE.days} days")
        silence = Silence(
            id=new_id(),
            matchers=dict(create.matchers),
            reason=create.reason,
            created_by=actor,
            starts_at=starts_at,
            ends_at=create.ends_at,
            is_maintenance=starts_at > now,
        )
        self._repository.add_silence(silence)
        return silence

    def end_silence(self, silence_id: UUID) -> Silence:
        """End a silence now.

        Raises: SilenceNotFound.
        """
        silence = self._repository.find_silence(silence_id)
        if silence is None:
            raise SilenceNotFound(f"no silence {silence_id}")
        silence.ends_at = min(silence.ends_at, self._now())
        return silence

    def objectives(self) -> list[Objective]:
        """Return the founding targets beside what the ring holds."""
        since = self._now() - RING
        samples, availability = self._repository.summary(":up", since)
        timed, mean_ms = self._repository.summary("ux:mean_ms", since)
        burn = None if availability is None else (1 - availability) / (1 - AVAILABILITY_TARGET)
        return [
            Objective(
                name_en="Availability of the hubs",
                name_fr="Disponibilité des pôles",
                target=AVAILABILITY_TARGET,
                unit="share of samples",
                measured=availability,
                is_met=None if availability is None else availability >= AVAILABILITY_TARGET,
                burn_rate=burn,
                samples=samples,
                caveat_en="measured on a single node over at most 24 hours, excluding the loss of the node",
                caveat_fr="mesuré sur un seul nœud sur 24 heures au plus, hors perte du nœud",
            ),
            Objective(
                name_en="Mean response time at the gateway",
                name_fr="Temps de réponse moyen à la passerelle",
                target=MEAN_TARGET_MS,
                unit="milliseconds",
                measured=mean_ms,
                is_met=None if mean_ms is None else mean_ms <= MEAN_TARGET_MS,
                samples=timed,
                caveat_en="mean of the means of 30-second spans in which there were requests",
                caveat_fr="moyenne des moyennes de périodes de 30 secondes avec des requêtes",
            ),
        ]


def build(session: Session) -> MonitoringService:
    """Return the service over a session."""
    return MonitoringService(MonitoringRepository(session))
