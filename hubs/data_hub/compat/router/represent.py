"""``/compat/represent``: the interface of represent.opennorth.ca."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hubs.data_hub.compat.dependencies import PlacesDep, RepresentDep
from hubs.data_hub.compat.schemas import read_filters, read_window
from hubs.data_hub.compat.service.represent import BOUNDARY_FILTERS, REPRESENTATIVE_FILTERS, page, public
from hubs.data_hub.geography.service import read_boundary, read_point
from shared.auth import Public
from shared.core.errors import Forbidden, Invalid, NotFound
from shared.http.conditional import conditional
from shared.http.json import dumps, loads

PREFIX = "/compat/represent"
router = APIRouter(prefix=PREFIX, tags=["compat"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_DEFAULT, _MOST = 20, 1_000
_SHAPES = ("shape", "simple_shape", "centroid")
_MOST_SHAPES = 350


def _answer(request: Request, body: Any) -> Response:
    return conditional(request, dumps(body), headers={"Access-Control-Allow-Origin": "*"})


def _path(request: Request) -> str:
    return request.url.path.removeprefix(PREFIX)


def _today() -> Any:
    return datetime.now(UTC).date()


def _representatives(
    request: Request, facade: RepresentDep, set_slug: str, districts: tuple[str, ...]
) -> Response:
    params = request.query_params
    window = read_window(params, _DEFAULT, _MOST)
    if params.get("point"):
        found = facade.at_point(*read_point(params["point"]), _today())
        objects, total = found[window.offset : window.offset + window.limit], len(found)
    else:
        named = tuple(part for part in params.get("districts", "").split(",") if part)
        filters = read_filters(params.multi_items(), REPRESENTATIVE_FILTERS)
        objects, total = facade.representatives(window, filters, set_slug, districts or named)
    return _answer(request, page(_path(request), params.multi_items(), window, objects, total))


@router.get("/representatives/", openapi_extra=_OPEN, summary="Everybody who sits today")
def list_representatives(request: Request, _: Public, facade: RepresentDep) -> Response:
    """Answer representatives, of a point where one is given."""
    return _representatives(request, facade, "", ())


@router.get("/representatives/{set_slug}/", openapi_extra=_OPEN, summary="Those of one body")
def list_representatives_of(request: Request, set_slug: str, _: Public, facade: RepresentDep) -> Response:
    """Answer the representatives of one set."""
    return _representatives(request, facade, set_slug, ())


@router.get(
    "/boundaries/{set_slug}/{slug}/representatives/", openapi_extra=_OPEN, summary="Those of a district"
)
def list_representatives_in(
    request: Request, set_slug: str, slug: str, _: Public, facade: RepresentDep
) -> Response:
    """Answer the representatives of one boundary."""
    return _representatives(request, facade, "", (f"{set_slug}/{slug}",))


@router.get("/representative-sets/", openapi_extra=_OPEN, summary="Bodies")
def list_sets(request: Request, _: Public, facade: RepresentDep) -> Response:
    """Answer the representative sets."""
    window = read_window(request.query_params, _DEFAULT, _MOST)
    found = facade.sets()
    shown = found[window.offset : window.offset + window.limit]
    return _answer(
        request, page(_path(request), request.query_params.multi_items(), window, shown, len(found))
    )


@router.get("/representative-sets/{slug}/", openapi_extra=_OPEN, summary="One body")
def get_set(request: Request, slug: str, _: Public, facade: RepresentDep) -> Response:
    """Answer one representative set."""
    return _answer(request, public(facade.find_set(slug)))


def _named(request: Request) -> list[tuple[str, str, str]]:
    asked = read_filters(request.query_params.multi_items(), BOUNDARY_FILTERS)
    return [(BOUNDARY_FILTERS[one.name], one.operator, one.value) for one in asked]


def _shapes(request: Request, places: PlacesDep, sets: list[str], what: str) -> Response:
    params = request.query_params
    if what not in _SHAPES:
        raise NotFound(f"boundaries have {', '.join(_SHAPES)}, not {what[:40]!r}")
    chosen = sets or [part for part in params.get("sets", "").split(",") if part]
    point = read_point(params["contains"]) if params.get("contains") else None
    rows, total = places.list_boundaries(
        sets=chosen, point=point, on=_today(), named=_named(request), limit=_MOST_SHAPES, offset=0
    )
    if total > _MOST_SHAPES:
        raise Forbidden(f"at most {_MOST_SHAPES} shapes at once; narrow the list by sets or name")
    if what == "centroid":
        middles = [read_boundary(row).centroid for row in rows]
        shapes: list[Any] = [{"type": "Point", "coordinates": [lng, lat]} for lat, lng in middles]
    else:
        shapes = [loads(one) for one in places.geometries(rows, is_simple=what == "simple_shape")]
    objects = [{"name": row["name_en"], what: shape} for row, shape in zip(rows, shapes, strict=True)]
    return _answer(request, {"objects": objects})


def _boundaries(request: Request, facade: RepresentDep, places: PlacesDep, sets: list[str]) -> Response:
    params = request.query_params
    window = read_window(params, _DEFAULT, _MOST)
    chosen = sets or [part for part in params.get("sets", "").split(",") if part]
    point = read_point(params["contains"]) if params.get("contains") else None
    rows, total = places.list_boundaries(
        sets=chosen, point=point, on=_today(), named=_named(request), limit=window.limit, offset=window.offset
    )
    objects = [facade.boundary(read_boundary(row)) for row in rows]
    path = _path(request)
    query = f"?{params}" if params else ""
    related = {
        "centroids_url": f"{path}centroid{query}",
        "simple_shapes_url": f"{path}simple_shape{query}",
        "shapes_url": f"{path}shape{query}",
    }
    return _answer(request, page(path, params.multi_items(), window, objects, total, related=related))


@router.get("/boundaries/{what}", openapi_extra=_OPEN, summary="Shapes of boundaries")
def list_shapes(request: Request, what: str, _: Public, places: PlacesDep) -> Response:
    """Answer shape, simple_shape or centroid of up to 350 boundaries."""
    return _shapes(request, places, [], what)


@router.get("/boundaries/{set_slug}/{what}", openapi_extra=_OPEN, summary="Shapes of a set")
def list_shapes_of(request: Request, set_slug: str, what: str, _: Public, places: PlacesDep) -> Response:
    """Answer shape, simple_shape or centroid of the boundaries of one set."""
    places.boundary_set(set_slug)
    return _shapes(request, places, [set_slug], what)


@router.get("/boundaries/", openapi_extra=_OPEN, summary="Boundaries, of sets or at a point")
def list_boundaries(request: Request, _: Public, facade: RepresentDep, places: PlacesDep) -> Response:
    """Answer boundaries."""
    return _boundaries(request, facade, places, [])


@router.get("/boundaries/{set_slug}/", openapi_extra=_OPEN, summary="Boundaries of a set")
def list_boundaries_of(
    request: Request, set_slug: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer the boundaries of one set."""
    places.boundary_set(set_slug)
    return _boundaries(request, facade, places, [set_slug])


