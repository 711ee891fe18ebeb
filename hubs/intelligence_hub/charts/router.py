"""Charts as SVG, Vega-Lite, CSV or an HTML table, in either language."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.charts.schemas import Figure
from hubs.intelligence_hub.charts.service import CHARTS, chart
from hubs.intelligence_hub.charts.svg import render, table
from hubs.intelligence_hub.charts.vega import csv_of, vega_lite
from shared.auth import Public
from shared.db.dependency import SessionDep
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1/charts", tags=["charts"])
Format = Literal["svg", "vega", "csv", "table"]
Lang = Literal["en", "fr"]
Word = Annotated[str, Query(max_length=300)]
# A picture from here may be shown anywhere and can do nothing.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def _answer(request: Request, figure: Figure, kind: Format, lang: Lang) -> Response:
    if kind == "svg":
        body, media = render(figure, lang).encode(), "image/svg+xml"
    elif kind == "vega":
        body, media = dumps(vega_lite(figure, lang)), "application/json"
    elif kind == "csv":
        body, media = csv_of(figure).encode(), "text/csv; charset=utf-8"
    else:
        body, media = table(figure, lang).encode(), "text/html; charset=utf-8"
    return conditional(request, body, media, cache_control="public, max-age=60", headers=_HEADERS)


@router.get("", summary="The charts that are drawn here")
def list_charts(_: Public) -> dict[str, dict[str, str]]:
    return {name: {"indicator": indicator, "kind": kind} for name, (indicator, kind, _make) in CHARTS.items()}


@router.get("/{name}", summary="One chart")
def read_chart(
    request: Request,
    name: str,
    db: SessionDep,
    _: Public,
    format: Format = "svg",
    lang: Lang = "en",
    session: Word = "",
    organization: Word = "",
    member: Word = "",
    vote: Word = "",
    most: Annotated[int, Query(ge=1, le=400, description="at most this many items")] = 40,
) -> Response:
    given = {"session": session, "organization": organization, "member": member, "vote": vote}
    return _answer(request, chart(db, name, given, most), format, lang)


@router.post("/render", summary="Draw anybody's numbers (at most 10,000 points)")
def render_figure(
    request: Request, figure: Figure, _: Public, format: Format = "svg", lang: Lang = "en"
) -> Response:
    return _answer(request, figure, format, lang)
