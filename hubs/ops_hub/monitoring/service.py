"""Monitoring: history, alerts with their silences, and the objectives the platform is measured by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.ops_hub.monitoring.alerts import AlertBook, AlertSpec
from hubs.ops_hub.monitoring.errors import BadSilence, SeriesNotFound, SilenceNotFound
from hubs.ops_hub.monitoring.models import Silence
from hubs.ops_hub.monitoring.objectives import Objectives
from hubs.ops_hub.monitoring.repository import MonitoringRepository
from hubs.ops_hub.monitoring.sampling import UNITS
from hubs.ops_hub.monitoring.schemas import (
    AlertGroup,
    AlertRead,
    History,
    Objective,
    Point,
    SilenceCreate,
)
from shared.core.clock import utc_now
from shared.core.ids import new_id

_LONGEST_SILENCE = timedelta(days=90)
_SEVERITIES = ("critical", "warning", "info")


__all__ = ["AlertBook", "AlertSpec", "MonitoringService", "build", "grouped"]


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

    def alerts(self, status: str, limit: int) -> list[AlertRead]:
        """Return alerts, newest first."""
        return [AlertRead.model_validate(row) for row in self._repository.alerts(status, limit)]

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
        return Objectives(self._repository, self._now()).all()


def grouped(alerts: list[AlertRead]) -> list[AlertGroup]:
    """Return alerts by the key under which they are told, the worst group first."""
    members: dict[str, list[AlertRead]] = {}
    for alert in alerts:
        members.setdefault(alert.group_key, []).append(alert)
    groups = [
        AlertGroup(
            group_key=key,
            name=rows[0].name,
            severity=min((row.severity for row in rows), key=_rank),
            firing=len(rows),
            silenced=sum(row.silenced_by is not None for row in rows),
            inhibited=sum(row.inhibited_by is not None for row in rows),
            alerts=rows,
        )
        for key, rows in members.items()
    ]
    return sorted(groups, key=lambda group: (_rank(group.severity), group.group_key))


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def build(session: Session) -> MonitoringService:
    """Return the service over a session."""
    return MonitoringService(MonitoringRepository(session))
