"""Every query of monitoring."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from hubs.ops_hub.monitoring.models import Alert, MetricSample, Silence

RING = timedelta(hours=24)


class MonitoringRepository:
    """Samples, alerts and silences."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_samples(self, at: datetime, values: dict[str, float]) -> None:
        """Keep values and drop what is older than the ring."""
        rows = [{"series": series, "at": at, "value": value} for series, value in values.items()]
        if rows:
            self._session.execute(insert(MetricSample), rows)
        self._session.execute(delete(MetricSample).where(MetricSample.at < at - RING))

    def history(self, series: str, since: datetime) -> list[tuple[datetime, float]]:
        """Return one series, oldest first."""
        query = (
            select(MetricSample.at, MetricSample.value)
            .where(MetricSample.series == series, MetricSample.at >= since)
            .order_by(MetricSample.at)
        )
        return [(at, value) for at, value in self._session.execute(query)]

    def series(self) -> list[str]:
        """Return the names of all series."""
        query = select(MetricSample.series).distinct().order_by(MetricSample.series)
        return list(self._session.scalars(query))

    def totals(self, series: list[str], since: datetime) -> dict[str, tuple[float, int]]:
        """Return the sum and the number of the samples of each series since a moment."""
        query = (
            select(MetricSample.series, func.sum(MetricSample.value), func.count())
            .where(MetricSample.series.in_(series), MetricSample.at >= since)
            .group_by(MetricSample.series)
        )
        return {name: (float(total), count) for name, total, count in self._session.execute(query)}

    def weighted_mean(self, series: str, weight: str, since: datetime) -> tuple[float | None, int]:
        """Return the mean of a series weighted by another one, and of how many samples."""
        by = aliased(MetricSample)
        query = (
            select(func.sum(MetricSample.value * by.value), func.sum(by.value), func.count())
            .join(by, and_(by.at == MetricSample.at, by.series == weight))
            .where(MetricSample.series == series, MetricSample.at >= since)
        )
        total, weights, count = self._session.execute(query).one()
        return (float(total) / float(weights) if weights else None), count

    def put_alert(self, values: dict[str, Any]) -> None:
        """Insert an alert, or bring the one of the same fingerprint and start up to date."""
        changed = {
            k: values[k]
            for k in ("status", "ends_at", "labels", "annotations", "received_at", "severity", "notified_at")
        }
        if changed["notified_at"] is None:
            # Alertmanager sends the same alert again and again; that somebody was told of it stays known.
            del changed["notified_at"]
        self._session.execute(
            upsert(Alert)
            .values(values)
            .on_conflict_do_update(index_elements=["fingerprint", "starts_at"], set_=changed)
        )

    def alerts(self, status: str, limit: int) -> list[Alert]:
        """Return alerts, newest first."""
        query = select(Alert)
        if status:
            query = query.where(Alert.status == status)
        return list(self._session.scalars(query.order_by(Alert.starts_at.desc(), Alert.id).limit(limit)))

    def drop_alerts(self, ended_before: datetime) -> None:
        """Delete alerts and silences that ended before a moment."""
        self._session.execute(delete(Alert).where(Alert.ends_at < ended_before))
        self._session.execute(delete(Silence).where(Silence.ends_at < ended_before))

    def firing(self) -> list[Alert]:
        """Return the alerts that fire, oldest first."""
        query = select(Alert).where(Alert.status == "firing").order_by(Alert.starts_at, Alert.id)
        return list(self._session.scalars(query))

    def silences(self, now: datetime, *, with_past: bool = False) -> list[Silence]:
        """Return silences that are not over, or all."""
        query = select(Silence)
        if not with_past:
            query = query.where(Silence.ends_at > now)
        return list(self._session.scalars(query.order_by(Silence.starts_at)))

    def add_silence(self, silence: Silence) -> None:
        """Keep a silence."""
        self._session.add(silence)
        self._session.flush()

    def find_silence(self, silence_id: UUID) -> Silence | None:
        """Return a silence."""
        return self._session.get(Silence, silence_id)
