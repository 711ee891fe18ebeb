"""Tables of health: incidents with their timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from hubs.ops_hub.base import Model
from shared.db.base import HasId


class Incident(HasId, Model):
    """One root cause from its first failure to its recovery."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_started_at", "started_at"),)

    root: Mapped[str]
    reason: Mapped[str]
    affected: Mapped[list[str]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    timeline: Mapped[list[dict[str, Any]]]
