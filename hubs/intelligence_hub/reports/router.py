"""Reports: set up by those who look after the record, read by anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.analytics.schemas import Format
from hubs.intelligence_hub.reports.dependencies import ReportServiceDep
from hubs.intelligence_hub.reports.schemas import (
    ReportCreate,
    ReportRead,
    ReportWrite,
    RunDetail,
    RunRead,
)
from shared.auth import CanWriteData, Public
from shared.http.conditional import conditional
from shared.http.json import dumps
from shared.http.tables import rendered

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])
Name = Annotated[str, Path(max_length=80)]


@router.get("", summary="Reports and when each is due")
def list_reports(service: ReportServiceDep, _: Public) -> list[ReportRead]:
    return service.list()


@router.post("", status_code=201, summary="Set up a report; it is counted once to try it")
def create_report(form: ReportCreate, service: ReportServiceDep, caller: CanWriteData) -> ReportRead:
    return service.create(form, caller.subject)


@router.get("/{name}", summary="A report")
def read_report(name: Name, service: ReportServiceDep, _: Public) -> ReportRead:
    return service.get(name)


@router.put("/{name}", summary="Change a report")
def update_report(
    name: Name, form: ReportWrite, service: ReportServiceDep, caller: CanWriteData
) -> ReportRead:
    return service.update(name, form, caller.subject)


@router.delete("/{name}", status_code=204, summary="Remove a report with its runs")
def delete_report(name: Name, service: ReportServiceDep, _: CanWriteData) -> None:
    service.delete(name)


@router.get("/{name}/runs", summary="The newest runs of a report")
def list_runs(
    name: Name, service: ReportServiceDep, _: Public, limit: Annotated[int, Query(ge=1, le=400)] = 50
) -> Sequence[RunRead]:
    return service.runs(name, limit)


@router.post("/{name}/runs", status_code=201, summary="Count a report now")
def run_report(name: Name, service: ReportServiceDep, _: CanWriteData) -> RunDetail:
    return service.run(name)


@router.get("/{name}/latest", summary="The newest run that succeeded, with its rows")
def read_latest(
    request: Request, name: Name, service: ReportServiceDep, _: Public, format: Format = "json"
) -> Response:
    return _answer(request, service.run_of(name, None), format)


@router.get("/{name}/runs/{run_id}", summary="A run with its rows")
def read_run(
    request: Request, name: Name, run_id: UUID, service: ReportServiceDep, _: Public, format: Format = "json"
) -> Response:
    return _answer(request, service.run_of(name, run_id), format)


def _answer(request: Request, run: RunDetail, kind: Format) -> Response:
    headers = {"Last-Modified": f"{run.finished_at:%a, %d %b %Y %H:%M:%S GMT}"}
    if kind == "json":
        return conditional(request, dumps(run), headers=headers)
    body, media_type = rendered(run.columns, run.rows, kind)
    headers["Content-Disposition"] = f'attachment; filename="{run.report}.{kind}"'
    return conditional(request, body, media_type, headers=headers)
