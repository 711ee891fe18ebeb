"""Every query of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, defer

from hubs.intelligence_hub.reports.models import Report, ReportRun


class ReportRepository:
    """Keeps reports and their runs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str) -> Report | None:
        """Return a report."""
        return self._session.get(Report, name)

    def list(self) -> list[Report]:
        """Return every report by name."""
        return list(self._session.scalars(select(Report).order_by(Report.name)))

    def due(self, now: datetime) -> Report | None:
        """Take a report that is due; others leave it alone until this transaction ends."""
        query = (
            select(Report)
            .where(Report.is_enabled, Report.next_at <= now)
            .order_by(Report.next_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return self._session.scalars(query).first()

    def add(self, row: Report | ReportRun) -> None:
        """Keep a new row."""
        self._session.add(row)
        self._session.flush()

    def delete(self, name: str) -> None:
        """Remove a report with its runs."""
        self._session.execute(delete(ReportRun).where(ReportRun.report == name))
        self._session.execute(delete(Report).where(Report.name == name))

    def runs(self, name: str, limit: int) -> Sequence[ReportRun]:
        """Return the newest runs without their rows."""
        query = (
            select(ReportRun)
            .where(ReportRun.report == name)
            .order_by(ReportRun.started_at.desc(), ReportRun.id.desc())
            .limit(limit)
            .options(defer(ReportRun.rows), defer(ReportRun.columns))
        )
        return list(self._session.scalars(query))

    def find_run(self, name: str, run_id: UUID | None) -> ReportRun | None:
        """Return a run, or the newest that succeeded."""
        query = select(ReportRun).where(ReportRun.report == name)
        if run_id is not None:
            return self._session.scalars(query.where(ReportRun.id == run_id)).first()
        newest = query.where(ReportRun.outcome == "succeeded").order_by(
            ReportRun.started_at.desc(), ReportRun.id.desc()
        )
        return self._session.scalars(newest.limit(1)).first()

    def prune(self, name: str, keep: int) -> None:
        """Drop all but the newest runs of a report."""
        kept: Any = (
            select(ReportRun.id)
            .where(ReportRun.report == name)
            .order_by(ReportRun.started_at.desc(), ReportRun.id.desc())
            .limit(keep)
        )
        self._session.execute(
            delete(ReportRun).where(ReportRun.report == name, ReportRun.id.not_in(kept.scalar_subquery()))
        )
