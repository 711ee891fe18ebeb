"""Points where boundaries are awkward: on edges, in parts that touch, in rings that cross themselves, far away."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Hub
from .places import SET, collection, load_members, load_places, load_postal, put
from .test_compat import OS, REP


def load(hub: Hub, slug: str, *features: tuple[str, dict[str, Any]], **about: Any) -> None:
    put(hub, f"/api/v1/boundary-sets/{slug}", {"name_en": slug.title(), **about})
    body = collection(*(({"name": name, "id": name}, shape) for name, shape in features))
    put(hub, f"/api/v1/boundary-sets/{slug}/boundaries", body)


def square(west: float, south: float, side: float = 1.0) -> list[list[float]]:
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def at(hub: Hub, point: str, **params: Any) -> list[str]:
    return sorted(b["name_en"] for b in hub.get("/api/v1/boundaries", contains=point, **params)["data"])


def test_a_point_between_parts_of_one_district_that_touch_lies_in_it(hub: Hub) -> None:
    parts = {"type": "MultiPolygon", "coordinates": [[square(-80, 50)], [square(-79, 50)]]}
    load(hub, "touching", ("Two parts", parts))
    for point in ("50.5,-79.5", "50.5,-79", "50,-79", "51,-80", "50.5,-78.5"):
        assert at(hub, point) == ["Two parts"], point
    assert at(hub, "50.5,-77.9") == []


def test_parts_that_overlap_hold_what_they_share_and_holes_only_what_is_theirs(hub: Hub) -> None:
    parts = {
        "type": "MultiPolygon",
        "coordinates": [
            [square(-80, 50, 3), square(-79.5, 50.5), square(-78.4, 50.5)],
            [square(-79.2, 50.7, 0.5)],
        ],
    }
    load(hub, "overlapping", ("Lakes", parts))
    for point, found in (
        ("50.1,-79.9", True), ("51,-79", True), ("50.6,-79.4", False), ("51,-78", False), ("50.9,-79", True),
    ):  # fmt: skip
        assert bool(at(hub, point)) is found, point


def test_a_ring_that_crosses_itself_holds_both_its_loops(hub: Hub) -> None:
    bow = [[-80, 50], [-78, 52], [-78, 50], [-80, 52], [-80, 50]]
    load(hub, "bow", ("Bow", {"type": "Polygon", "coordinates": [bow]}))
    assert at(hub, "51,-79.8") == at(hub, "51,-78.2") == ["Bow"]
    assert at(hub, "50.1,-79") == at(hub, "51.9,-79") == []
    # Its loops cancel out as areas; the middle is one of its points' all the same.
    lat, lng = hub.get("/api/v1/boundaries/bow/bow")["centroid"]
    assert (50 <= lat <= 52, -80 <= lng <= -78) == (True, True)


def test_districts_up_to_the_antimeridian_are_told_apart(hub: Hub) -> None:
    load(
        hub,
        "dateline",
        ("East", {"type": "Polygon", "coordinates": [square(179, 60)]}),
        ("West", {"type": "Polygon", "coordinates": [square(-180, 60)]}),
    )
    assert (at(hub, "60.5,179.5"), at(hub, "60.5,-179.5")) == (["East"], ["West"])
    assert (at(hub, "60.5,180"), at(hub, "60.5,-180")) == (["East"], ["West"])


def test_a_border_belongs_to_both_sides_and_both_are_candidates(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    answer = hub.get("/api/v1/representatives", point="45.2,-75.5")
    assert [c["boundary"]["slug"] for c in answer["meta"]["candidates"]] == [
        "ottawa-centre",
        "ottawa-west-nepean",
    ]
    assert (answer["meta"]["is_ambiguous"], answer["meta"]["ask_for_address"]) == (True, True)
    # The corner of the whole country, so to speak.
    assert at(hub, "45,-76") == ["Ottawa West—Nepean"]


def test_swapped_coordinates_are_told_so_and_places_elsewhere_are_not(hub: Hub) -> None:
    load_places(hub)
    swapped = hub.get("/api/v1/representatives", 404, point="-75.95,45.05")
    assert "latitude comes first" in swapped["detail"]
    assert "la latitude vient d'abord" in swapped["message_fr"]
    for elsewhere in ("48.85,2.35", "0,0", "90,0", "-90,180", "60,-100"):
        found = hub.get("/api/v1/representatives", 404, point=elsewhere)
        assert "latitude" not in found["detail"], elsewhere
    assert "comes first" in hub.get("/api/v1/representatives", 422, point="-123.1,49.2")["detail"]


@pytest.mark.parametrize(
    "point", ["nan,nan", "inf,0", "0,-inf", "1e999,0", "45.0,", ",", "", "45 75", "0x1,1", "٤٥,x"]
)
def test_what_is_no_place_is_refused_by_every_door(hub: Hub, point: str) -> None:
    hub.get("/api/v1/representatives", 422, point=point)
    if point:
        hub.get("/api/v1/boundaries", 422, contains=point)
    if point and point != "0x1,1":  # of which Represent takes the digits
        hub.get(f"{REP}/boundaries/", 400, contains=point)
    hub.get(f"{OS}/people.geo", 400, lat=point.partition(",")[0] or "x", lng="x")


def test_a_code_follows_the_set_that_is_valid_on_the_day(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    old = "federal-electoral-districts-2013"
    rows = [{"code": "K2B 7Y4", "set": old, "external_id": "35070"}]
    hub.http.post("/api/v1/postal-codes", json={"source": "old", "rows": rows}, headers=hub.headers())

    def sets(**params: Any) -> list[str]:
        meta = hub.get("/api/v1/representatives", postal_code="K2B7Y4", **params)["meta"]
        return [c["boundary"]["set"] for c in meta["candidates"]]

    assert (sets(), sets(as_of="2024-04-23"), sets(as_of="2024-04-22")) == ([SET], [SET], [old])
    then = hub.get("/api/v1/representatives", postal_code="K2B7Y4", as_of="2020-01-01")
    assert [r["person"]["name"] for r in then["data"]] == ["Old Member"]
    hub.get("/api/v1/representatives", 404, postal_code="K2B7Y4", sets=old)


def test_a_code_whose_middle_lies_nowhere_asks_for_the_address(hub: Hub) -> None:
    load_places(hub)
    rows = [{"code": "B0N 1A0", "lat": 0.0, "lng": 0.0, "city": "At sea", "province": "NS"}]
    hub.http.post("/api/v1/postal-codes", json={"source": "x", "rows": rows}, headers=hub.headers())
    assert hub.get("/api/v1/representatives", 404, postal_code="B0N1A0")["ask_for_address"] is True
