"""The shapes of Represent's answers: pure functions from our records to theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from hubs.data_hub.compat.schemas import Asked, Window, typed
from hubs.data_hub.geography.schemas import BoundarySetRead
from hubs.data_hub.text import fold, slugify

Shape = dict[str, Any]
_OFFICE_FIELDS = {"address": "postal", "voice": "tel", "fax": "fax"}
_OFFICES = {"Member of Parliament": "MP", "Senator": "Senator"}
_LEGISLATURES = {
    "province:ab": "alberta-legislature",
    "province:bc": "bc-legislature",
    "province:mb": "manitoba-legislature",
    "province:nb": "new-brunswick-legislature",
    "province:nl": "newfoundland-labrador-legislature",
    "province:ns": "nova-scotia-legislature",
    "province:on": "ontario-legislature",
    "province:pe": "pei-legislature",
    "province:qc": "quebec-assemblee-nationale",
    "province:sk": "saskatchewan-legislature",
    "territory:nt": "northwest-territories-legislature",
    "territory:nu": "nunavut-legislature",
    "territory:yt": "yukon-legislature",
}
"""What clients call the legislatures, whatever their names are."""


def set_slug(body: Mapping[str, Any]) -> str:
    """Return what clients call a body: by its name, legislatures by their province."""
    parts = str(body.get("jurisdiction") or "").split("/")
    if len(parts) == 4 and parts[3] == "legislature" and parts[2] in _LEGISLATURES:
        return _LEGISLATURES[parts[2]]
    return slugify(body["name_en"])


def representative_set(body: Mapping[str, Any], slug: str, boundary_set: str) -> Shape:
    """Return a body; ``_key`` is for ourselves."""
    sources = body["sources"]
    url = sources[0]["url"] if sources else ""
    return {
        "name": body["name_en"],
        "url": f"/representative-sets/{slug}/",
        "data_url": url,
        "data_about_url": url,
        "related": {
            "boundary_set_url": f"/boundary-sets/{boundary_set}/" if boundary_set else "",
            "representatives_url": f"/representatives/{slug}/",
        },
        "_key": body["key"],
    }


def representative(
    person: Mapping[str, Any], seat: Mapping[str, Any], body: Shape, boundaries: Mapping[tuple[str, str], str]
) -> Shape:
    """Return who sits, with the URL of the district's boundary where one is known."""
    related = {"representative_set_url": body["url"]}
    boundary = boundaries.get((seat["organization_key"], fold(seat["area"])))
    if boundary:
        related["boundary_url"] = boundary
    contacts = person["contacts"]
    links = person["links"]
    return {
        "name": person["name"],
        "district_name": seat["area"],
        "elected_office": office(seat["role_en"]),
        "source_url": person["sources"][0]["url"] if person.get("sources") else _source(seat),
        "first_name": person["given_name"],
        "last_name": person["family_name"],
        "party_name": seat["party"],
        "email": next((c["value"] for c in contacts if c["type"] == "email"), ""),
        "url": links[0]["url"] if links else "",
        "photo_url": person["image"],
        "personal_url": next((link["url"] for link in links if "personal" in link["note"].lower()), ""),
        "gender": person["gender"],
        "offices": _offices(contacts),
        "extra": {},
        "representative_set_name": body["name"],
        "related": related,
    }


def office(role: str) -> str:
    """Return an elected office as Represent abbreviates it."""
    return _OFFICES.get(role, role)


def roles_of(offices: Sequence[str]) -> list[str]:
    """Return the roles on record that are shown as one of these offices."""
    long = {short: role for role, short in _OFFICES.items()}
    return [role for one in offices for role in dict.fromkeys((one, long.get(one, one)))]


def _source(seat: Mapping[str, Any]) -> str:
    return str(seat["sources"][0]["url"]) if seat.get("sources") else ""


def _offices(contacts: Sequence[Mapping[str, Any]]) -> list[Shape]:
    offices: dict[str, Shape] = {}
    for contact in contacts:
        if contact["type"] in _OFFICE_FIELDS:
            shown = offices.setdefault(contact["note"], {})
            shown[_OFFICE_FIELDS[contact["type"]]] = contact["value"]
    return [shown | ({"type": note.split(" ")[0].lower()} if note else {}) for note, shown in offices.items()]


