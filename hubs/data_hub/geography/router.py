"""Places: ``/api/v1/representatives``, ``/boundary-sets``, ``/boundaries``, ``/postal-codes``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from hubs.data_hub.geography.dependencies import FileDep, GeographyDep, LoaderDep
from hubs.data_hub.geography.files import read_shapes
from hubs.data_hub.geography.loading import FieldNames
from hubs.data_hub.geography.schemas import (
    BoundariesLoaded,
    BoundarySetRead,
    BoundarySetWrite,
    PostalBatch,
    PostalLoaded,
)
from hubs.data_hub.geography.service import read_boundary, read_point
from shared.auth import CanWriteData, Public
from shared.core.errors import Invalid
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1", tags=["places"])
_SLUG = Path(max_length=200, pattern=r"^[a-z0-9][a-z0-9-]*$")
_SETS = Query(max_length=1_000, description="slugs of boundary sets, separated by commas")


@router.get("/representatives", summary="Who represents a postal code or a point", response_class=Response)
def find_representatives(
    request: Request,
    _: Public,
    service: GeographyDep,
    postal_code: Annotated[str | None, Query(max_length=20)] = None,
    point: Annotated[str | None, Query(max_length=60, description="latitude,longitude")] = None,
    as_of: Annotated[date | None, Query(description="who represented it on this day")] = None,
    sets: Annotated[str, _SETS] = "",
) -> Response:
    """Answer representatives with the method used, how sure it is, and every candidate where it is not."""
    if (postal_code is None) == (point is None):
        raise Invalid("give either postal_code or point")
    on = as_of or datetime.now(UTC).date()
    chosen = [part for part in sets.split(",") if part]
    if postal_code is not None:
        answer = service.by_postal_code(postal_code, on, chosen)
    else:
        lat, lng = read_point(point or "")
        answer = service.by_point(lat, lng, on, chosen)
    return conditional(request, dumps(answer))


@router.get("/boundary-sets", summary="Sets of boundaries, with the dates between which they are valid")
def list_boundary_sets(
    request: Request,
    _: Public,
    service: GeographyDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Answer boundary sets by name."""
    rows, total = service.sets(limit, offset)
    following = (
        f"{request.url.path}?limit={limit}&offset={offset + limit}" if offset + limit < total else None
    )
    body = {"data": rows, "next": following, "previous": None, "meta": {"freshness": None, "total": total}}
    headers = {"Link": f'<{following}>; rel="next"'} if following else None
    return conditional(request, dumps(body), headers=headers)


@router.get("/boundary-sets/{slug}", summary="One set of boundaries")
def get_boundary_set(
    request: Request, slug: Annotated[str, _SLUG], _: Public, service: GeographyDep
) -> Response:
    """Answer one boundary set."""
    return conditional(request, dumps(service.boundary_set(slug)))


@router.put("/boundary-sets/{slug}", summary="Create or change a set of boundaries")
def put_boundary_set(
    slug: Annotated[str, _SLUG], written: BoundarySetWrite, _: CanWriteData, loader: LoaderDep
) -> BoundarySetRead:
    """Write what describes the set; its boundaries come by a file of shapes."""
    return loader.put_set(slug, written)


@router.put(
    "/boundary-sets/{slug}/boundaries",
    summary="Load the boundaries of a set from GeoJSON or a zipped shapefile",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/geo+json": {}, "application/zip": {"schema": {"type": "string"}}},
        }
    },
)
def load_boundaries(
    slug: Annotated[str, _SLUG],
    _: CanWriteData,
    body: FileDep,
    loader: LoaderDep,
    name_field: Annotated[str, Query(max_length=100)] = "",
    name_fr_field: Annotated[str, Query(max_length=100)] = "",
    id_field: Annotated[str, Query(max_length=100)] = "",
    division: Annotated[str, Query(max_length=300, description="ocd-division/country:ca/ed:{id}-2023")] = "",
) -> BoundariesLoaded:
    """Replace the boundaries of the set; larger files are loaded by the operator's command."""
    fields = FieldNames(name=name_field, name_fr=name_fr_field, external_id=id_field, division=division)
    return loader.load(slug, read_shapes(body), fields)


@router.get("/boundaries", summary="Boundaries, of a set or at a point", response_class=Response)
def list_boundaries(
    request: Request,
    _: Public,
    service: GeographyDep,
    sets: Annotated[str, _SETS] = "",
    contains: Annotated[str, Query(max_length=60, description="latitude,longitude")] = "",
    as_of: date | None = None,
    name: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Answer boundaries by set and name."""
    point = read_point(contains) if contains else None
    rows, total = service.list_boundaries(
        sets=[part for part in sets.split(",") if part],
        point=point,
        on=as_of or datetime.now(UTC).date(),
        name=name,
        limit=limit,
        offset=offset,
    )
    following = None
    if offset + limit < total:
        following = (
            f"{request.url.path}?{request.url.include_query_params(limit=limit, offset=offset + limit).query}"
        )
    body: dict[str, Any] = {
        "data": [read_boundary(row) for row in rows],
        "next": following,
        "previous": None,
        "meta": {"freshness": None, "total": total},
    }
    return conditional(request, dumps(body))


@router.get("/boundaries/{set_slug}/{slug}", summary="One boundary", response_class=Response)
def get_boundary(
    request: Request,
    set_slug: Annotated[str, _SLUG],
    slug: Annotated[str, Path(max_length=200)],
    _: Public,
    service: GeographyDep,
) -> Response:
    """Answer a boundary with the properties that came with its shape."""
    row = service.boundary(set_slug, slug)
    body = read_boundary(row).model_dump() | {"attributes": row["attributes"]}
    return conditional(request, dumps(body))


@router.get("/boundaries/{set_slug}/{slug}/shape", summary="The shape of a boundary", response_class=Response)
def get_shape(
    request: Request,
    set_slug: Annotated[str, _SLUG],
    slug: Annotated[str, Path(max_length=200)],
    _: Public,
    service: GeographyDep,
    simple: bool = False,
) -> Response:
    """Answer GeoJSON; simplified to about 200 m on request."""
    body = service.shape(set_slug, slug, is_simple=simple)
    return conditional(request, body, "application/geo+json", cache_control="public, max-age=3600")


@router.post("/postal-codes", summary="Load postal codes: the districts they lie in, their middles")
def load_postal_codes(batch: PostalBatch, _: CanWriteData, loader: LoaderDep) -> PostalLoaded:
    """Store a batch; what it says of a code replaces what was said before."""
    return loader.load_postal(batch)
