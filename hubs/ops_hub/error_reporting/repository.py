"""Every query of error reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.ops_hub.error_reporting.models import ErrorEvent, ErrorIssue, ErrorMonitor, ErrorProject


class ErrorRepository:
    """Projects, issues, events and check-ins."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ensure_project(self, name: str, key: str, now: datetime) -> ErrorProject:
        """Return a project, made when it is missing."""
        self._session.execute(
            insert(ErrorProject)
            .values(name=name, public_key=key, created_at=now)
            .on_conflict_do_update(index_elements=["name"], set_={"public_key": key})
        )
        return self._session.scalars(select(ErrorProject).where(ErrorProject.name == name)).one()

    def projects(self) -> list[ErrorProject]:
        """Return all projects."""
        return list(self._session.scalars(select(ErrorProject).order_by(ErrorProject.id)))

    def find_project(self, project_id: int) -> ErrorProject | None:
        """Return a project."""
        return self._session.get(ErrorProject, project_id)

    def touch_issue(self, values: dict[str, Any]) -> ErrorIssue:
        """Insert an issue, or lock and return the one with this fingerprint."""
        self._session.execute(
            insert(ErrorIssue)
            .values(values)
            .on_conflict_do_nothing(index_elements=["project_id", "fingerprint"])
        )
        query = (
            select(ErrorIssue)
            .where(
                ErrorIssue.project_id == values["project_id"],
                ErrorIssue.fingerprint == values["fingerprint"],
            )
            .with_for_update()
        )
        return self._session.scalars(query).one()

    def add_event(self, values: dict[str, Any]) -> bool:
        """Store an event; return whether it is new."""
        inserted = self._session.execute(
            insert(ErrorEvent).values(values).on_conflict_do_nothing().returning(ErrorEvent.event_id)
        )
        return inserted.scalar_one_or_none() is not None

    def check_in(self, values: dict[str, Any]) -> None:
        """Note a check-in."""
        changed = {k: v for k, v in values.items() if k not in ("project_id", "slug")}
        if values.get("last_ok") is None:
            changed.pop("last_ok", None)
        if not values["schedule"]:
            changed.pop("schedule")
        self._session.execute(
            insert(ErrorMonitor)
            .values(values)
            .on_conflict_do_update(index_elements=["project_id", "slug"], set_=changed)
        )

    def monitors(self) -> list[ErrorMonitor]:
        """Return all monitors."""
        return list(self._session.scalars(select(ErrorMonitor).order_by(ErrorMonitor.slug)))

    def issues(self, status: str = "", project_id: int | None = None, q: str = "") -> Select[ErrorIssue]:
        """Return the query of issues, the last seen first."""
        query = select(ErrorIssue)
        if status:
            query = query.where(ErrorIssue.status == status)
        if project_id is not None:
            query = query.where(ErrorIssue.project_id == project_id)
        if q:
            query = query.where(ErrorIssue.title.icontains(q, autoescape=True))
        return query.order_by(ErrorIssue.last_seen.desc(), ErrorIssue.id)

    def find_issue(self, issue_id: UUID) -> ErrorIssue | None:
        """Return an issue."""
        return self._session.get(ErrorIssue, issue_id)

    def events(self, issue_id: UUID) -> Select[ErrorEvent]:
        """Return the query of an issue's events, newest first."""
        query = select(ErrorEvent).where(ErrorEvent.issue_id == issue_id)
        return query.order_by(ErrorEvent.received_at.desc(), ErrorEvent.event_id)

    def unresolved(self) -> int:
        """Return how many issues are unresolved."""
        query = select(func.count()).select_from(ErrorIssue).where(ErrorIssue.status == "unresolved")
        return self._session.scalar(query) or 0

    def prune(self, before: datetime, keep: int) -> int:
        """Delete events received before a moment, and the oldest beyond ``keep``; return how many."""
        gone = self._session.execute(delete(ErrorEvent).where(ErrorEvent.received_at < before))
        beyond = select(ErrorEvent.received_at).order_by(ErrorEvent.received_at.desc()).offset(keep).limit(1)
        limit = self._session.scalar(beyond)
        more = 0
        if limit is not None:
            done = self._session.execute(delete(ErrorEvent).where(ErrorEvent.received_at <= limit))
            more = done.rowcount  # type: ignore[attr-defined]
        return int(gone.rowcount) + more  # type: ignore[attr-defined]

    def wake_muted(self, now: datetime) -> None:
        """Make issues unresolved again whose silence is over."""
        self._session.execute(
            update(ErrorIssue)
            .where(ErrorIssue.status == "muted", ErrorIssue.muted_until < now)
            .values(status="unresolved", muted_until=None)
        )
