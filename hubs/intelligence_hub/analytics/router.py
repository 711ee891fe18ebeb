"""Indicators as JSON, CSV or NDJSON, each with its definition."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.analytics.definitions import INDICATORS
from hubs.intelligence_hub.analytics.dependencies import AnalyticsServiceDep, FactKeeperDep
from hubs.intelligence_hub.analytics.schemas import IndicatorRead, IndicatorResult, RebuildReport
from hubs.intelligence_hub.analytics.service import MAX_ROWS
from shared.auth import CanWriteData, Public
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(tags=["analytics"])
_CACHE = "public, max-age=30"
Word = Annotated[str, Query(max_length=300)]


@router.get("/api/v1/indicators", summary="What is counted, and how exactly")
def list_indicators(_: Public) -> list[IndicatorRead]:
    return [IndicatorRead.model_validate(each) for each in INDICATORS.values()]


@router.get("/api/v1/indicators/{name}", summary="The rows of one indicator")
def read_indicator(
    request: Request,
    name: str,
    service: AnalyticsServiceDep,
    _: Public,
    session: Word = "",
    organization: Word = "",
    member: Word = "",
    vote: Word = "",
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1_000,
    format: Literal["json", "csv", "ndjson"] = "json",
) -> Response:
    given = {"session": session, "organization": organization, "member": member, "vote": vote}
    result = service.compute(name, given, limit)
    headers = {"X-As-Of": str(result.as_of_seq)}
    if format == "csv":
        body, kind = csv_of(result).encode(), "text/csv; charset=utf-8"
    elif format == "ndjson":
        body, kind = b"".join(dumps(row) + b"\n" for row in result.rows), "application/x-ndjson"
    else:
        tag = f'"{result.as_of_seq}-{limit}"'
        return conditional(request, dumps(result), cache_control=_CACHE, headers=headers, etag=tag)
    return conditional(request, body, kind, cache_control=_CACHE, headers=headers)


def csv_of(result: IndicatorResult) -> str:
    """Return the rows as CSV; a cell that begins like a formula is quoted for spreadsheets."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    columns = list(result.rows[0]) if result.rows else []
    writer.writerow(columns)
    for row in result.rows:
        writer.writerow([_cell(row[column]) for column in columns])
    return buffer.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value


@router.post("/api/v1/analytics/rebuild", summary="Read the whole record again")
def rebuild(keeper: FactKeeperDep, _: CanWriteData) -> RebuildReport:
    return keeper.rebuild()
