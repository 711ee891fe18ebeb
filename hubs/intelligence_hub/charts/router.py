"""Charts as SVG, Vega-Lite, Plotly, CSV or an HTML table, in either language."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.intelligence_hub.analytics.dependencies import GivenDep
from hubs.intelligence_hub.charts.plotly import plotly
from hubs.intelligence_hub.charts.schemas import ChartRead, Figure
from hubs.intelligence_hub.charts.service import CHARTS, draw, list_charts
from hubs.intelligence_hub.charts.svg import render, table
from hubs.intelligence_hub.charts.vega import vega_lite
from shared.auth import Public
from shared.db.dependency import SessionDep
from shared.http.conditional import conditional
from shared.http.json import dumps
from shared.http.tables import rendered

router = APIRouter(prefix="/api/v1/charts", tags=["charts"])
Format = Literal["svg", "vega", "plotly", "csv", "table"]
Lang = Literal["en", "fr"]
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
    elif kind == "plotly":
        body, media = dumps(plotly(figure, lang)), "application/json"
    elif kind == "csv":
        rows = [(figure.name(p.series, lang), p.x, p.words(lang), p.y) for p in figure.points]
        body, media = rendered(("series", "x", "label", "y"), rows, "csv")
    else:
        body, media = table(figure, lang).encode(), "text/html; charset=utf-8"
    return conditional(request, body, media, cache_control="public, max-age=60", headers=_HEADERS)


@router.get("", summary="The charts that are drawn here")
def read_charts(_: Public) -> dict[str, ChartRead]:
    return list_charts()


@router.get("/{name}", summary="One chart")
def read_chart(
    request: Request,
    name: str,
    db: SessionDep,
    _: Public,
    given: GivenDep,
    format: Format = "svg",
    lang: Lang = "en",
    most: Annotated[int, Query(ge=1, le=400, description="at most this many items")] = 40,
) -> Response:
    indicator = CHARTS[name].indicator if name in CHARTS else ""
    # Words of a language are counted apart; every other chart says the same in both.
    spoken = {"lang": lang} if indicator.endswith("-words") else {}
    return _answer(request, draw(db, name, {**given, **spoken}, most), format, lang)


@router.post("/render", summary="Draw anybody's numbers (at most 10,000 points)")
def render_figure(
    request: Request, figure: Figure, _: Public, format: Format = "svg", lang: Lang = "en"
) -> Response:
    return _answer(request, figure, format, lang)
