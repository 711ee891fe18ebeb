"""Figures as Plotly's JSON (plotly.com/chart-studio-help/json-chart-schema): data and layout, made by hand."""

from __future__ import annotations

from typing import Any

from hubs.intelligence_hub.charts.plots import seats
from hubs.intelligence_hub.charts.scales import PALETTE
from hubs.intelligence_hub.charts.schemas import Figure, Point

_SYMBOLS = ("circle", "square", "triangle-up", "diamond")
_DASHES = ("solid", "dash", "dot", "dashdot")


def plotly(figure: Figure, lang: str) -> dict[str, Any]:
    """Return ``{"data", "layout"}`` for Plotly 2 and later."""
    make = {
        "pie": _pie,
        "heatmap": _heatmap,
        "hemicycle": _hemicycle,
        "bar": _bars,
        "timeline": _timeline,
    }.get(figure.kind, _lines)
    layout: dict[str, Any] = {
        "title": {"text": figure.title(lang), "subtitle": {"text": figure.description(lang)}},
        "colorway": list(PALETTE),
        "xaxis": {"title": {"text": figure.axis("x", lang)}, "automargin": True},
        "yaxis": {"title": {"text": figure.axis("y", lang)}, "automargin": True},
        "meta": {"unit": figure.unit(lang), "source": figure.source(lang), "lang": lang},
        "separators": ",\u202f" if lang == "fr" else ".,",
    }
    if figure.kind in ("hemicycle", "pie", "sparkline"):
        layout["xaxis"]["visible"] = layout["yaxis"]["visible"] = False
    return {"data": make(figure, lang), "layout": layout}


def _series(figure: Figure) -> list[tuple[str, list[Point]]]:
    return [(name, [p for p in figure.points if p.series == name]) for name in figure.series_names()]


def _place(figure: Figure, point: Point, lang: str) -> float | str:
    return figure.name(point.x, lang) if isinstance(point.x, str) else point.x


def _trace(figure: Figure, name: str, points: list[Point], lang: str) -> dict[str, Any]:
    return {
        "name": figure.name(name, lang),
        "x": [_place(figure, point, lang) for point in points],
        "y": [point.y for point in points],
        "text": [point.words(lang) for point in points],
    }


def _bars(figure: Figure, lang: str) -> list[dict[str, Any]]:
    return [{"type": "bar", **_trace(figure, name, points, lang)} for name, points in _series(figure)]


def _lines(figure: Figure, lang: str) -> list[dict[str, Any]]:
    mode = (
        "markers" if figure.kind == "scatter" else "lines" if figure.kind == "sparkline" else "lines+markers"
    )
    return [
        {
            "type": "scatter",
            "mode": mode,
            "marker": {"symbol": _SYMBOLS[index % len(_SYMBOLS)]},
            "line": {"dash": _DASHES[index % len(_DASHES)]},
            **_trace(figure, name, points, lang),
        }
        for index, (name, points) in enumerate(_series(figure))
    ]


def _timeline(figure: Figure, lang: str) -> list[dict[str, Any]]:
    trace = _trace(figure, "", figure.points, lang)
    return [{"type": "scatter", "mode": "markers+text", **trace, "y": [0] * len(figure.points)}]


def _pie(figure: Figure, lang: str) -> list[dict[str, Any]]:
    labels = [point.words(lang) for point in figure.points]
    return [{"type": "pie", "labels": labels, "values": [point.y for point in figure.points], "sort": False}]


def _heatmap(figure: Figure, lang: str) -> list[dict[str, Any]]:
    columns = list(dict.fromkeys(_place(figure, point, lang) for point in figure.points))
    rows = figure.series_names()
    known = {(point.series, _place(figure, point, lang)): point.y for point in figure.points}
    return [
        {
            "type": "heatmap",
            "x": columns,
            "y": [figure.name(row, lang) for row in rows],
            "z": [[known.get((row, column)) for column in columns] for row in rows],
            "colorscale": "Blues",
        }
    ]


def _hemicycle(figure: Figure, lang: str) -> list[dict[str, Any]]:
    counts = [round(point.y) for point in figure.points]
    places = seats(sum(counts)) if sum(counts) else []
    traces, start = [], 0
    for index, (point, count) in enumerate(zip(figure.points, counts, strict=True)):
        mine = places[start : start + count]
        start += count
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{point.words(lang)} ({count})",
                "x": [x for x, _ in mine],
                "y": [1 - y for _, y in mine],
                "marker": {"symbol": _SYMBOLS[index % len(_SYMBOLS)]},
                "value": count,
            }
        )
    return traces
