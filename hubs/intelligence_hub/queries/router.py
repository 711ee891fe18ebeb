"""Saved queries: kept by those who look after the record, run by anybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from hubs.intelligence_hub.analytics.schemas import Format
from hubs.intelligence_hub.queries.dependencies import QueryServiceDep
from hubs.intelligence_hub.queries.schemas import QueryCreate, QueryRead, QueryWrite
from shared.auth import CanWriteData, Public
from shared.http.conditional import conditional
from shared.http.json import dumps
from shared.http.tables import rendered

router = APIRouter(prefix="/api/v1/queries", tags=["queries"])
Name = Annotated[str, Path(max_length=80)]
_OPEN: dict[str, Any] = {"x-open-query": True}
_CONTROL = ("format", "fresh")


@router.get("", summary="Saved queries")
def list_queries(service: QueryServiceDep, _: Public) -> list[QueryRead]:
    return service.list()


@router.post("", status_code=201, summary="Keep a query; it is tried first")
def create_query(form: QueryCreate, service: QueryServiceDep, caller: CanWriteData) -> QueryRead:
    return service.create(form, caller.subject)


@router.get("/{name}", summary="A saved query")
def read_query(name: Name, service: QueryServiceDep, _: Public) -> QueryRead:
    return service.get(name)


@router.put("/{name}", summary="Keep another text of a query; it is tried first")
def update_query(name: Name, form: QueryWrite, service: QueryServiceDep, caller: CanWriteData) -> QueryRead:
    return service.update(name, form, caller.subject)


@router.delete("/{name}", status_code=204, summary="Remove a saved query")
def delete_query(name: Name, service: QueryServiceDep, _: CanWriteData) -> None:
    service.delete(name)


@router.get("/{name}/rows", summary="The rows, computed now or lately", openapi_extra=_OPEN)
def read_rows(
    request: Request, name: Name, service: QueryServiceDep, _: Public, format: Format = "json"
) -> Response:
    """Answer the rows; every parameter of the query is one of the request, and ``age_s`` tells their age."""
    given = {key: value for key, value in request.query_params.items() if key not in _CONTROL}
    result = service.run(name, given)
    headers = {"Age": str(int(result.age_s)), "X-Computed-At": result.computed_at.isoformat()}
    if format == "json":
        tag = f'"{result.computed_at.timestamp()}"'
        return conditional(request, dumps(result), headers=headers, etag=tag)
    body, media_type = rendered(result.columns, result.rows, format)
    return conditional(request, body, media_type, headers=headers)
