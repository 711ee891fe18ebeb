"""Represent (represent.opennorth.ca): representatives, boundaries and postal codes in its shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from hubs.data_hub.compat.schemas import Asked, Window, typed
from hubs.data_hub.database.schemas import Condition, ListQuery
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.geography.schemas import BoundaryRead, BoundarySetRead, PlaceAnswer
from hubs.data_hub.geography.service import GeographyService
from hubs.data_hub.text import fold, slugify
from shared.core.errors import NotFound

Shape = dict[str, Any]
BOUNDARY_FILTERS = {"name": "name_en", "external_id": "external_id"}
REPRESENTATIVE_FILTERS = (
    "name", "first_name", "last_name", "gender", "district_name", "elected_office", "party_name",
)  # fmt: skip
BODIES = ("legislature", "chamber", "council")
_OFFICE_FIELDS = {"address": "postal", "voice": "tel", "fax": "fax"}
_PAGE = 500
_HOUSE = "ca/house"


class RepresentFacade:
    """Reads the record as Represent would tell it."""

    def __init__(self, records: ReadingService, places: GeographyService) -> None:
        self._records = records
        self._places = places

    def sets(self) -> list[Shape]:
        """Return the representative sets: the bodies on record whose members represent districts."""
        query = ListQuery(
            conditions=(Condition("classification", "in", list(BODIES), "text"),),
            sort="sort_name",
            limit=_PAGE,
        )
        bodies, _ = self._records.window(BY_PATH["organizations"], query, 0)
        shapes = [self._set(body) for body in bodies]
        if all(body["key"] != _HOUSE for body in bodies):
            shapes.insert(0, self._set({"key": _HOUSE, "name_en": "House of Commons", "sources": []}))
        return shapes

    def find_set(self, slug: str) -> Shape:
        """Return a representative set.

        Raises: NotFound.
        """
        found = next((s for s in self.sets() if s["url"] == f"/representative-sets/{slug}/"), None)
        if found is None:
            raise NotFound(f"no representative set {slug[:100]!r}")
        return found

    def representatives(
        self, window: Window, filters: Sequence[Asked], set_slug: str = "", districts: Iterable[str] = ()
    ) -> tuple[list[Shape], int]:
        """Return representatives who sit today, and how many there are.

        Raises: NotFound for an unknown set.
        """
        bodies = {s["_key"]: s for s in self.sets()}
        if set_slug:
            bodies = {self.find_set(set_slug)["_key"]: self.find_set(set_slug)}
        everyone = self._sitting(bodies)
        wanted = set(districts)
        kept = [
            shape
            for shape in everyone
            if all(_matches(shape, asked) for asked in filters)
            and (
                not wanted
                or shape["related"].get("boundary_url", "").removeprefix("/boundaries/").strip("/") in wanted
            )
        ]
        return kept[window.offset : window.offset + window.limit], len(kept)

    def at_point(self, lat: float, lng: float, on: date) -> list[Shape]:
        """Return the representatives of a point; none where no boundary holds it."""
        try:
            answer = self._places.by_point(lat, lng, on)
        except NotFound:
            return []
        return self._of_place(answer)

    def postal_code(self, code: str, on: date, sets: Sequence[str]) -> Shape:
        """Return what is known about a postal code.

        Raises: NotFound; Invalid when it is no postal code.
        """
        answer = self._places.by_postal_code(code, on, sets)
        shape: Shape = {
            "code": (answer.meta.postal_code or "").replace(" ", ""),
            "city": answer.meta.city,
            "province": answer.meta.province,
        }
        if answer.meta.point:
            lat, lng = answer.meta.point
            shape["centroid"] = {"type": "Point", "coordinates": [lng, lat]}
        for method in ("concordance", "centroid"):
            inside = [c.boundary for c in answer.meta.candidates if c.method == method]
            shape[f"boundaries_{method}"] = [self.boundary(b) for b in inside]
            shape[f"representatives_{method}"] = self._of_place(answer, method)
        return shape

    def boundary(self, boundary: BoundaryRead) -> Shape:
        """Return a boundary in brief."""
        owner = self._places.boundary_set(boundary.set)
        return {
            "name": boundary.name_en,
            "external_id": boundary.external_id,
            "url": f"/boundaries/{boundary.set}/{boundary.slug}/",
            "boundary_set_name": owner.singular_en or owner.name_en,
            "related": {"boundary_set_url": f"/boundary-sets/{boundary.set}/"},
        }

    def boundary_detail(self, boundary: BoundaryRead, attributes: Mapping[str, Any]) -> Shape:
        """Return a boundary with its extent, its middle and where its shapes are."""
        base = f"/boundaries/{boundary.set}/{boundary.slug}"
        lat, lng = boundary.centroid
        brief = self.boundary(boundary)
        owner = self._places.boundary_set(boundary.set)
        return {
            **brief,
            "metadata": dict(attributes),
            "extent": boundary.extent,
            "centroid": {"type": "Point", "coordinates": [lng, lat]},
            "start_date": owner.valid_from,
            "end_date": owner.valid_through,
            "related": {
                **brief["related"],
                "shape_url": f"{base}/shape",
                "simple_shape_url": f"{base}/simple_shape",
                "centroid_url": f"{base}/centroid",
                "boundaries_url": f"/boundaries/{boundary.set}/",
                "representatives_url": f"{base}/representatives/",
            },
        }

    def boundary_set(self, found: BoundarySetRead, *, is_detail: bool = False) -> Shape:
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

    def _set(self, body: Mapping[str, Any]) -> Shape:
        slug = slugify(body["name_en"])
        sources = body["sources"]
        return {
            "name": body["name_en"],
            "url": f"/representative-sets/{slug}/",
            "data_url": sources[0]["url"] if sources else "",
            "data_about_url": sources[0]["url"] if sources else "",
            "related": {"representatives_url": f"/representatives/{slug}/"},
            "_key": body["key"],
        }

    def _sitting(self, bodies: Mapping[str, Shape]) -> list[Shape]:
        boundaries = self._boundary_urls()
        shapes: list[Shape] = []
        offset = 0
        while True:
            query = ListQuery(
                conditions=(Condition("organization_key", "in", sorted(bodies), "relation"),),
                sort="sort_name",
                limit=_PAGE,
                on=date.today(),  # noqa: DTZ011 - a seat is held by the calendar
                includes=("person",),
            )
            rows, total = self._records.window(BY_PATH["memberships"], query, offset)
            for row in rows:
                if row["person"]:
                    body = bodies[row["organization_key"]]
                    shapes.append(_representative(row["person"], row, body, boundaries))
            offset += _PAGE
            if offset >= total:
                return sorted(shapes, key=lambda shape: (shape["last_name"], shape["name"]))

    def _boundary_urls(self) -> dict[tuple[str, str], str]:
        """Return, per body and folded name of a district, the URL of its boundary that is valid today."""
        found: dict[tuple[str, str], str] = {}
        today = date.today()  # noqa: DTZ011 - a boundary is valid by the calendar
        sets, _ = self._places.sets(_PAGE, 0)
        for owner in sets:
            is_valid = (owner.valid_from is None or owner.valid_from <= today) and (
                owner.valid_through is None or owner.valid_through >= today
            )
            if owner.organization_key and is_valid:
                for name, slug in self._places.names_in(owner.slug):
                    found[owner.organization_key, name] = f"/boundaries/{owner.slug}/{slug}/"
        return found

    def _of_place(self, answer: PlaceAnswer, method: str = "") -> list[Shape]:
        bodies = {s["_key"]: s for s in self.sets()}
        shapes = []
        for found in answer.data:
            if found.person is None or found.membership is None or (method and found.method != method):
                continue
            key = found.membership["organization_key"]
            body = bodies.get(key) or self._set({"key": key, "name_en": key, "sources": []})
            url = f"/boundaries/{found.boundary.set}/{found.boundary.slug}/"
            urls = {(key, fold(found.membership["area"])): url}
            shapes.append(_representative(found.person, found.membership, body, urls))
        return shapes


def _representative(
    person: Mapping[str, Any], seat: Mapping[str, Any], body: Shape, boundaries: Mapping[tuple[str, str], str]
) -> Shape:
    related = {"representative_set_url": body["url"]}
    boundary = boundaries.get((seat["organization_key"], fold(seat["area"])))
    if boundary:
        related["boundary_url"] = boundary
    contacts = person["contacts"]
    links = person["links"]
    return {
        "name": person["name"],
        "district_name": seat["area"],
        "elected_office": _office(seat),
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


def _source(seat: Mapping[str, Any]) -> str:
    return str(seat["sources"][0]["url"]) if seat.get("sources") else ""


def _office(seat: Mapping[str, Any]) -> str:
    short = {"Member of Parliament": "MP", "Senator": "Senator"}
    role: str = seat["role_en"]
    return short.get(role, role)


def _offices(contacts: Sequence[Mapping[str, Any]]) -> list[Shape]:
    offices: dict[str, Shape] = {}
    for contact in contacts:
        if contact["type"] in _OFFICE_FIELDS:
            office = offices.setdefault(contact["note"], {})
            office[_OFFICE_FIELDS[contact["type"]]] = contact["value"]
    return [
        office | ({"type": note.split(" ")[0].lower()} if note else {}) for note, office in offices.items()
    ]


def _matches(shape: Shape, asked: Asked) -> bool:
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


def public(shape: Shape) -> Shape:
    """Return a shape without what is only for ourselves."""
    return {name: value for name, value in shape.items() if not name.startswith("_")}


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
            "previous": at(max(window.offset - window.limit, 0)) if window.offset else None,
            **meta,
        },
    }
