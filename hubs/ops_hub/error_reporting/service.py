"""Error reports: stored once, grouped, counted; issues that are decided upon and come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from hubs.ops_hub.error_reporting.errors import BadEnvelope, BadUpdate, IssueNotFound, ProjectNotFound
from hubs.ops_hub.error_reporting.grouping import culprit, scrub, tags, title
from hubs.ops_hub.error_reporting.models import ErrorEvent, ErrorIssue, ErrorMonitor, ErrorProject
from hubs.ops_hub.error_reporting.repository import ErrorRepository
from hubs.ops_hub.error_reporting.schedules import missed
from hubs.ops_hub.error_reporting.schemas import IssueFilters, IssueUpdate, ReleaseRead
from shared.core.clock import utc_now
from shared.core.ids import new_id

_LEVELS = {"debug", "info", "warning", "error", "fatal"}
_KEPT = (
    "exception", "threads", "stacktrace", "breadcrumbs", "contexts", "extra", "request", "user", "sdk",
    "modules", "logger", "transaction", "logentry", "message", "platform",
)  # fmt: skip


class ErrorService:
    """Works in the caller's transaction."""

    def __init__(self, repository: ErrorRepository, now: Callable[[], datetime] = utc_now) -> None:
        self._repository = repository
        self._now = now

    def store(self, project_id: int, event: dict[str, Any], problem: str, *, is_kept: bool = True) -> str:
        """Store an event and return what it means: new, again, regressed, duplicate or only counted."""
        now = self._now()
        event_id = event_id_of(event)
        level = str(event.get("level", "error"))
        release = str(event.get("release") or "")[:200]
        issue = self._repository.touch_issue(
            {
                "id": new_id(),
                "project_id": project_id,
                "fingerprint": problem,
                "title": str(scrub(title(event))),
                "culprit": str(scrub(culprit(event))),
                "level": level if level in _LEVELS else "error",
                "status": "unresolved",
                "count": 0,
                "first_seen": now,
                "last_seen": now,
                "first_release": release,
                "last_release": release,
            }
        )
        if not is_kept:
            issue.count += 1
            issue.last_seen = now
            return "counted"
        is_new = self._repository.add_event(
            {
                "event_id": event_id,
                "project_id": project_id,
                "issue_id": issue.id,
                "received_at": now,
                "occurred_at": _moment(event.get("timestamp"), now),
                "level": issue.level,
                "message": issue.title,
                "release": release,
                "environment": str(scrub(event.get("environment") or ""))[:100],
                "server_name": str(scrub(event.get("server_name") or ""))[:200],
                "trace_id": _trace_id(event),
                "tags": tags(event),
                "payload": {name: scrub(event[name]) for name in _KEPT if event.get(name)},
            }
        )
        if not is_new:
            return "duplicate"
        first = issue.count == 0
        issue.count += 1
        issue.last_seen = now
        issue.last_release = release or issue.last_release
        if issue.status == "resolved":
            issue.status, issue.resolved_at, issue.regressed_at = "unresolved", None, now
            return "regressed"
        return "new" if first else "again"

    def check_in(self, project_id: int, payload: dict[str, Any]) -> None:
        """Note that a monitored task began or ended.

        Raises: BadEnvelope without a monitor or with an unknown status.
        """
        slug, status = str(payload.get("monitor_slug", ""))[:100], str(payload.get("status", ""))
        if not slug or status not in {"ok", "error", "in_progress"}:
            raise BadEnvelope("a check-in needs monitor_slug and a status of ok, error or in_progress")
        now, config = self._now(), payload.get("monitor_config")
        duration = payload.get("duration")
        self._repository.check_in(
            {
                "project_id": project_id,
                "slug": str(scrub(slug)),
                "status": status,
                "schedule": scrub(config) if isinstance(config, dict) else {},
                "check_in_id": str(payload.get("check_in_id", ""))[:64],
                "duration_s": float(duration) if isinstance(duration, int | float) else None,
                "last_check_in": now,
                "last_ok": now if status == "ok" else None,
            }
        )

    def issues(self, filters: IssueFilters) -> Select[ErrorIssue]:
        """Return the query of issues, the last seen first."""
        return self._repository.issues(filters)

    def releases(self, project_id: int | None) -> list[ReleaseRead]:
        """Return the releases that report, the newest first, with what each brought."""
        return [ReleaseRead.model_validate(row) for row in self._repository.releases(project_id)]

    def loud_issues(self, within: timedelta) -> list[ErrorIssue]:
        """Return the unresolved errors that are new or came back within a span, the latest first."""
        return self._repository.loud_issues(self._now() - within)

    def wake_muted(self) -> None:
        """End the silence of issues whose time is over."""
        self._repository.wake_muted(self._now())

    def missed_monitors(self) -> list[tuple[ErrorMonitor, str]]:
        """Return the tasks that did not check in when they should have, or failed, and why that is."""
        now = self._now()
        return [(row, why) for row in self._repository.monitors() if (why := missed(row, now))]

    def get_issue(self, issue_id: UUID) -> ErrorIssue:
        """Return an issue.

        Raises: IssueNotFound.
        """
        issue = self._repository.find_issue(issue_id)
        if issue is None:
            raise IssueNotFound(f"no issue {issue_id}")
        return issue

    def update_issue(self, issue_id: UUID, update: IssueUpdate) -> ErrorIssue:
        """Resolve, mute (until a moment, or for good) or reopen an issue.

        Raises: IssueNotFound; BadUpdate when it is to be muted until a moment that has passed.
        """
        issue = self.get_issue(issue_id)
        if update.muted_until is not None and update.muted_until <= self._now():
            raise BadUpdate("muted_until is in the past")
        issue.status = update.status
        issue.resolved_at = self._now() if update.status == "resolved" else None
        issue.muted_until = update.muted_until if update.status == "muted" else None
        return issue

    def events(self, issue_id: UUID) -> Select[ErrorEvent]:
        """Return the query of an issue's events, newest first.

        Raises: IssueNotFound.
        """
        return self._repository.events(self.get_issue(issue_id).id)

    def projects(self) -> list[ErrorProject]:
        """Return all projects."""
        return self._repository.projects()

    def create_project(self, name: str, key: str) -> ErrorProject:
        """Make a project, or give an existing one this key."""
        return self._repository.ensure_project(name, key, self._now())

    def get_project(self, project_id: int) -> ErrorProject:
        """Return a project.

        Raises: ProjectNotFound.
        """
        project = self._repository.find_project(project_id)
        if project is None:
            raise ProjectNotFound(f"no project {project_id}")
        return project

    def monitors(self) -> list[ErrorMonitor]:
        """Return all monitors."""
        return self._repository.monitors()

    def tidy(self, keep_from: datetime, keep: int) -> int:
        """Apply retention; return how many events went."""
        return self._repository.prune(keep_from, keep)


def event_id_of(event: dict[str, Any]) -> UUID:
    """Return an event's id (a fresh one when it has none).

    Raises: BadEnvelope when it is not a UUID.
    """
    given = event.get("event_id")
    if not given:
        return new_id()
    try:
        return UUID(str(given))
    except ValueError:
        raise BadEnvelope("event_id is not a UUID") from None


def _moment(value: Any, now: datetime) -> datetime:
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return now


def _trace_id(event: dict[str, Any]) -> str:
    contexts = event.get("contexts")
    trace = contexts.get("trace") if isinstance(contexts, dict) else None
    found = trace.get("trace_id") if isinstance(trace, dict) else ""
    return str(found or "")[:64]


def build(session: Session) -> ErrorService:
    """Return the service over a session."""
    return ErrorService(ErrorRepository(session))