@router.get("/boundaries/{set_slug}/{slug}/", openapi_extra=_OPEN, summary="One boundary")
def get_boundary(
    request: Request, set_slug: str, slug: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer one boundary."""
    row = places.boundary(set_slug, slug)
    return _answer(request, facade.boundary_detail(read_boundary(row), row["attributes"]))


@router.get("/boundaries/{set_slug}/{slug}/{what}", openapi_extra=_OPEN, summary="The shape of a boundary")
def get_shape(
    request: Request, set_slug: str, slug: str, what: str, _: Public, places: PlacesDep
) -> Response:
    """Answer shape, simple_shape or centroid as GeoJSON."""
    if what == "centroid":
        lat, lng = read_boundary(places.boundary(set_slug, slug)).centroid
        return _answer(request, {"type": "Point", "coordinates": [lng, lat]})
    if what not in ("shape", "simple_shape"):
        raise NotFound(f"a boundary has shape, simple_shape and centroid, not {what[:40]!r}")
    return _answer(request, loads(places.shape(set_slug, slug, is_simple=what == "simple_shape")))


@router.get("/boundary-sets/", openapi_extra=_OPEN, summary="Sets of boundaries")
def list_boundary_sets(request: Request, _: Public, facade: RepresentDep, places: PlacesDep) -> Response:
    """Answer sets of boundaries."""
    window = read_window(request.query_params, _DEFAULT, _MOST)
    found, total = places.sets(window.limit, window.offset)
    objects = [facade.boundary_set(one) for one in found]
    return _answer(request, page(_path(request), request.query_params.multi_items(), window, objects, total))


@router.get("/boundary-sets/{slug}/", openapi_extra=_OPEN, summary="One set of boundaries")
def get_boundary_set(
    request: Request, slug: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer one set of boundaries."""
    return _answer(request, facade.boundary_set(places.boundary_set(slug), is_detail=True))


@router.get(
    "/postcodes/{code}/", openapi_extra=_OPEN, summary="Districts and representatives of a postal code"
)
def get_postal_code(request: Request, code: str, _: Public, facade: RepresentDep) -> Response:
    """Answer what is known about a postal code."""
    sets = [part for part in request.query_params.get("sets", "").split(",") if part]
    try:
        return _answer(request, facade.postal_code(code, _today(), sets))
    except Invalid as error:
        raise NotFound(error.detail) from None
