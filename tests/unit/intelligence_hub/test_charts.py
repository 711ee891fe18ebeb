from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from pydantic import ValidationError

from hubs.intelligence_hub.charts.plotly import plotly
from hubs.intelligence_hub.charts.plots import DRAWERS, seats
from hubs.intelligence_hub.charts.scales import number, ticks
from hubs.intelligence_hub.charts.schemas import MAX_POINTS, Figure, Point
from hubs.intelligence_hub.charts.svg import render, table
from hubs.intelligence_hub.charts.vega import vega_lite

EVIL = "</text><script>alert(1)</script>&\x00\ufffe\"'"
SVG = "{http://www.w3.org/2000/svg}"


def figure(kind: str, points: list[Point] | None = None, title: str = "Party unity") -> Figure:
    if points is None:
        points = [
            Point(
                x=n if kind in ("scatter", "timeline") else f"P{n}",
                y=n * 1.5,
                series="a" if kind != "pie" else "",
                label=f"p {n}",
            )
            for n in range(6)
        ]
    return Figure(
        kind=kind,
        title_en=title,
        title_fr="Cohésion",
        description_en="What.",
        description_fr="Quoi.",
        points=points,
    )


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_every_kind_is_well_formed_named_and_described(kind: str, lang: str) -> None:
    root = ET.fromstring(render(figure(kind), lang))
    assert root.get("role") == "img"
    assert root.get("lang") == lang
    assert root.find(f"{SVG}title").text == ("Cohésion" if lang == "fr" else "Party unity")
    assert "p 3" in root.find(f"{SVG}desc").text
    assert len(root.findall(".//*")) > 3


@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_hostile_words_stay_words(kind: str) -> None:
    points = [Point(x=1.0 if kind == "scatter" else EVIL, y=1, series=EVIL, label=EVIL)]
    drawing = render(figure(kind, points, title=EVIL), "en")
    root = ET.fromstring(drawing)
    assert root.findall(".//script") == []
    assert root.findall(f".//{SVG}script") == []
    assert "<script" not in table(figure(kind, points, title=EVIL), "en")


@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_no_points_say_so(kind: str) -> None:
    assert "No data" in render(figure(kind, []), "en")
    assert "Aucune donnée" in render(figure(kind, []), "fr")


@pytest.mark.parametrize("total", [1, 2, 3, 26, 105, 338, 343, 1000])
def test_a_hemicycle_has_every_seat_once_inside_its_half_circle(total: int) -> None:
    placed = seats(total)
    assert len(placed) == len(set(placed)) == total
    assert all(0 <= x <= 1 and -1e-9 <= y <= 1 for x, y in placed)


def test_seats_of_a_hemicycle_are_the_totals() -> None:
    points = [Point(x="yes", y=38, label="yes"), Point(x="no", y=11, label="no")]
    root = ET.fromstring(render(figure("hemicycle", points), "en"))
    assert len(root.findall(f".//{SVG}circle")) == 49


def test_more_points_than_the_limit_are_refused() -> None:
    with pytest.raises(ValidationError):
        figure("line", [Point(x=1, y=1)] * (MAX_POINTS + 1))


def test_parts_are_not_negative_and_a_scatter_has_numbers() -> None:
    with pytest.raises(ValidationError, match="no negative parts"):
        figure("pie", [Point(x="a", y=-1)])
    with pytest.raises(ValidationError, match="is a number"):
        figure("scatter", [Point(x="a", y=1)])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0), (-3, 7), (0, 343), (0.1, 0.11)])
def test_ticks_are_round_and_cover_the_span(low: float, high: float) -> None:
    marks = ticks(low, high)
    assert marks[0] <= low
    assert marks[-1] >= high
    assert 2 <= len(marks) <= 12


def test_numbers_are_written_as_their_language_writes_them() -> None:
    assert number(12345.5, "en") == "12,345.5"
    assert number(12345.5, "fr") == "12\u202f345,5"


@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_vega_lite_holds_the_same_numbers(kind: str) -> None:
    drawn = figure(kind)
    specification = vega_lite(drawn, "fr")
    assert specification["$schema"].endswith("v5.json")
    assert specification["title"] == "Cohésion"
    assert [value["y"] for value in specification["data"]["values"]] == [point.y for point in drawn.points]


@pytest.mark.parametrize("kind", sorted(DRAWERS))
def test_plotly_holds_the_same_numbers(kind: str) -> None:
    drawn = figure(kind)
    found = plotly(drawn, "fr")
    assert found["layout"]["title"]["text"] == "Cohésion"
    assert json.loads(json.dumps(found)) == found
    expected = sorted(point.y for point in drawn.points)
    if kind == "pie":
        assert sorted(found["data"][0]["values"]) == expected
    elif kind == "heatmap":
        assert (
            sorted(value for row in found["data"][0]["z"] for value in row if value is not None) == expected
        )
    elif kind == "hemicycle":
        assert [trace["value"] for trace in found["data"]] == [round(y) for y in expected]
    elif kind != "timeline":
        assert sorted(y for trace in found["data"] for y in trace["y"]) == expected


def test_names_are_those_of_the_language() -> None:
    drawn = figure("bar", [Point(x="P", y=1, series="yes"), Point(x="P", y=2, series="no")])
    drawn = drawn.model_copy(
        update={"words_fr": {"yes": "Oui", "no": "Non"}, "unit_en": "votes", "unit_fr": "voix"}
    )
    assert "Oui" in render(drawn, "fr")
    assert "Oui" not in render(drawn, "en")
    assert "voix" in render(drawn, "fr")
    assert "Non" in table(drawn, "fr")
    assert plotly(drawn, "fr")["data"][0]["name"] == "Oui"


def test_series_of_a_scatter_differ_by_form_as_well_as_by_colour() -> None:
    points = [Point(x=n, y=n, series=str(n)) for n in range(4)]
    root = ET.fromstring(render(figure("scatter", points), "en"))
    forms = {
        (e.tag, len(e.get("points", "").split()))
        for e in root.iter()
        if e.find(f"{SVG}title") is not None and e is not root
    }
    assert len(forms) == 4
