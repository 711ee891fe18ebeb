"""Who represents this place: by concordance, by middle, by point; and honest where it cannot be told."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from .conftest import Hub, both_servers
from .places import ISLAND, LAKE, SET, WEST, collection, load_members, load_places, load_postal, put, shapes


@both_servers
def test_a_point_finds_its_district_holes_and_islands_included(hub: Hub) -> None:
    load_places(hub)

    def districts(lat: float, lng: float, **params: object) -> list[str]:
        answer = hub.http.get("/api/v1/representatives", params={"point": f"{lat},{lng}", **params})
        return (
            [c["boundary"]["name_en"] for c in answer.json()["meta"]["candidates"]]
            if answer.status_code == 200
            else []
        )

    assert districts(45.05, -75.95) == ["Ottawa West—Nepean"]
    assert districts(45.12, -75.88) == []
    assert districts(45.2, -75.8) == ["Ottawa West—Nepean"]
    assert districts(45.2, -75.2) == ["Ottawa Centre"]
    assert districts(44.0, -75.2) == []
    assert districts(45.2, -75.2, as_of="2020-01-01") == ["Ottawa"]


@both_servers
def test_a_representative_is_given_with_method_and_confidence(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    answer = hub.get("/api/v1/representatives", postal_code="k2b7y4")
    assert [r["person"]["name"] for r in answer["data"]] == ["Anita Vandenbeld"]
    meta = answer["meta"]
    assert (meta["method"], meta["confidence"], meta["is_ambiguous"], meta["ask_for_address"]) == (
        "concordance",
        1.0,
        False,
        False,
    )
    assert meta["postal_code"] == "K2B 7Y4"
    assert answer["data"][0]["boundary"]["division_id"] == "ocd-division/country:ca/ed:35075-2023"
    old = hub.get("/api/v1/representatives", point="45.05,-75.95", as_of="2020-01-01")
    assert [r["person"]["name"] for r in old["data"]] == ["Old Member"]


def test_an_ambiguous_postal_code_gives_every_candidate_and_asks_for_the_address(hub: Hub) -> None:
    load_places(hub)
    load_members(hub)
    load_postal(hub)
    answer = hub.get("/api/v1/representatives", postal_code="K1A 0A6")
    found = {c["boundary"]["name_en"]: (c["share"], c["confidence"]) for c in answer["meta"]["candidates"]}
    assert found == {"Ottawa Centre": (0.75, 0.75), "Ottawa West—Nepean": (0.25, 0.25)}
    assert answer["meta"]["is_ambiguous"]
    assert answer["meta"]["ask_for_address"]
    assert "more than one district" in answer["meta"]["message_en"]
    assert "plus d'une circonscription" in answer["meta"]["message_fr"]
    vacant = [r for r in answer["data"] if r["is_vacant"]]
    assert [(r["post"]["label_en"], r["person"]) for r in vacant] == [("Member for Ottawa Centre", None)]


def test_a_code_known_by_its_middle_only_says_so(hub: Hub) -> None:
    load_places(hub)
    load_postal(hub)
    meta = hub.get("/api/v1/representatives", postal_code="K1P5M7")["meta"]
    assert (meta["method"], meta["confidence"], meta["ask_for_address"], meta["city"]) == (
        "centroid",
        0.7,
        True,
        "Ottawa",
    )


def test_an_unknown_code_is_a_404_that_asks_for_the_address(hub: Hub) -> None:
    problem = hub.get("/api/v1/representatives", 404, postal_code="V6B 1A1")
    assert problem["ask_for_address"] is True
    assert "adresse" in problem["message_fr"]


def test_a_point_near_another_district_is_less_sure(hub: Hub) -> None:
    load_places(hub)
    meta = hub.get("/api/v1/representatives", point="45.2,-75.4995")["meta"]
    assert (meta["confidence"], meta["candidates"][0]["is_near_edge"]) == (0.8, True)
    both = hub.get("/api/v1/representatives", point="45.2,-75.5")["meta"]
    assert both["is_ambiguous"]


def test_the_same_shapes_again_change_nothing_and_a_missing_one_goes(hub: Hub) -> None:
    load_places(hub)
    path = f"/api/v1/boundary-sets/{SET}/boundaries"
    assert put(hub, path, shapes())["unchanged"] == 2
    fewer = {**shapes(), "features": shapes()["features"][:1]}
    assert put(hub, path, fewer) == {"set": SET, "inserted": 0, "updated": 0, "unchanged": 1, "removed": 1}


def test_boundaries_are_listed_and_their_shapes_served(hub: Hub) -> None:
    load_places(hub)
    assert [s["slug"] for s in hub.get("/api/v1/boundary-sets")["data"]] == [
        "federal-electoral-districts-2013",
        SET,
    ]
    one = hub.get(f"/api/v1/boundary-sets/{SET}")
    assert (one["count"], one["valid_from"]) == (2, "2024-04-23")
    listed = hub.get("/api/v1/boundaries", sets=SET)
    assert [b["slug"] for b in listed["data"]] == ["ottawa-centre", "ottawa-west-nepean"]
    assert [b["slug"] for b in hub.get("/api/v1/boundaries", contains="45.2,-75.2")["data"]] == [
        "ottawa-centre"
    ]
    assert hub.get(f"/api/v1/boundaries/{SET}/35075")["attributes"]["ED_NAMEF"] == "Ottawa-Ouest—Nepean"
    shape = hub.http.get(f"/api/v1/boundaries/{SET}/ottawa-west-nepean/shape")
    assert shape.headers["content-type"] == "application/geo+json"
    assert shape.json() == {"type": "MultiPolygon", "coordinates": [[WEST, LAKE], [ISLAND]]}
    centre = hub.get(f"/api/v1/boundaries/{SET}/ottawa-centre")["centroid"]
    assert centre == [45.25, -75.25]
    hub.get(f"/api/v1/boundaries/{SET}/nowhere", 404)
    hub.get("/api/v1/boundary-sets/nothing", 404)


def shapefile(projection: str = 'GEOGCS["GCS_North_American_1983"]') -> bytes:
    """Return a zipped shapefile of one polygon with a hole: outer ring clockwise, hole the other way."""
    rings = [WEST[::-1], LAKE]
    points = [p for ring in rings for p in ring]
    body = struct.pack("<i4d", 5, -76.0, 45.0, -75.5, 45.5) + struct.pack("<ii", 2, len(points))
    body += struct.pack("<2i", 0, len(rings[0])) + b"".join(struct.pack("<2d", *p) for p in points)
    header = struct.pack(">i5ii", 9994, 0, 0, 0, 0, 0, (100 + 8 + len(body)) // 2) + struct.pack(
        "<ii8d", 1000, 5, *[0.0] * 8
    )
    shp = header + struct.pack(">ii", 1, len(body) // 2) + body
    fields = [("NAME", 20), ("FED_NUM", 5)]
    row = b" " + "Québec".ljust(20).encode("latin-1") + b"24024"
    dbf = struct.pack("<BBBBIHH20x", 3, 126, 1, 1, 1, 32 + 32 * len(fields) + 1, len(row))
    for name, length in fields:
        dbf += name.encode().ljust(11, b"\x00") + b"C" + b"\x00" * 4 + bytes([length, 0]) + b"\x00" * 14
    dbf += b"\r" + row
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("fed/FED.shp", shp)
        archive.writestr("fed/FED.dbf", dbf)
        archive.writestr("fed/FED.prj", projection)
    return out.getvalue()


def test_a_zipped_shapefile_is_read_with_its_hole_and_its_accents(hub: Hub) -> None:
    put(hub, "/api/v1/boundary-sets/fed", {"name_en": "Districts"})
    answer = hub.http.put("/api/v1/boundary-sets/fed/boundaries", content=shapefile(), headers=hub.headers())
    assert answer.json()["inserted"] == 1, answer.text
    [one] = hub.get("/api/v1/boundaries", sets="fed")["data"]
    assert (one["name_en"], one["external_id"], one["slug"]) == ("Québec", "24024", "quebec")
    assert hub.get("/api/v1/boundaries", contains="45.2,-75.8")["data"] == []
    assert len(hub.get("/api/v1/boundaries", contains="45.05,-75.95")["data"]) == 1


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\x00" * 50_000_000)
        archive.writestr("a.dbf", b"")
    return out.getvalue()


def test_bad_shapes_are_refused_and_nothing_is_stored(hub: Hub) -> None:
    put(hub, "/api/v1/boundary-sets/bad", {"name_en": "Bad"})
    square = {"type": "Polygon", "coordinates": [WEST]}
    bad: list[bytes | dict] = [
        b"",
        b"not json",
        b"PK\x03\x04 broken",
        bomb(),
        shapefile('PROJCS["Lambert"]'),
        shapefile()[:-40],
        {"type": "Feature"},
        collection(),
        collection(({}, square)),
        collection(({"name": "x"}, {"type": "Point", "coordinates": [0, 0]})),
        collection(({"name": "x"}, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]})),
        collection(
            ({"name": "x"}, {"type": "Polygon", "coordinates": [[[0, 0], [500000, 1], [3, 3], [0, 0]]]})
        ),
        collection(({"name": "x"}, {"type": "Polygon", "coordinates": "x"})),
        collection(({"name": "x"}, None)),
    ]
    for body in bad:
        options = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = hub.http.put("/api/v1/boundary-sets/bad/boundaries", headers=hub.headers(), **options)
        assert answer.status_code == 422, (str(body)[:60], answer.text)
    assert hub.get("/api/v1/boundaries", sets="bad")["data"] == []
    answer = hub.http.put("/api/v1/boundary-sets/none/boundaries", json=shapes(), headers=hub.headers())
    assert answer.status_code == 404
    assert hub.http.put("/api/v1/boundary-sets/bad", json={"name_en": "x"}).status_code == 401


@pytest.mark.parametrize(
    "params",
    [
        {}, {"postal_code": "K1A0A6", "point": "1,1"}, {"postal_code": "D1A 0A6"}, {"postal_code": "90210"},
        {"postal_code": ""}, {"point": "91,0"}, {"point": "nan,0"}, {"point": "1"}, {"point": "1,2,3"}, {"point": "45;-75"},
        {"point": "45,-75", "as_of": "then"}, {"point": "45,-75", "colour": "x"},
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_a_422(hub: Hub, params: dict) -> None:
    hub.get("/api/v1/representatives", 422, **params)
