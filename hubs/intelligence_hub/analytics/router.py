"""Indicators as JSON, CSV or NDJSON, each with its definition."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.analytics.definitions import INDICATORS
from hubs.intelligence_hub.analytics.dependencies import AnalyticsServiceDep, FactKeeperDep, GivenDep
from hubs.intelligence_hub.analytics.schemas import Format, IndicatorRead, RebuildReport
from hubs.intelligence_hub.analytics.service import MAX_ROWS
from shared.auth import CanWriteData, Public
from shared.http.conditional import conditional, etag_of
from shared.http.json import dumps
from shared.http.tables import rendered

router = APIRouter(tags=["analytics"])
_CACHE = "public, max-age=30"


@router.get("/api/v1/indicators", summary="What is counted, and how exactly")
def list_indicators(_: Public) -> list[IndicatorRead]:
    return [IndicatorRead.model_validate(each) for each in INDICATORS.values()]


@router.get("/api/v1/indicators/{name}", summary="The rows of one indicator")
def read_indicator(
    request: Request,
    name: str,
    service: AnalyticsServiceDep,
    _: Public,
    given: GivenDep,
    lang: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1_000,
    format: Format = "json",
) -> Response:
    result = service.compute(name, {**given, "lang": lang}, limit)
    headers = {"X-As-Of": str(result.as_of_seq)}
    if format == "json":
        # The moment of counting is in the body, so the rows alone say whether anything is new.
        tag = etag_of(dumps([result.as_of_seq, result.rows]))
        return conditional(request, dumps(result), cache_control=_CACHE, headers=headers, etag=tag)
    body, kind = rendered(result.columns, (row.values() for row in result.rows), format)
    return conditional(request, body, kind, cache_control=_CACHE, headers=headers)


@router.post("/api/v1/analytics/rebuild", summary="Read the whole record again")
def rebuild(keeper: FactKeeperDep, _: CanWriteData) -> RebuildReport:
    return keeper.rebuild()
