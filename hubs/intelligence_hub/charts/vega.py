"""Figures as Vega-Lite 5 specifications (vega.github.io/vega-lite) and as the CSV behind them."""

from __future__ import annotations

import csv
import io
from typing import Any

from hubs.intelligence_hub.charts.scales import PALETTE
from hubs.intelligence_hub.charts.schemas import Figure

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_MARKS: dict[str, Any] = {
    "bar": "bar",
    "line": {"type": "line", "point": True},
    "pie": "arc",
    "scatter": "point",
    "heatmap": "rect",
    "hemicycle": "arc",
    "timeline": "point",
    "sparkline": "line",
}


def vega_lite(figure: Figure, lang: str) -> dict[str, Any]:
    """Return the specification with its data inside."""
    x_title = figure.x_title_fr if lang == "fr" else figure.x_title_en
    y_title = figure.y_title_fr if lang == "fr" else figure.y_title_en
    is_number = figure.points and all(not isinstance(point.x, str) for point in figure.points)
    x = {
        "field": "x",
        "type": "quantitative" if is_number else "nominal",
        "title": x_title or None,
        "sort": None,
    }
    y: dict[str, Any] = {"field": "y", "type": "quantitative", "title": y_title or figure.unit or None}
    series = {"field": "series", "type": "nominal", "scale": {"range": list(PALETTE)}}
    encoding: dict[str, Any] = {"x": x, "y": y}
    if figure.series_names() not in ([""], []):
        encoding["color"] = series
    if figure.kind in ("pie", "hemicycle"):
        encoding = {"theta": y, "color": {**series, "field": "x"}}
        if figure.kind == "hemicycle":
            encoding["theta"] = {**y, "scale": {"range": [-1.5707963, 1.5707963]}, "stack": True}
    if figure.kind == "heatmap":
        encoding = {"x": x, "y": {"field": "series", "type": "nominal"}, "color": y}
    if figure.kind == "timeline":
        encoding = {"x": x, "tooltip": {"field": "label", "type": "nominal"}}
    return {
        "$schema": _SCHEMA,
        "title": figure.title(lang),
        "description": figure.description(lang),
        "data": {"values": [point.model_dump() for point in figure.points]},
        "mark": _MARKS[figure.kind],
        "encoding": encoding,
    }


def csv_of(figure: Figure) -> str:
    """Return the numbers behind a figure; a cell that begins like a formula is quoted for spreadsheets."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["series", "x", "label", "y"])
    for point in figure.points:
        words = [point.series, point.x, point.label]
        safe = [f"'{w}" if isinstance(w, str) and w.startswith(("=", "+", "-", "@")) else w for w in words]
        writer.writerow([*safe, point.y])
    return buffer.getvalue()
