"""Represent (represent.opennorth.ca): representatives, boundaries and postal codes in its shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hubs.data_hub.compat.schemas import Asked, Window
from hubs.data_hub.compat.service import represent_shapes as shapes
from hubs.data_hub.database.schemas import Condition, ListQuery
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.geography.schemas import BoundarySetRead, PlaceAnswer
from hubs.data_hub.geography.service import GeographyService
from hubs.data_hub.text import fold
from shared.core.errors import BadRequest, NotFound

Shape = dict[str, Any]
Stored = Mapping[str, Any]
BOUNDARY_FILTERS = {"name": "name_en", "external_id": "external_id"}
SET_FILTERS = ("name", "domain")
# Their filter: the collection that it narrows, and our column.
_REPRESENTATIVE = {
    "name": ("people", "name"),
    "first_name": ("people", "given_name"),
    "last_name": ("people", "family_name"),
    "gender": ("people", "gender"),
    "district_name": ("memberships", "area"),
    "party_name": ("memberships", "party"),
    "elected_office": ("memberships", "role_en"),
}
REPRESENTATIVE_FILTERS = tuple(_REPRESENTATIVE)
BODIES = ("legislature", "chamber", "council")
_MOST_SETS = 2_000
_MOST_PEOPLE = 5_000
_HOUSE = "ca/house"


class RepresentFacade:
    """Reads the record as Represent would tell it, as of one day."""

    def __init__(self, records: ReadingService, places: GeographyService, today: date) -> None:
        self._records = records
        self._places = places
        self._today = today
        self._bodies: list[Shape] = []

    def sets(self) -> list[Shape]:
        """Return the representative sets: the bodies on record whose members represent districts."""
        if self._bodies:
            return self._bodies
        query = ListQuery(
            conditions=(Condition("classification", "in", list(BODIES), "text"),),
            sort="sort_name",
            limit=_MOST_SETS,
            on=self._today,
        )
        bodies = list(self._records.window(BY_PATH["organizations"], query, 0)[0])
        if all(body["key"] != _HOUSE for body in bodies):
            bodies.insert(0, {"key": _HOUSE, "name_en": "House of Commons", "sources": []})
        owners = {one.organization_key: one.slug for one in self._valid_sets() if one.organization_key}
        taken: set[str] = set()
        for body in bodies:
            slug = shapes.set_slug(body)
            # Two councils of one name are told apart by where they are.
            if slug in taken:
                slug = body["slug"]
            taken.add(slug)
            self._bodies.append(shapes.representative_set(body, slug, owners.get(body["key"], "")))
        return self._bodies

    def find_set(self, slug: str) -> Shape:
        """Return a representative set.

        Raises: NotFound.
        """
        found = next((s for s in self.sets() if s["url"] == f"/representative-sets/{slug}/"), None)
        if found is None:
            raise NotFound(f"no representative set {slug[:100]!r}")
        return found

    def representatives(
        self, window: Window, filters: Sequence[Asked], set_slug: str = "", districts: Sequence[str] = ()
    ) -> tuple[list[Shape], int]:
        """Return representatives who sit today, and how many there are.

        Raises: NotFound for an unknown set; BadRequest for filters that leave too many people.
        """
        bodies = {s["_key"]: s for s in ([self.find_set(set_slug)] if set_slug else self.sets())}
        seats = [Condition("area", "isnull", False, "text"), *self._narrowed(filters)]
        urls = self._boundary_urls()
        if not districts:
            seats.append(Condition("organization_key", "in", sorted(bodies), "relation"))
            return self._sitting(seats, window, bodies, urls)
        found: list[Shape] = []
        for key, names in self._named(districts).items():
            if key in bodies:
                here = [
                    Condition("organization_key", "exact", key, "relation"),
                    Condition("area_folded", "in", names, "text"),
                ]
                found += self._sitting([*seats, *here], Window(_MOST_PEOPLE, 0), bodies, urls)[0]
        return found[window.offset : window.offset + window.limit], len(found)

    def _sitting(
        self,
        conditions: Sequence[Condition],
        window: Window,
        bodies: Mapping[str, Shape],
        urls: Mapping[tuple[str, str], str],
    ) -> tuple[list[Shape], int]:
        query = ListQuery(
            conditions=tuple(conditions),
            sort="sort_name",
            limit=window.limit,
            on=self._today,
            includes=("person",),
        )
        rows, total = self._records.window(BY_PATH["memberships"], query, window.offset)
        found = [
            shapes.representative(row["person"], row, bodies[row["organization_key"]], urls)
            for row in rows
            if row["person"]
        ]
        return found, total

    def at_point(self, lat: float, lng: float, filters: Sequence[Asked], set_slug: str = "") -> list[Shape]:
        """Return the representatives of a point (of one body); none where no boundary holds it.

        Raises: NotFound for an unknown set.
        """
        url = self.find_set(set_slug)["url"] if set_slug else ""
        try:
            answer = self._places.by_point(lat, lng, self._today)
        except NotFound:
            return []
        return [
            shape
            for shape in self._of_place(answer)
            if (not url or shape["related"]["representative_set_url"] == url)
            and all(shapes.fits(shape, asked) for asked in filters)
        ]

    def postal_code(self, code: str, sets: Sequence[str]) -> Shape:
        """Return what is known about a postal code.

        Raises: NotFound; Invalid when it is no postal code.
        """
        answer = self._places.by_postal_code(code, self._today, sets)
        shape: Shape = {
            "code": (answer.meta.postal_code or "").replace(" ", ""),
            "city": answer.meta.city,
            "province": answer.meta.province,
        }
        if answer.meta.point:
            lat, lng = answer.meta.point
            shape["centroid"] = {"type": "Point", "coordinates": [lng, lat]}
        candidates = answer.meta.candidates
        rows = {row["id"]: row for row in self._places.boundaries([c.boundary.id for c in candidates])}
        for method in ("concordance", "centroid"):
            inside = [rows[c.boundary.id] for c in candidates if c.method == method]
            shape[f"boundaries_{method}"] = [shapes.boundary(row) for row in inside]
            # Theirs leaves the key out where nobody is known.
            if sitting := self._of_place(answer, method):
                shape[f"representatives_{method}"] = sitting
        return shape

    def boundary_sets(self, window: Window, filters: Sequence[Asked]) -> tuple[list[Shape], int]:
        """Return sets of boundaries by name, and how many there are."""
        found = [shapes.boundary_set(one) for one in self._places.sets(_MOST_SETS, 0)[0]]
        kept = [shape for shape in found if all(shapes.fits(shape, asked) for asked in filters)]
        return kept[window.offset : window.offset + window.limit], len(kept)

    def boundary_set_detail(self, slug: str) -> Shape:
        """Return one set of boundaries.

        Raises: BoundaryNotFound.
        """
        return shapes.boundary_set(self._places.boundary_set(slug), is_detail=True)

    def boundary_detail(self, row: Stored) -> Shape:
        """Return a boundary with where its shapes are and between which days its set is valid."""
        return shapes.boundary_detail(row, self._places.boundary_set(row["set_slug"]))

    def _narrowed(self, filters: Sequence[Asked]) -> list[Condition]:
        """Return filters as conditions on seats: those on people by the keys of the people they leave."""
        people: list[Condition] = []
        seats: list[Condition] = []
        for asked in filters:
            where, column = _REPRESENTATIVE[asked.name]
            condition = _condition(column, asked)
            if asked.name == "elected_office" and asked.operator in ("exact", "in"):
                wanted = condition.value if asked.operator == "in" else [condition.value]
                condition = Condition(column, "in", shapes.roles_of(wanted), "text")
            (people if where == "people" else seats).append(condition)
        if people:
            query = ListQuery(conditions=tuple(people), sort="sort_name", limit=_MOST_PEOPLE, on=self._today)
            keys, more = self._records.keys(BY_PATH["people"], query)
            if more:
                raise BadRequest(f"these filters leave more than {_MOST_PEOPLE} people; name a set")
            seats.append(Condition("person_key", "in", keys, "relation"))
        return seats

    def _named(self, districts: Sequence[str]) -> dict[str, list[str]]:
        """Return, per body, the folded names of districts written ``set/slug`` or ``set/external id``."""
        owners = {one.slug: one.organization_key for one in self._valid_sets() if one.organization_key}
        names: dict[str, list[str]] = {}
        for district in districts:
            owner, _, slug = district.partition("/")
            row = self._places.find_boundary(owner, slug) if owner in owners else None
            if row is not None:
                names.setdefault(owners[owner], []).append(row["name_folded"])
        return names

    def _valid_sets(self) -> list[BoundarySetRead]:
        return [
            one
            for one in self._places.sets(_MOST_SETS, 0)[0]
            if (one.valid_from is None or one.valid_from <= self._today)
            and (one.valid_through is None or one.valid_through >= self._today)
        ]

    def _boundary_urls(self) -> dict[tuple[str, str], str]:
        """Return, per body and folded name of a district, the URL of its boundary that is valid today."""
        owners = {one.slug: one.organization_key for one in self._valid_sets() if one.organization_key}
        return {
            (owners[owner], name): f"/boundaries/{owner}/{slug}/"
            for owner, name, slug in self._places.names_in(list(owners))
        }

    def _of_place(self, answer: PlaceAnswer, method: str = "") -> list[Shape]:
        bodies = {s["_key"]: s for s in self.sets()}
        found = []
        for one in answer.data:
            if one.person is None or one.membership is None or (method and one.method != method):
                continue
            key = one.membership["organization_key"]
            body = bodies.get(key) or shapes.representative_set(
                {"key": key, "name_en": key, "sources": []}, key.replace("/", "-"), ""
            )
            url = f"/boundaries/{one.boundary.set}/{one.boundary.slug}/"
            urls: Mapping[tuple[str, str], str] = {(key, fold(one.membership["area"])): url}
            found.append(shapes.representative(one.person, one.membership, body, urls))
        return found


def _condition(column: str, asked: Asked) -> Condition:
    value: Any = asked.value
    if asked.operator == "isnull":
        value = asked.value.lower() in ("true", "1", "yes")
    elif asked.operator in ("in", "range"):
        value = asked.value.split(",")
        if asked.operator == "range" and len(value) != 2:
            raise BadRequest(f"{asked.name}__range: two values separated by a comma")
    return Condition(column, asked.operator, value, "text")  # type: ignore[arg-type]
