"""From a place to its districts and who sits for them, with the method said and the doubt admitted."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from hubs.data_hub.database.service.freshness import judge
from hubs.data_hub.database.service.seats import District, SeatsService
from hubs.data_hub.geography.errors import BoundaryNotFound, PlaceNotFound, TooManyShapes
from hubs.data_hub.geography.repository import GeographyRepository, Row
from hubs.data_hub.geography.schemas import (
    BoundaryRead,
    BoundarySetRead,
    Candidate,
    PlaceAnswer,
    PlaceMeta,
    Representative,
)
from hubs.data_hub.text import fold
from shared.core.clock import utc_now
from shared.core.errors import Invalid

# The letters that Canada Post uses: no D, F, I, O, Q, U; no W or Z in first place.
_POSTAL = re.compile(r"^([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z])[ -]?(\d[ABCEGHJ-NPRSTV-Z]\d)$")
EDGE_DEGREES = 0.001
"""About 100 m: how near to another district a point is called near the edge."""
CENTROID_CONFIDENCE = 0.7
_SWAPPED = ("; latitude comes first, then longitude", "; la latitude vient d'abord, puis la longitude")
EDGE_CONFIDENCE = 0.8
MAX_SHAPES_BYTES = 8 << 20
"""Of shapes in one answer, as they are stored: some four times as much when they are written out."""


def normal_postal_code(text: str) -> str:
    """Return a postal code as six characters: ``k1a 0a6`` is ``K1A0A6``.

    Raises: Invalid when Canada has no such code.
    """
    match = _POSTAL.match(text.strip().upper())
    if match is None:
        raise Invalid("postal_code: not a Canadian postal code such as K1A 0A6")
    return match[1] + match[2]


class GeographyService:
    """Answers where a place lies and who represents it."""

    def __init__(self, repository: GeographyRepository, seats: SeatsService) -> None:
        self._repository = repository
        self._seats = seats

    def by_postal_code(self, text: str, on: date, sets: Sequence[str] = ()) -> PlaceAnswer:
        """Return the representatives of a postal code: by concordance, else by its middle.

        Raises: Invalid for what is no postal code; PlaceNotFound when nothing is known about it.
        """
        code = normal_postal_code(text)
        centroid = self._repository.centroid(code)
        rows = self._repository.concordance(code, on)
        candidates = _by_set(rows)
        if centroid is not None:
            known = {candidate.boundary.set for candidate in candidates}
            inside = self._at((centroid["lng"], centroid["lat"]), on)
            # A concordance knows better than the middle of the code.
            candidates += [
                candidate.model_copy(update={"method": "centroid", "confidence": CENTROID_CONFIDENCE})
                for candidate in inside
                if candidate.boundary.set not in known
            ]
        candidates = [c for c in candidates if not sets or c.boundary.set in sets]
        if not candidates:
            raise PlaceNotFound(
                f"nothing is known about the postal code {code[:3]} {code[3:]}; give an address or a point",
                ask_for_address=True,
                message_fr=(
                    f"on ne sait rien du code postal {code[:3]} {code[3:]}; donnez une adresse ou un point"
                ),
            )
        answer = self._answer(candidates, on)
        answer.meta.postal_code = f"{code[:3]} {code[3:]}"
        if centroid is not None:
            answer.meta.point = (centroid["lat"], centroid["lng"])
            answer.meta.city, answer.meta.province = centroid["city"], centroid["province"]
        return answer

    def by_point(self, lat: float, lng: float, on: date, sets: Sequence[str] = ()) -> PlaceAnswer:
        """Return the representatives of a point.

        Raises: PlaceNotFound when no boundary on record holds it.
        """
        candidates = [c for c in self._at((lng, lat), on) if not sets or c.boundary.set in sets]
        if not candidates:
            is_swapped = _is_about_canada(lng, lat) and not _is_about_canada(lat, lng)
            raise PlaceNotFound(
                "no boundary on record holds this point" + (_SWAPPED[0] if is_swapped else ""),
                ask_for_address=False,
                message_fr="aucune limite connue ne contient ce point" + (_SWAPPED[1] if is_swapped else ""),
            )
        answer = self._answer(candidates, on)
        answer.meta.point = (lat, lng)
        return answer

    def sets(self, limit: int, offset: int) -> tuple[list[BoundarySetRead], int]:
        """Return boundary sets by name, and how many there are."""
        rows, total = self._repository.sets(limit=limit, offset=offset)
        return [read_set(row) for row in rows], total

    def boundary_set(self, slug: str) -> BoundarySetRead:
        """Return a boundary set.

        Raises: BoundaryNotFound.
        """
        row = self._repository.find_set(slug)
        if row is None:
            raise BoundaryNotFound(f"no boundary set {slug[:100]!r}")
        _, count = self._repository.boundaries([self._repository.in_sets([slug])], limit=1, offset=0)
        return read_set({**row, "count": count})

    def list_boundaries(
        self,
        *,
        sets: Sequence[str],
        point: tuple[float, float] | None,
        on: date,
        name: str = "",
        named: Sequence[tuple[str, str, str]] = (),
        limit: int,
        offset: int,
    ) -> tuple[list[Row], int]:
        """Return boundaries by set and name, and how many there are; ``point`` is (latitude, longitude).

        ``named`` are further conditions: column, operator, value.
        """
        clauses = []
        if sets:
            clauses.append(self._repository.in_sets(sets))
        if point is not None:
            found = self._repository.at_points([(point[1], point[0])], on)
            clauses.append(self._repository.with_ids([row["id"] for row in found]))
        if name:
            clauses.append(self._repository.named("name_folded", "icontains", fold(name)))
        clauses += [self._repository.named(*condition) for condition in named]
        return self._repository.boundaries(clauses, limit=limit, offset=offset)

    def names_in(self, set_slugs: Sequence[str]) -> list[tuple[str, str, str]]:
        """Return set, folded name and slug of each boundary of these sets."""
        return self._repository.names(set_slugs)

    def boundaries(self, ids: Sequence[UUID]) -> list[Row]:
        """Return boundaries with their sets by id."""
        return self._repository.boundaries_by_id(ids)

    def geometries(self, rows: Sequence[Row], *, is_simple: bool) -> list[bytes]:
        """Return the GeoJSON geometries of boundaries, in their order.

        Raises: TooManyShapes when they are too large together.
        """
        ids = [row["id"] for row in rows]
        if self._repository.geometries_size(ids, is_simple=is_simple) > MAX_SHAPES_BYTES:
            raise TooManyShapes("these shapes are too large together; ask for simple_shape, or for fewer")
        found = self._repository.geometries(ids, is_simple=is_simple)
        return [zlib.decompress(found[row["id"]]) for row in rows]

    def shape(self, set_slug: str, slug: str, *, is_simple: bool) -> bytes:
        """Return the GeoJSON geometry of a boundary.

        Raises: BoundaryNotFound.
        """
        row = self.boundary(set_slug, slug)
        shape = self._repository.shape(row["id"], is_simple=is_simple)
        assert shape is not None
        return zlib.decompress(shape)

    def find_boundary(self, set_slug: str, slug: str) -> Row | None:
        """Return a boundary by its slug or external id, None where there is none."""
        return self._repository.find_boundary(set_slug, slug)

    def boundary(self, set_slug: str, slug: str) -> Row:
        """Return a boundary.

        Raises: BoundaryNotFound.
        """
        row = self._repository.find_boundary(set_slug, slug)
        if row is None:
            raise BoundaryNotFound(f"no boundary {set_slug[:100]}/{slug[:100]}")
        return row

    def _at(self, point: tuple[float, float], on: date) -> list[Candidate]:
        lng, lat = point
        step = EDGE_DEGREES
        around = [(lng, lat), (lng - step, lat), (lng + step, lat), (lng, lat - step), (lng, lat + step)]
        found = self._repository.at_points(around, on)
        here = {row["id"] for row in found if row["n"] == 1}
        near = {row["id"] for row in found if row["n"] > 1}
        rows = {row["id"]: row for row in self._repository.boundaries_by_id([*here, *near])}
        edge_sets = {rows[other]["set_slug"] for other in near - here}
        return [
            Candidate(
                boundary=read_boundary(rows[boundary_id]),
                method="point_in_polygon",
                confidence=EDGE_CONFIDENCE if rows[boundary_id]["set_slug"] in edge_sets else 1.0,
                is_near_edge=rows[boundary_id]["set_slug"] in edge_sets,
            )
            for boundary_id in rows
            if boundary_id in here
        ]

    def _answer(self, candidates: Sequence[Candidate], on: date) -> PlaceAnswer:
        rows = {c.boundary.id: c for c in candidates}
        stored = {row["id"]: row for row in self._repository.boundaries_by_id(list(rows))}
        districts = [
            District(
                c.boundary.division_id,
                stored[c.boundary.id]["organization_key"],
                stored[c.boundary.id]["name_folded"],
            )
            for c in candidates
        ]
        data = [
            Representative(
                person=seat.person,
                membership=seat.membership,
                post=seat.post,
                is_vacant=seat.person is None,
                boundary=candidate.boundary,
                confidence=candidate.confidence,
                method=candidate.method,
            )
            for candidate, seats in zip(candidates, self._seats.sitting(districts, on), strict=True)
            for seat in seats
        ]
        homes = sorted({held["jurisdiction"] for one in data for held in (one.membership, one.post) if held})
        per_set: dict[str, int] = {}
        for candidate in candidates:
            per_set[candidate.boundary.set] = per_set.get(candidate.boundary.set, 0) + 1
        is_ambiguous = any(count > 1 for count in per_set.values())
        confidence = min(c.confidence for c in candidates)
        asks = is_ambiguous or any(c.method == "centroid" for c in candidates)
        message_en, message_fr = _message(candidates, is_ambiguous=is_ambiguous)
        meta = PlaceMeta(
            method=candidates[0].method,
            confidence=round(confidence, 3),
            is_ambiguous=is_ambiguous,
            ask_for_address=asks,
            message_en=message_en,
            message_fr=message_fr,
            as_of=on,
            candidates=list(candidates),
            freshness=judge("membership", self._seats.freshness(homes), utc_now()),
        )
        return PlaceAnswer(data=data, meta=meta)


def _by_set(rows: Sequence[Row]) -> list[Candidate]:
    """Return the candidates of a concordance; without shares the districts of a set share the confidence."""
    per_set: dict[str, int] = {}
    for row in rows:
        per_set[row["set_slug"]] = per_set.get(row["set_slug"], 0) + 1
    return [
        Candidate(
            boundary=read_boundary(row),
            method="concordance",
            share=row["share"],
            confidence=round(row["share"] if row["share"] is not None else 1 / per_set[row["set_slug"]], 3),
        )
        for row in rows
    ]


def _message(candidates: Sequence[Candidate], *, is_ambiguous: bool) -> tuple[str, str]:
    if is_ambiguous:
        return (
            "This place lies in more than one district; a street address tells which.",
            "Cet endroit touche plus d'une circonscription; une adresse permet de trancher.",
        )
    if any(c.method == "centroid" for c in candidates):
        return (
            "Found by the middle of the postal code; near a boundary a street address is surer.",
            "Trouvé par le centre du code postal; près d'une limite, une adresse est plus sûre.",
        )
    if any(c.is_near_edge for c in candidates):
        return (
            "This point is within about 100 m of another district.",
            "Ce point est à environ 100 m d'une autre circonscription.",
        )
    return "", ""


def read_boundary(row: Row) -> BoundaryRead:
    """Return a boundary as the API shows it."""
    return BoundaryRead(
        id=row["id"],
        url=f"/api/v1/boundaries/{row['set_slug']}/{row['slug']}",
        set=row["set_slug"],
        slug=row["slug"],
        external_id=row["external_id"],
        name_en=row["name_en"],
        name_fr=row["name_fr"],
        division_id=row["division_id"],
        centroid=(row["centroid_lat"], row["centroid_lng"]),
        extent=row["extent"],
    )


def read_set(row: Row) -> BoundarySetRead:
    """Return a boundary set as the API shows it."""
    slug = row["slug"]
    return BoundarySetRead.model_validate(
        {
            **{name: row[name] for name in BoundarySetRead.model_fields if name in row},
            "url": f"/api/v1/boundary-sets/{slug}",
            "boundaries_url": f"/api/v1/boundaries?sets={slug}",
        }
    )


def read_point(text: str) -> tuple[float, float]:
    """Return latitude and longitude of ``45.42,-75.70``.

    Raises: Invalid when it is no place on earth.
    """
    parts = text.split(",")
    try:
        lat, lng = (float(part) for part in parts)
    except ValueError:
        raise Invalid("point: latitude and longitude in degrees, such as 45.42,-75.70") from None
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise Invalid("point: latitude, which comes first, is -90 to 90, longitude -180 to 180")
    return lat, lng


def _is_about_canada(lat: float, lng: float) -> bool:
    return 41 <= lat <= 84 and -142 <= lng <= -52


def packed(geometry: Any) -> bytes:
    """Return GeoJSON as it is stored."""
    return zlib.compress(orjson.dumps(geometry), 6)


__all__ = ["GeographyService", "normal_postal_code", "packed", "read_boundary", "read_point", "read_set"]
