"""Two square districts side by side, a lake with an island between them, and who sits there."""

from __future__ import annotations

from typing import Any

from .conftest import Hub, membership, person, source

WEST = [[-76.0, 45.0], [-75.5, 45.0], [-75.5, 45.5], [-76.0, 45.5], [-76.0, 45.0]]
EAST = [[-75.5, 45.0], [-75.0, 45.0], [-75.0, 45.5], [-75.5, 45.5], [-75.5, 45.0]]
LAKE = [[-75.9, 45.1], [-75.7, 45.1], [-75.7, 45.3], [-75.9, 45.3], [-75.9, 45.1]]
ISLAND = [[-75.85, 45.15], [-75.75, 45.15], [-75.75, 45.25], [-75.85, 45.25], [-75.85, 45.15]]
OLD = [[-76.0, 45.0], [-75.0, 45.0], [-75.0, 45.5], [-76.0, 45.5], [-76.0, 45.0]]
SET = "federal-electoral-districts-2023"


def collection(*features: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": p, "geometry": g} for p, g in features],
    }


def shapes() -> dict[str, Any]:
    return collection(
        (
            {"FED_NUM": 35075, "ED_NAMEE": "Ottawa West—Nepean", "ED_NAMEF": "Ottawa-Ouest—Nepean"},
            {"type": "MultiPolygon", "coordinates": [[WEST, LAKE], [ISLAND]]},
        ),
        (
            {"FED_NUM": 35077, "ED_NAMEE": "Ottawa Centre", "ED_NAMEF": "Ottawa-Centre"},
            {"type": "Polygon", "coordinates": [EAST]},
        ),
    )


def put(hub: Hub, path: str, body: Any, status: int = 200, **params: Any) -> Any:
    answer = hub.http.put(path, json=body, params=params, headers=hub.headers())
    assert answer.status_code == status, answer.text
    return answer.json()


def load_places(hub: Hub) -> None:
    put(
        hub,
        f"/api/v1/boundary-sets/{SET}",
        {
            "name_en": "Federal electoral districts (2023)",
            "name_fr": "Circonscriptions fédérales (2023)",
            "singular_en": "Federal electoral district",
            "domain": "Canada",
            "authority": "Elections Canada",
            "organization_key": "ca/house",
            "valid_from": "2024-04-23",
        },
    )
    loaded = put(
        hub,
        f"/api/v1/boundary-sets/{SET}/boundaries",
        shapes(),
        division="ocd-division/country:ca/ed:{id}-2023",
    )
    assert loaded["inserted"] == 2
    put(
        hub,
        "/api/v1/boundary-sets/federal-electoral-districts-2013",
        {
            "name_en": "Federal electoral districts (2013)",
            "organization_key": "ca/house",
            "valid_through": "2024-04-22",
        },
    )
    old = collection(({"id": "35070", "name": "Ottawa"}, {"type": "Polygon", "coordinates": [OLD]}))
    put(hub, "/api/v1/boundary-sets/federal-electoral-districts-2013/boundaries", old)


def load_members(hub: Hub) -> None:
    hub.load("person", person(1, "Anita Vandenbeld"), person(2, "Old Member"))
    hub.load(
        "post",
        {
            "key": "ca/house/post/ottawa-west-nepean",
            "organization_key": "ca/house",
            "label_en": "Member for Ottawa West—Nepean",
            "division_name": "Ottawa West—Nepean",
            "sources": [source()],
        },
        {
            "key": "ca/house/post/ottawa-centre",
            "organization_key": "ca/house",
            "is_vacant": True,
            "label_en": "Member for Ottawa Centre",
            "division_name": "Ottawa Centre",
            "sources": [source()],
        },
    )
    hub.load(
        "membership",
        membership(1, area="Ottawa West—Nepean", post_key="ca/house/post/ottawa-west-nepean"),
        membership(2, start="2015-10-19", end_date="2024-01-31", area="Ottawa"),
    )


def load_postal(hub: Hub) -> None:
    rows = [
        {"code": "K2B 7Y4", "set": SET, "external_id": "35075"},
        {"code": "K1A 0A6", "set": SET, "external_id": "35075", "share": 0.25},
        {"code": "K1A 0A6", "set": SET, "external_id": "35077", "share": 0.75},
        {"code": "K1P 5M7", "lat": 45.4, "lng": -75.2, "city": "Ottawa", "province": "ON"},
    ]
    answer = hub.http.post(
        "/api/v1/postal-codes", json={"source": "test", "rows": rows}, headers=hub.headers()
    )
    assert answer.json() == {"concordances": 3, "centroids": 1}
