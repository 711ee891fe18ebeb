"""Figures as Vega-Lite 5 specifications (vega.github.io/vega-lite)."""

from __future__ import annotations

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
    is_number = figure.points and all(not isinstance(point.x, str) for point in figure.points)
    x = {
        "field": "x",
        "type": "quantitative" if is_number else "nominal",
        "title": figure.axis("x", lang) or None,
        "sort": None,
    }
    y: dict[str, Any] = {"field": "y", "type": "quantitative", "title": figure.axis("y", lang) or None}
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
        "usermeta": {"unit": figure.unit(lang), "source": figure.source(lang)},
        "data": {
            "values": [
                {
                    "x": figure.name(point.x, lang) if isinstance(point.x, str) else point.x,
                    "y": point.y,
                    "series": figure.name(point.series, lang),
                    "label": point.words(lang),
                }
                for point in figure.points
            ]
        },
        "mark": _MARKS[figure.kind],
        "encoding": encoding,
    }
