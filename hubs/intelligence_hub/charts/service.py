"""Charts of the indicators: which rows become which figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hubs.intelligence_hub.analytics.schemas import IndicatorRead
from hubs.intelligence_hub.analytics.service import MAX_ROWS, get_indicator
from hubs.intelligence_hub.analytics.service import build as build_analytics
from hubs.intelligence_hub.charts.errors import ChartNotFound
from hubs.intelligence_hub.charts.schemas import MAX_POINTS, ChartRead, Figure, Kind, Point

Rows = list[dict[str, Any]]
_Maker = Callable[[Rows, int], list[Point]]
_WORDS_FR = {
    "yes": "Oui",
    "no": "Non",
    "house": "Chambre des communes",
    "senate": "Sénat",
    "government": "gouvernement",
    "other": "autres",
    "unknown": "inconnu",
}


def _named(x: str, y: str, label_fr: str = "") -> _Maker:
    """One point a row; rows of the same name are told apart by what else names them."""

    def make(rows: Rows, most: int) -> list[Point]:
        shown = rows[:most]
        twice = {name for name, count in Counter(str(row[x]) for row in shown).items() if count > 1}
        points = []
        for row in shown:
            name = str(row[x])
            if name in twice:
                key = str(row.get("member") or row.get("source") or "")
                name = f"{name} ({row.get('party') or key.rpartition('/')[2]})"
            french = str(row[label_fr]) if label_fr else ""
            points.append(Point(x=name[:300], y=float(row[y] or 0), label=name[:300], label_fr=french))
        return points

    return make


def _breakdown(rows: Rows, most: int) -> list[Point]:
    """Yes and no of each party, over all votes that were asked for."""
    sums: dict[str, Counter[str]] = {}
    for row in rows:
        sums.setdefault(row["party"], Counter()).update({"yes": row["yes"], "no": row["no"]})
    parties = sorted(sums, key=lambda party: (-sums[party].total(), party))[:most]
    return [Point(x=party, y=sums[party][side], series=side) for side in ("yes", "no") for party in parties]


def _hemicycle(rows: Rows, _: int) -> list[Point]:
    sides = Counter({"yes": 0, "no": 0})
    for row in rows:
        sides.update({"yes": row["yes"], "no": row["no"]})
    return [Point(x=side, y=sides[side], label=side, label_fr=_WORDS_FR[side]) for side in ("yes", "no")]


def _map(first: str, second: str) -> _Maker:
    """A square of everybody with everybody, symmetric, 1 on the diagonal."""

    def make(rows: Rows, most: int) -> list[Point]:
        often: Counter[str] = Counter()
        for row in rows:
            often.update({row[first]: row["votes"], row[second]: row["votes"]})
        size = min(most, int(MAX_POINTS**0.5))
        names = sorted(name for name, _ in sorted(often.items(), key=lambda item: (-item[1], item[0]))[:size])
        known = {(row[first], row[second]): row["agreement"] for row in rows}
        known |= {(b, a): value for (a, b), value in known.items()}
        return [
            Point(x=column, series=row, y=1.0 if row == column else known[row, column])
            for row in names
            for column in names
            if row == column or (row, column) in known
        ]

    return make


def _velocity(rows: Rows, _: int) -> list[Point]:
    places = {(row["chamber"], row["stage"]): None for row in rows}
    order = {stage: index for index, stage in enumerate(places)}
    return [
        Point(
            x=float(order[row["chamber"], row["stage"]]),
            y=float(row["days"]),
            series=row["chamber"],
            label=f"{row['bill']}: {row['stage_en'] or row['stage']}",
            label_fr=f"{row['bill']}: {row['stage_fr'] or row['stage']}",
        )
        for row in rows
    ]


def _survival(rows: Rows, _: int) -> list[Point]:
    begun = dict.fromkeys(row["kind"] for row in rows)
    started = [Point(x=0.0, y=1.0, series=kind) for kind in begun]
    return started + [Point(x=float(r["days"]), y=r["not_yet_law"], series=r["kind"]) for r in rows]


def _timeline(rows: Rows, most: int) -> list[Point]:
    ordered = sorted(rows, key=lambda row: (row["reached_on"], row["chamber"], row["stage"]))[:most]
    return [
        Point(
            x=row["reached_on"].isoformat(),
            y=float(row["days"]),
            label=row["stage_en"] or row["stage"],
            label_fr=row["stage_fr"] or row["stage"],
        )
        for row in ordered
    ]


def _recent_words(rows: Rows, most: int) -> list[Point]:
    newest = rows[: min(most, len(rows))][::-1]
    return [Point(x=row["date"].isoformat(), y=float(row["words_en"])) for row in newest]


@dataclass(frozen=True)
class Chart:
    """A picture of an indicator."""

    indicator: str
    kind: Kind
    make: _Maker
    x_title: tuple[str, str] = ("", "")
    required: tuple[str, ...] = ()


CHARTS: dict[str, Chart] = {
    "party-unity": Chart("party-unity", "bar", _named("party", "unity")),
    "vote-breakdown": Chart("vote-unity", "bar", _breakdown, required=("vote",)),
    "vote-hemicycle": Chart("vote-unity", "hemicycle", _hemicycle, required=("vote",)),
    "party-agreement": Chart("party-agreement", "heatmap", _map("party", "other")),
    "agreement-map": Chart("agreement-matrix", "heatmap", _map("name", "other_name")),
    "agreement": Chart("agreement", "bar", _named("name", "agreement")),
    "bills-by-status": Chart("bills-by-status", "pie", _named("status_en", "bills", "status_fr")),
    "bill-velocity": Chart("bill-velocity", "scatter", _velocity, ("stage", "étape")),
    "bill-survival": Chart(
        "bill-survival", "line", _survival, ("days since introduction", "jours depuis le dépôt")
    ),
    "bill-timeline": Chart("bill-velocity", "timeline", _timeline, required=("bill",)),
    "member-dissent": Chart("member-dissent", "bar", _named("name", "dissent_rate")),
    "attendance": Chart("attendance", "bar", _named("name", "attendance")),
    "sponsorship": Chart("sponsorship", "bar", _named("name", "bills")),
    "speaking-time": Chart("speaking-time", "bar", _named("name", "words_en")),
    "member-words": Chart("member-words", "bar", _named("word", "z_score")),
    "debate-words": Chart("debate-words", "bar", _named("word", "z_score")),
    "words-sparkline": Chart("debate-activity", "sparkline", _recent_words),
    "scrape-yield": Chart("scrape-yield", "bar", _named("source", "records")),
}


def list_charts() -> dict[str, ChartRead]:
    """Return the charts by name."""
    return {name: _described(chart) for name, chart in CHARTS.items()}


def _described(chart: Chart) -> ChartRead:
    indicator = get_indicator(chart.indicator)
    return ChartRead(
        indicator=chart.indicator,
        kind=chart.kind,
        title_en=indicator.title_en,
        title_fr=indicator.title_fr,
        parameters=indicator.parameters,
        required=tuple(dict.fromkeys((*indicator.required, *chart.required))),
    )


def draw(session: Session, name: str, parameters: dict[str, str], most: int = 40) -> Figure:
    """Return the figure of a chart.

    Raises: ChartNotFound; Invalid without a parameter that it needs; what the indicator behind it raises.
    """
    try:
        chart = CHARTS[name]
    except KeyError:
        raise ChartNotFound(f"no chart {name!r}", known=sorted(CHARTS)) from None
    service = build_analytics(session)
    service.require(name, chart.required, parameters)
    result = service.compute(chart.indicator, parameters, MAX_ROWS)
    points = chart.make(result.rows, most)[:MAX_POINTS]
    indicator = result.indicator
    cut_en, cut_fr = _cut(len(points), len(result.rows), chart.kind, is_cut=result.is_cut)
    return Figure(
        kind=chart.kind,
        title_en=_titled(indicator.title_en, parameters),
        title_fr=_titled(indicator.title_fr, parameters),
        description_en=f"{_said(indicator, 'en')}{cut_en}"[:2_000],
        description_fr=f"{_said(indicator, 'fr')}{cut_fr}"[:2_000],
        x_title_en=chart.x_title[0],
        x_title_fr=chart.x_title[1],
        unit_en=indicator.unit_en,
        unit_fr=indicator.unit_fr,
        source_en=indicator.source_en,
        source_fr=indicator.source_fr,
        words_fr=_WORDS_FR,
        points=points,
    )


def _titled(title: str, parameters: dict[str, str]) -> str:
    given = [value for name, value in parameters.items() if value and name != "lang"]
    return f"{title} ({', '.join(given)})"[:300] if given else title


def _said(indicator: IndicatorRead, lang: str) -> str:
    if lang == "fr":
        return f"{indicator.definition_fr} {indicator.caveat_fr}"
    return f"{indicator.definition_en} {indicator.caveat_en}"


def _cut(points: int, rows: int, kind: Kind, *, is_cut: bool) -> tuple[str, str]:
    if kind in ("heatmap", "hemicycle") or (points >= rows and not is_cut):
        return "", ""
    return f" Shown: the first {points}.", f" Montrés : les {points} premiers."
