"""Every query of error reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, delete, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.ops_hub.error_reporting.models import ErrorEvent, ErrorIssue, ErrorMonitor, ErrorProject
from hubs.ops_hub.error_reporting.schemas import IssueFilters

_MAX_RELEASES = 100
_MAX_LOUD = 50


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
        if values["status"] == "in_progress" and values["check_in_id"]:
            # Clients send both over connections of their own: a beginning may come after its own end.
            is_late = and_(
                ErrorMonitor.check_in_id == values["check_in_id"], ErrorMonitor.status != "in_progress"
            )
            for name in ("status", "duration_s", "last_check_in"):
                column = ErrorMonitor.__table__.c[name]
                changed[name] = case((is_late, column), else_=literal(changed[name], column.type))
        self._session.execute(
            insert(ErrorMonitor)
            .values(values)
            .on_conflict_do_update(index_elements=["project_id", "slug"], set_=changed)
        )

    def monitors(self) -> list[ErrorMonitor]:
        """Return all monitors."""
        return list(self._session.scalars(select(ErrorMonitor).order_by(ErrorMonitor.slug)))

    def issues(self, filters: IssueFilters) -> Select[ErrorIssue]:
        """Return the query of issues, the last seen first."""
        query = select(ErrorIssue)
        if filters.status:
            query = query.where(ErrorIssue.status == filters.status)
        if filters.level:
            query = query.where(ErrorIssue.level == filters.level)
        if filters.project_id is not None:
            query = query.where(ErrorIssue.project_id == filters.project_id)
        if filters.q:
            query = query.where(ErrorIssue.title.icontains(filters.q, autoescape=True))
        event = exists().where(ErrorEvent.issue_id == ErrorIssue.id)
        if filters.release:
            query = query.where(event.where(ErrorEvent.release == filters.release))
        if filters.environment:
            query = query.where(event.where(ErrorEvent.environment == filters.environment))
        if filters.tag:
            key, _, value = filters.tag.partition(":")
            query = query.where(event.where(ErrorEvent.tags.contains({key: value})))
        return query.order_by(ErrorIssue.last_seen.desc(), ErrorIssue.id)

    def find_issue(self, issue_id: UUID) -> ErrorIssue | None:
        """Return an issue."""
        return self._session.get(ErrorIssue, issue_id)

    def events(self, issue_id: UUID) -> Select[ErrorEvent]:
        """Return the query of an issue's events, newest first."""
        query = select(ErrorEvent).where(ErrorEvent.issue_id == issue_id)
        return query.order_by(ErrorEvent.received_at.desc(), ErrorEvent.event_id)

    def releases(self, project_id: int | None) -> list[dict[str, Any]]:
        """Return the releases of the kept events, the newest first, and how many issues began with each."""
        begun = (
            select(ErrorIssue.first_release, func.count().label("new_issues"))
            .group_by(ErrorIssue.first_release)
            .subquery()
        )
        first = func.min(ErrorEvent.received_at)
        query = (
            select(
                ErrorEvent.release,
                first.label("first_seen"),
                func.max(ErrorEvent.received_at).label("last_seen"),
                func.count().label("events"),
                func.coalesce(func.max(begun.c.new_issues), 0).label("new_issues"),
            )
            .outerjoin(begun, begun.c.first_release == ErrorEvent.release)
            .where(ErrorEvent.release != "")
            .group_by(ErrorEvent.release)
            .order_by(first.desc(), ErrorEvent.release)
            .limit(_MAX_RELEASES)
        )
        if project_id is not None:
            query = query.where(ErrorEvent.project_id == project_id)
        return [dict(row) for row in self._session.execute(query).mappings()]

    def loud_issues(self, since: datetime) -> list[ErrorIssue]:
        """Return unresolved errors that began, or came back, since a moment, the latest first."""
        query = (
            select(ErrorIssue)
            .where(
                ErrorIssue.status == "unresolved",
                ErrorIssue.level.in_(("error", "fatal")),
                ErrorIssue.last_seen >= since,
                or_(ErrorIssue.first_seen >= since, ErrorIssue.regressed_at >= since),
            )
            .order_by(ErrorIssue.last_seen.desc(), ErrorIssue.id)
            .limit(_MAX_LOUD)
        )
        return list(self._session.scalars(query))

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
