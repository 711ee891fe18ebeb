"""Loading boundaries from files of shapes, and postal codes from batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.geography.errors import BoundaryNotFound, ShapeRefused
from hubs.data_hub.geography.files import Feature
from hubs.data_hub.geography.repository import GeographyRepository
from hubs.data_hub.geography.schemas import (
    BoundariesLoaded,
    BoundarySetRead,
    BoundarySetWrite,
    PostalBatch,
    PostalLoaded,
)
from hubs.data_hub.geography.service import normal_postal_code, packed, read_set
from hubs.data_hub.geography.shapes import Polygon, centroid, extent, simplify, to_geojson
from hubs.data_hub.text import fold, slugify
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.core.ids import new_id

_NAME_FIELDS = ("name_en", "name", "ed_namee", "fedename", "nom_cep", "ward_name", "english_name", "csdname")
_NAME_FR_FIELDS = ("name_fr", "ed_namef", "fedfname", "french_name", "nom")
_ID_FIELDS = ("external_id", "fed_num", "feduid", "fednum", "id", "ward_num", "ward", "code", "csduid")


@dataclass(frozen=True)
class FieldNames:
    """Which properties hold what; empty ones are looked for under their usual names."""

    name: str = ""
    name_fr: str = ""
    external_id: str = ""
    division: str = ""
    """Template of the OCD division id, e.g. ``ocd-division/country:ca/ed:{id}-2023``."""


class GeographyLoader:
    """Writes boundary sets, boundaries and postal codes in one transaction."""

    def __init__(self, repository: GeographyRepository) -> None:
        self._repository = repository

    def put_set(self, slug: str, written: BoundarySetWrite) -> BoundarySetRead:
        """Create or change a boundary set.

        Raises: Invalid when it would end before it begins.
        """
        if written.valid_from and written.valid_through and written.valid_from > written.valid_through:
            raise Invalid("valid_through is before valid_from")
        known = self._repository.find_set(slug)
        values = written.model_dump() | {
            "id": known["id"] if known else new_id(),
            "slug": slug,
            "updated_at": utc_now(),
        }
        self._repository.upsert_set(values)
        count = len(self._repository.hashes(values["id"]))
        return read_set(values | {"count": count})

    def load(self, set_slug: str, features: list[Feature], fields: FieldNames) -> BoundariesLoaded:
        """Replace the boundaries of a set by those of a file; the same shapes again change nothing.

        Raises: BoundaryNotFound for an unknown set; ShapeRefused when a feature has no name.
        """
        owner = self._repository.find_set(set_slug)
        if owner is None:
            raise BoundaryNotFound(f"no boundary set {set_slug[:100]!r}; create it first")
        known = self._repository.hashes(owner["id"])
        now = utc_now()
        slugs: list[str] = []
        inserted = updated = 0
        for index, feature in enumerate(features):
            values = _values(index, feature, fields, owner["id"], slugs)
            before = known.get(values["slug"])
            if before is not None and before[1] == values["shape"]:
                continue
            values["id"] = before[0] if before else new_id()
            self._repository.write_boundary(values, _rings(feature.polygons))
            inserted, updated = inserted + (before is None), updated + (before is not None)
        removed = self._repository.remove_boundaries(owner["id"], slugs)
        if inserted or updated or removed:
            self._touch(owner, now)
        return BoundariesLoaded(
            set=set_slug,
            inserted=inserted,
            updated=updated,
            unchanged=len(slugs) - inserted - updated,
            removed=removed,
        )

    def load_postal(self, batch: PostalBatch) -> PostalLoaded:
        """Store postal codes.

        Raises: Invalid for what is no postal code, or a row without district and place.
        """
        concordances: dict[tuple[str, str, str], dict[str, Any]] = {}
        centroids: dict[str, dict[str, Any]] = {}
        for index, row in enumerate(batch.rows):
            try:
                code = normal_postal_code(row.code)
            except Invalid:
                raise Invalid(f"rows/{index}/code: {row.code[:20]!r} is no Canadian postal code") from None
            if bool(row.set) != bool(row.external_id) or (row.lat is None) != (row.lng is None):
                raise Invalid(f"rows/{index}: set goes with external_id, lat with lng")
            if not row.set and row.lat is None:
                raise Invalid(f"rows/{index}: neither a district nor a place")
            if row.set:
                concordances[code, row.set, row.external_id] = {
                    "code": code,
                    "set_slug": row.set,
                    "external_id": row.external_id,
                    "share": row.share,
                    "source": batch.source,
                }
            if row.lat is not None:
                centroids[code] = {
                    "code": code,
                    "lat": row.lat,
                    "lng": row.lng,
                    "city": row.city,
                    "province": row.province,
                    "source": batch.source,
                }
        self._repository.write_postal(list(concordances.values()), list(centroids.values()))
        return PostalLoaded(concordances=len(concordances), centroids=len(centroids))

    def _touch(self, owner: Mapping[str, Any], now: datetime) -> None:
        self._repository.upsert_set(
            {**owner, "updated_at": now, "last_updated": owner["last_updated"] or now.date()}
        )


def _values(
    index: int, feature: Feature, fields: FieldNames, set_id: UUID, slugs: list[str]
) -> dict[str, Any]:
    lower = {str(name).lower(): value for name, value in feature.properties.items()}
    name = _text(lower, fields.name, _NAME_FIELDS)
    if not name:
        raise ShapeRefused(f"feature {index} has no name; say which property holds it (name_field)")
    external_id = _text(lower, fields.external_id, _ID_FIELDS)
    slug = slugify(name) or f"boundary-{index}"
    if slug in slugs:
        slug = slugify(f"{name} {external_id or index}")
    slugs.append(slug)
    lng, lat = centroid(feature.polygons)
    return {
        "set_id": set_id,
        "slug": slug,
        "external_id": external_id,
        "name_en": name,
        "name_fr": _text(lower, fields.name_fr, _NAME_FR_FIELDS) or name,
        "name_folded": fold(name),
        "division_id": fields.division.replace("{id}", external_id)
        if fields.division and external_id
        else "",
        "attributes": {str(key): value for key, value in feature.properties.items() if _is_plain(value)},
        "centroid_lat": lat,
        "centroid_lng": lng,
        "extent": list(extent(feature.polygons)),
        "shape": packed(to_geojson(feature.polygons)),
        "simple_shape": packed(to_geojson(simplify(feature.polygons))),
    }


def _text(lower: Mapping[str, Any], chosen: str, usual: tuple[str, ...]) -> str:
    names = (chosen.lower(),) if chosen else usual
    value = next((lower[name] for name in names if lower.get(name) not in (None, "")), "")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()[:300]


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _rings(polygons: list[Polygon]) -> list[tuple[bool, str]]:
    return [
        (number > 0, "(" + ",".join(f"({x!r},{y!r})" for x, y in ring) + ")")
        for polygon in polygons
        for number, ring in enumerate(polygon)
    ]
