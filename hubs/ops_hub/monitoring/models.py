"""Tables of monitoring: a ring of samples, alerts as they came in, silences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hubs.ops_hub.base import Model
from shared.db.base import HasId


class MetricSample(Model):
    """One value of one series; rows older than the ring's length are deleted."""

    __tablename__ = "metric_sample"
    __table_args__ = (Index("ix_metric_sample_at", "at"),)

    series: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[float]


class Alert(HasId, Model):
    """An alert as Alertmanager (or this hub itself) sent it; one row per fingerprint and start."""

    __tablename__ = "alert"
    __table_args__ = (Index("ix_alert_fingerprint", "fingerprint", "starts_at", unique=True),)

    fingerprint: Mapped[str]
    name: Mapped[str]
    status: Mapped[str]
    severity: Mapped[str]
    group_key: Mapped[str]
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    notified_at: Mapped[datetime | None]


class Silence(HasId, Model):
    """Labels whose alerts are not passed on for a while, and why; a maintenance window starts later."""

    __tablename__ = "silence"

    matchers: Mapped[dict[str, Any]]
    reason: Mapped[str]
    created_by: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    is_maintenance: Mapped[bool] = mapped_column(default=False)