def boundary(row: Mapping[str, Any]) -> Shape:
    """Return a boundary in brief."""
    return {
        "name": row["name_en"],
        "external_id": row["external_id"],
        "url": f"/boundaries/{row['set_slug']}/{row['slug']}/",
        "boundary_set_name": row["set_singular_en"] or row["set_name_en"],
        "related": {"boundary_set_url": f"/boundary-sets/{row['set_slug']}/"},
    }


def boundary_detail(row: Mapping[str, Any], owner: BoundarySetRead) -> Shape:
    """Return a boundary with its extent, its middle and where its shapes are."""
    brief = boundary(row)
    base = brief["url"]
    return {
        **brief,
        "metadata": dict(row["attributes"]),
        "extent": row["extent"],
        "centroid": centre(row),
        "start_date": owner.valid_from,
        "end_date": owner.valid_through,
        "related": {
            **brief["related"],
            "shape_url": f"{base}shape",
            "simple_shape_url": f"{base}simple_shape",
            "centroid_url": f"{base}centroid",
            "boundaries_url": f"/boundaries/{row['set_slug']}/",
            "representatives_url": f"{base}representatives/",
        },
    }


def centre(row: Mapping[str, Any]) -> Shape:
    """Return the middle of a boundary as GeoJSON."""
    return {"type": "Point", "coordinates": [round(row["centroid_lng"], 6), round(row["centroid_lat"], 6)]}


def boundary_set(found: BoundarySetRead, *, is_detail: bool = False) -> Shape:
    """Return a set of boundaries."""
    shape: Shape = {
        "name": found.name_en,
        "url": f"/boundary-sets/{found.slug}/",
        "domain": found.domain,
        "related": {"boundaries_url": f"/boundaries/{found.slug}/"},
    }
    if is_detail:
        shape |= {
            "name_plural": found.name_en,
            "name_singular": found.singular_en or found.name_en,
            "authority": found.authority,
            "source_url": found.source_url,
            "licence_url": found.licence_url,
            "notes": "",
            "last_updated": found.last_updated,
            "start_date": found.valid_from,
            "end_date": found.valid_through,
            "extent": None,
            "extra": {},
        }
    return shape


def fits(shape: Shape, asked: Asked) -> bool:
    """Tell whether a shape meets one filter."""
    value = str(shape.get(asked.name) or "")
    if asked.operator == "in":
        return value in asked.value.split(",")
    if asked.operator == "isnull":
        return (not value) == bool(typed(asked, "text"))
    wanted = asked.value
    match asked.operator:
        case "iexact":
            return value.casefold() == wanted.casefold()
        case "contains":
            return wanted in value
        case "icontains":
            return wanted.casefold() in value.casefold()
        case "startswith":
            return value.startswith(wanted)
        case "istartswith":
            return value.casefold().startswith(wanted.casefold())
        case "endswith":
            return value.endswith(wanted)
        case "iendswith":
            return value.casefold().endswith(wanted.casefold())
    return value == wanted


def page(
    path: str,
    params: Sequence[tuple[str, str]],
    window: Window,
    objects: Sequence[Shape],
    total: int,
    **meta: Any,
) -> Shape:
    """Return a list as Represent writes it."""
    rest = [(name, value) for name, value in params if name not in ("limit", "offset")]

    def at(offset: int) -> str:
        return f"{path}?{urlencode([*rest, ('limit', window.limit), ('offset', offset)])}"

    has_next = window.offset + window.limit < total
    return {
        "objects": [public(shape) for shape in objects],
        "meta": {
            "limit": window.limit,
            "offset": window.offset,
            "total_count": total,
            "next": at(window.offset + window.limit) if has_next else None,
            "previous": at(window.offset - window.limit) if window.offset >= window.limit else None,
            **meta,
        },
    }


def public(shape: Shape) -> Shape:
    """Return a shape without what is only for ourselves."""
    return {name: value for name, value in shape.items() if not name.startswith("_")}
