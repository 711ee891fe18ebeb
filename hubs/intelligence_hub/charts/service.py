"""Charts of the indicators: which rows become which figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.service import build as build_analytics
from hubs.intelligence_hub.charts.errors import ChartNotFound
from hubs.intelligence_hub.charts.schemas import Figure, Kind, Point

_Maker = Callable[[list[dict[str, Any]]], list[Point]]


def _points(x: str, y: str, series: str = "", label: str = "") -> _Maker:
    def make(rows: list[dict[str, Any]]) -> list[Point]:
        return [
            Point(
                x=str(row[x]),
                y=float(row[y] or 0),
                series=str(row[series]) if series else "",
                label=str(row[label]) if label else "",
            )
            for row in rows
        ]

    return make


def _breakdown(rows: list[dict[str, Any]]) -> list[Point]:
    return [Point(x=row["party"], y=row[side], series=side) for side in ("yes", "no") for row in rows]


def _hemicycle(rows: list[dict[str, Any]]) -> list[Point]:
    sides: Counter[str] = Counter()
    for row in rows:
        sides["yes"] += row["yes"]
        sides["no"] += row["no"]
    return [Point(x=side, y=count, label=side) for side, count in sides.items()]


def _agreement_map(rows: list[dict[str, Any]]) -> list[Point]:
    both = [(row["party"], row["other"], row["agreement"]) for row in rows]
    parties = sorted({name for a, b, _ in both for name in (a, b)})
    known = {(a, b): value for a, b, value in both} | {(b, a): value for a, b, value in both}
    return [
        Point(x=column, series=row, y=1.0 if row == column else known[row, column])
        for row in parties
        for column in parties
        if row == column or (row, column) in known
    ]


def _velocity(rows: list[dict[str, Any]]) -> list[Point]:
    places = {(row["chamber"], row["stage"]): None for row in rows}
    order = {stage: index for index, stage in enumerate(places)}
    return [
        Point(
            x=float(order[row["chamber"], row["stage"]]),
            y=float(row["days"]),
            series=row["chamber"],
            label=f"{row['bill']}: {row['stage']}",
        )
        for row in rows
    ]


CHARTS: dict[str, tuple[str, Kind, _Maker]] = {
    "party-unity": ("party-unity", "bar", _points("party", "unity")),
    "vote-breakdown": ("vote-unity", "bar", _breakdown),
    "vote-hemicycle": ("vote-unity", "hemicycle", _hemicycle),
    "party-agreement": ("party-agreement", "heatmap", _agreement_map),
    "bills-by-status": ("bills-by-status", "pie", _points("status_en", "bills", label="status_en")),
    "bill-velocity": ("bill-velocity", "scatter", _velocity),
    "member-dissent": ("member-dissent", "bar", _points("name", "dissent_rate")),
    "attendance": ("attendance", "bar", _points("name", "attendance")),
    "sponsorship": ("sponsorship", "bar", _points("name", "bills")),
}


def chart(session: Session, name: str, parameters: dict[str, str], most: int = 40) -> Figure:
    """Return the figure of a chart.

    Raises: ChartNotFound; what the indicator behind it raises.
    """
    try:
        indicator_name, kind, make = CHARTS[name]
    except KeyError:
        raise ChartNotFound(f"no chart {name!r}", known=sorted(CHARTS)) from None
    result = build_analytics(session).compute(indicator_name, parameters)
    indicator = result.indicator
    rows = result.rows if kind in ("heatmap", "scatter") else result.rows[:most]
    return Figure(
        kind=kind,
        title_en=indicator.title_en,
        title_fr=indicator.title_fr,
        description_en=f"{indicator.definition_en} {indicator.caveat_en}",
        description_fr=f"{indicator.definition_fr} {indicator.caveat_fr}",
        unit=indicator.unit,
        source=indicator.source,
        points=make(rows),
    )
