"""The decision log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model


class DecisionLog(Model):
    """One decision, made here or reported by an OPA; the same labels.id and decision_id come once."""

    __tablename__ = "decision_log"
    __table_args__ = (
        Index("ix_decision_log_made_at", "made_at"),
        Index("ix_decision_log_path", "path", "made_at"),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    decision_id: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str]
    made_at: Mapped[datetime]
    input: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    result: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    is_defined: Mapped[bool]
    erased: Mapped[list[str]]
    requested_by: Mapped[str]
    revision: Mapped[str]
    duration_ms: Mapped[float]
    trace_id: Mapped[str]
