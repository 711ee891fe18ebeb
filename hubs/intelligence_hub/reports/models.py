"""Reports and their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hubs.intelligence_hub.base import Model


class Report(Model):
    """What is counted, with which values, how often."""

    __tablename__ = "report"
    __table_args__ = (Index("ix_report_next_at", "next_at"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    title_en: Mapped[str]
    title_fr: Mapped[str]
    kind: Mapped[str]
    subject: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    every: Mapped[str]
    weekday: Mapped[int]
    hour: Mapped[int]
    time_zone: Mapped[str]
    keep: Mapped[int]
    is_enabled: Mapped[bool]
    author: Mapped[str]
    next_at: Mapped[datetime]


class ReportRun(Model):
    """One counting of a report."""

    __tablename__ = "report_run"
    __table_args__ = (Index("ix_report_run_report", "report", "started_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    report: Mapped[str]
    due_at: Mapped[datetime]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    outcome: Mapped[str]
    error: Mapped[str]
    as_of_seq: Mapped[int | None]
    columns: Mapped[list[str]]
    rows: Mapped[list[Any]]
    is_cut: Mapped[bool]
