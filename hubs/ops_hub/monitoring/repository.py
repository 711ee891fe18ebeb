"""Every query of monitoring."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

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

    def summary(self, suffix: str, since: datetime) -> tuple[int, float | None]:
        """Return the number of samples and their mean over all series that end with ``suffix``."""
        query = select(func.count(), func.avg(MetricSample.value)).where(
            MetricSample.series.endswith(suffix, autoescape=True), MetricSample.at >= since
        )
        count, mean = self._session.execute(query).one()
        return count, None if mean is None else float(mean)

    def put_alert(self, values: dict[str, Any]) -> None:
        """Insert an alert, or bring the one of the same fingerprint and start up to date."""
        changed = {
            k: values[k] for k in ("status", "ends_at", "labels", "annotations", "received_at", "severity")
        }
        self._session.execute(
            upsert(Alert)
            .values(values)
            .on_conflict_do_update(index_elements=["fingerprint", "starts_at"], set_=changed)
        )

    def alerts(self, status: str = "") -> Select[Alert]:
        """Return the query of alerts, newest first."""
        query = select(Alert)
        if status:
            query = query.where(Alert.status == status)
        return query.order_by(Alert.starts_at.desc(), Alert.id)

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
