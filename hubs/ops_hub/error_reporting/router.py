"""Error reports: what Sentry-compatible clients speak, and what operators read."""

from __future__ import annotations

import secrets
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hubs.ops_hub.error_reporting.dependencies import ErrorServiceDep, IntakeDep, IssueFiltersDep
from hubs.ops_hub.error_reporting.envelope import expand, read_envelope, read_event, sent_key
from hubs.ops_hub.error_reporting.models import ErrorEvent, ErrorIssue
from hubs.ops_hub.error_reporting.schemas import (
    EventRead,
    IngestStats,
    IssueRead,
    IssueUpdate,
    LegacyReport,
    MonitorRead,
    ProjectCreate,
    ProjectRead,
    ReleaseRead,
)
from hubs.ops_hub.error_reporting.service import event_id_of
from shared.app import ResourcesDep
from shared.auth import CanReadOps, CanWriteOps, Public
from shared.db.cursor import cursor_codec
from shared.db.dependency import SessionDep
from shared.db.paginate import paginate
from shared.http.body import RawBody
from shared.http.json import dumps
from shared.http.pages import Page
from shared.reporting import PROJECT_NAME

router = APIRouter(tags=["errors"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_CORS = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, Content-Encoding, X-Sentry-Auth, Authorization",
    "Access-Control-Max-Age": "86400",
}
ProjectId = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _accepted(event_id: str = "") -> Response:
    return Response(dumps({"id": event_id} if event_id else {}), media_type="application/json", headers=_CORS)


@router.options("/api/{project_id}/{kind}/", summary="Browsers ask first", openapi_extra=_OPEN)
async def preflight(project_id: ProjectId, kind: str, _: Public) -> Response:
    return Response(status_code=204, headers=_PREFLIGHT)


@router.post(
    "/api/{project_id}/envelope/", summary="Envelopes of Sentry-compatible clients", openapi_extra=_OPEN
)
def take_envelope(
    request: Request, project_id: ProjectId, body: RawBody, intake: IntakeDep, _: Public
) -> Response:
    expanded = expand(body, request.headers.get("content-encoding", ""))
    headers, items = read_envelope(expanded)
    key = sent_key(request.headers, request.query_params, headers)
    event_id = str(headers.get("event_id", ""))
    events = [(item.type, read_event(item.payload)) for item in items if item.type in ("event", "check_in")]
    intake.admit(project_id, key, len(events))
    intake.skip(len(items) - len(events))
    for kind, payload in events:
        if kind == "event":
            payload.setdefault("event_id", event_id)
            event_id = event_id_of(payload).hex
        intake.submit(kind, project_id, payload)
    return _accepted(event_id)


@router.post("/api/{project_id}/store/", summary="One event, as older clients send it", openapi_extra=_OPEN)
def take_event(
    request: Request, project_id: ProjectId, body: RawBody, intake: IntakeDep, _: Public
) -> Response:
    event = read_event(expand(body, request.headers.get("content-encoding", "")))
    intake.admit(project_id, sent_key(request.headers, request.query_params, {}))
    event["event_id"] = event_id_of(event).hex
    intake.submit("event", project_id, event)
    return _accepted(event["event_id"])


@router.post(
    "/api/{project_id}/security/", summary="Reports of a browser's content policy", openapi_extra=_OPEN
)
def take_security_report(
    request: Request, project_id: ProjectId, body: RawBody, intake: IntakeDep, _: Public
) -> Response:
    report = read_event(expand(body, request.headers.get("content-encoding", "")))
    intake.admit(project_id, sent_key(request.headers, request.query_params, {}))
    inner = report.get("csp-report")
    found = inner if isinstance(inner, dict) else report
    directive = str(found.get("effective-directive") or found.get("violated-directive") or "unknown")
    event = {
        "logger": "csp",
        "level": "warning",
        "message": f"Content policy: {directive} blocked {found.get('blocked-uri', '')}"[:500],
        "fingerprint": ["csp", directive, str(found.get("blocked-uri", ""))],
        "extra": {"csp": found},
    }
    event["event_id"] = event_id_of(event).hex
    intake.submit("event", project_id, event)
    return _accepted()


@router.post("/api/errors/report", status_code=201, summary="The former report endpoint", deprecated=True)
def take_legacy(
    report: LegacyReport, intake: IntakeDep, service: ErrorServiceDep, principal: CanWriteOps
) -> dict[str, str]:
    project = next(p for p in service.projects() if p.name == PROJECT_NAME)
    event: dict[str, Any] = {
        "message": report.message,
        "level": report.level,
        "logger": report.service,
        "tags": {"service": report.service, "reported_by": principal.subject},
        "extra": {"stack": report.stack, "context": report.context, **(report.model_extra or {})},
    }
    event["event_id"] = event_id_of(event).hex
    outcome = intake.submit("event", project.id, event)
    return {"id": event["event_id"], "error_id": f"err_{event['event_id']}", "outcome": outcome}


@router.get("/api/v1/errors/issues", summary="Problems, the last seen first")
def list_issues(
    request: Request,
    session: SessionDep,
    service: ErrorServiceDep,
    resources: ResourcesDep,
    _: CanReadOps,
    filters: IssueFiltersDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: str | None = None,
) -> Page[IssueRead]:
    query = service.issues(filters)
    found = paginate(session, query, codec=cursor_codec(resources.settings), limit=limit, cursor=cursor)
    return _page(request, [IssueRead.model_validate(row) for row in found.items], found.next_cursor)


@router.get("/api/v1/errors/issues/{issue_id}", summary="One problem")
def read_issue(issue_id: UUID, service: ErrorServiceDep, _: CanReadOps) -> IssueRead:
    return IssueRead.model_validate(service.get_issue(issue_id))


@router.patch("/api/v1/errors/issues/{issue_id}", summary="Resolve, mute or reopen a problem")
def update_issue(issue_id: UUID, update: IssueUpdate, service: ErrorServiceDep, _: CanWriteOps) -> IssueRead:
    issue: ErrorIssue = service.update_issue(issue_id, update)
    return IssueRead.model_validate(issue)


@router.get("/api/v1/errors/issues/{issue_id}/events", summary="A problem's reports, newest first")
def list_events(
    request: Request,
    issue_id: UUID,
    session: SessionDep,
    service: ErrorServiceDep,
    resources: ResourcesDep,
    _: CanReadOps,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: str | None = None,
) -> Page[EventRead]:
    codec = cursor_codec(resources.settings)
    found = paginate(session, service.events(issue_id), codec=codec, limit=limit, cursor=cursor)
    rows: list[ErrorEvent] = found.items
    return _page(request, [EventRead.model_validate(row) for row in rows], found.next_cursor)


@router.get("/api/v1/errors/projects", summary="Who reports, and where to")
def list_projects(service: ErrorServiceDep, resources: ResourcesDep, _: CanReadOps) -> list[ProjectRead]:
    base = resources.settings.hubs.ops
    return [ProjectRead(id=p.id, name=p.name, dsn=_dsn(base, p.public_key, p.id)) for p in service.projects()]


@router.post("/api/v1/errors/projects", status_code=201, summary="A new project with a key of its own")
def create_project(
    project: ProjectCreate,
    service: ErrorServiceDep,
    intake: IntakeDep,
    resources: ResourcesDep,
    _: CanWriteOps,
) -> ProjectRead:
    made = service.create_project(project.name, secrets.token_hex(16))
    intake.remember(made.id, made.public_key)
    return ProjectRead(
        id=made.id, name=made.name, dsn=_dsn(resources.settings.hubs.ops, made.public_key, made.id)
    )


@router.get("/api/v1/errors/monitors", summary="Tasks that check in")
def list_monitors(service: ErrorServiceDep, _: CanReadOps) -> list[MonitorRead]:
    late = {(row.project_id, row.slug): why for row, why in service.missed_monitors()}
    rows = [MonitorRead.model_validate(row) for row in service.monitors()]
    for row in rows:
        row.missed = late.get((row.project_id, row.slug), "")
    return rows


@router.get("/api/v1/errors/releases", summary="Releases that report, and what each brought")
def list_releases(
    service: ErrorServiceDep, _: CanReadOps, project_id: int | None = None
) -> list[ReleaseRead]:
    return service.releases(project_id)


@router.get("/api/v1/errors/stats", summary="What came in and what was turned away")
def read_stats(intake: IntakeDep, _: CanReadOps) -> IngestStats:
    return IngestStats(
        accepted=intake.accepted, dropped=intake.dropped, skipped_items=intake.skipped, stored=intake.stored
    )


def _dsn(base: str, key: str, project_id: int) -> str:
    scheme, _, host = base.partition("://")
    return f"{scheme}://{key}@{host}/{project_id}"


def _page(request: Request, rows: list[Any], cursor: str | None) -> Page[Any]:
    following = str(request.url.include_query_params(cursor=cursor)) if cursor else None
    return Page(data=rows, next=following)
