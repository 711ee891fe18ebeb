"""Reports: counted when they are due, each run kept with what was counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.service import AnalyticsService
from hubs.intelligence_hub.analytics.service import build as build_analytics
from hubs.intelligence_hub.queries.schemas import MAX_ROWS
from hubs.intelligence_hub.queries.service import QueryService
from hubs.intelligence_hub.queries.service import build as build_queries
from hubs.intelligence_hub.reports.errors import ReportExists, ReportNotFound, RunNotFound
from hubs.intelligence_hub.reports.models import Report, ReportRun
from hubs.intelligence_hub.reports.repository import ReportRepository
from hubs.intelligence_hub.reports.schedule import next_due
from hubs.intelligence_hub.reports.schemas import (
    ReportCreate,
    ReportRead,
    ReportWrite,
    RunDetail,
    RunRead,
)
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.http.json import dumps, loads


class ReportService:
    """Keeps reports and counts them."""

    def __init__(
        self,
        repository: ReportRepository,
        indicators: AnalyticsService,
        queries: QueryService,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._indicators = indicators
        self._queries = queries
        self._now = now

    def list(self) -> list[ReportRead]:
        """Return the reports."""
        return [ReportRead.model_validate(row) for row in self._repository.list()]

    def get(self, name: str) -> ReportRead:
        """Return a report.

        Raises: ReportNotFound.
        """
        return ReportRead.model_validate(self._row(name))

    def create(self, form: ReportCreate, author: str) -> ReportRead:
        """Keep a new report once it was seen to count.

        Raises: ReportExists, and whatever the counting raises.
        """
        if self._repository.find(form.name) is not None:
            raise ReportExists(f"there is a report {form.name!r} already")
        self._counted(form.kind, form.subject, form.parameters)
        row = Report(**form.model_dump(), author=author, next_at=self._due(form))
        self._repository.add(row)
        return ReportRead.model_validate(row)

    def update(self, name: str, form: ReportWrite, author: str) -> ReportRead:
        """Keep a report's new terms once they were seen to count.

        Raises: ReportNotFound, and whatever the counting raises.
        """
        row = self._row(name)
        self._counted(form.kind, form.subject, form.parameters)
        for field, value in form.model_dump().items():
            setattr(row, field, value)
        row.author, row.next_at = author, self._due(form)
        return ReportRead.model_validate(row)

    def delete(self, name: str) -> None:
        """Remove a report with its runs.

        Raises: ReportNotFound.
        """
        self._repository.delete(self._row(name).name)

    def run(self, name: str) -> RunDetail:
        """Count a report now.

        Raises: ReportNotFound.
        """
        row = self._row(name)
        return RunDetail.model_validate(self._run(row, self._now()))

    def run_due(self) -> str:
        """Count one report that is due, and say which; empty when none is."""
        row = self._repository.due(self._now())
        if row is None:
            return ""
        due = row.next_at
        # What was missed while nothing ran is counted once, not once for each time.
        row.next_at = self._due(ReportWrite.model_validate(row, from_attributes=True, extra="ignore"))
        self._run(row, due)
        return row.name

    def runs(self, name: str, limit: int) -> Sequence[RunRead]:
        """Return the newest runs of a report.

        Raises: ReportNotFound.
        """
        return [RunRead.model_validate(row) for row in self._repository.runs(self._row(name).name, limit)]

    def run_of(self, name: str, run_id: UUID | None) -> RunDetail:
        """Return a run with its rows; without an id the newest that succeeded.

        Raises: ReportNotFound, RunNotFound.
        """
        row = self._repository.find_run(self._row(name).name, run_id)
        if row is None:
            raise RunNotFound(f"report {name!r} has no such run")
        return RunDetail.model_validate(row)

    def _run(self, report: Report, due: datetime) -> ReportRun:
        started = self._now()
        counted: dict[str, Any] = {"columns": [], "rows": [], "is_cut": False, "as_of_seq": None}
        outcome, error = "succeeded", ""
        try:
            counted = self._counted(report.kind, report.subject, report.parameters)
        except AppError as failure:
            outcome, error = "failed", failure.detail
        run = ReportRun(
            id=new_id(),
            report=report.name,
            due_at=due,
            started_at=started,
            finished_at=self._now(),
            outcome=outcome,
            error=error,
            **counted,
        )
        self._repository.add(run)
        self._repository.prune(report.name, report.keep)
        return run

    def _counted(self, kind: str, subject: str, parameters: dict[str, str]) -> dict[str, Any]:
        if kind == "query":
            found = self._queries.run(subject, parameters, is_fresh=True)
            return {
                "columns": found.columns,
                "rows": found.rows,
                "is_cut": found.is_cut,
                "as_of_seq": None,
            }
        result = self._indicators.compute(subject, parameters, MAX_ROWS)
        return {
            "columns": result.columns,
            # As they will be read again: dates as texts.
            "rows": loads(dumps([list(row.values()) for row in result.rows])),
            "is_cut": result.is_cut,
            "as_of_seq": result.as_of_seq,
        }

    def _due(self, form: ReportWrite) -> datetime:
        return next_due(form.every, form.weekday, form.hour, form.time_zone, self._now())

    def _row(self, name: str) -> Report:
        row = self._repository.find(name)
        if row is None:
            raise ReportNotFound(f"no report {name!r}")
        return row


def build(session: Session, resources: Resources) -> ReportService:
    """Return the service for one transaction."""
    return ReportService(
        ReportRepository(session), build_analytics(session), build_queries(session, resources)
    )
