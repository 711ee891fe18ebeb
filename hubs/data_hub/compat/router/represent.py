"""``/compat/represent``: the interface of represent.opennorth.ca."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from orjson import Fragment
from starlette.responses import Response

from hubs.data_hub.compat.dependencies import PlacesDep, RepresentDep
from hubs.data_hub.compat.router.answering import answer, answer_without_slash_too, path_below
from hubs.data_hub.compat.schemas import read_filters, read_window
from hubs.data_hub.compat.service.geometry import as_kml, as_wkt
from hubs.data_hub.compat.service.represent import (
    BOUNDARY_FILTERS,
    REPRESENTATIVE_FILTERS,
    SET_FILTERS,
    Stored,
)
from hubs.data_hub.compat.service.represent_shapes import boundary, centre, page, public
from hubs.data_hub.geography.errors import TooManyShapes
from hubs.data_hub.geography.service import read_point
from shared.auth import Public
from shared.core.errors import BadRequest, Invalid, NotAcceptable, NotFound
from shared.http.conditional import conditional
from shared.http.json import dumps, loads

PREFIX = "/compat/represent"
router = APIRouter(prefix=PREFIX, tags=["compat"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_DEFAULT, _MOST = 20, 1_000
_SHAPES = ("shape", "simple_shape", "centroid")
_MOST_SHAPES = 350
_STRAY = re.compile(r"[^\d.,-]")


def _page(request: Request, objects: Any, total: int, **meta: Any) -> Response:
    window = read_window(request.query_params, _DEFAULT, _MOST)
    path = path_below(request, PREFIX)
    return answer(request, page(path, request.query_params.multi_items(), window, objects, total, **meta))


def _point(text: str) -> tuple[float, float]:
    """Return latitude and longitude; blanks and brackets around them are passed over.

    Raises: BadRequest.
    """
    try:
        return read_point(_STRAY.sub("", text))
    except Invalid as error:
        raise BadRequest(error.detail) from None


def _parts(request: Request, name: str) -> list[str]:
    return [part for part in request.query_params.get(name, "").split(",") if part]


def _representatives(
    request: Request, facade: RepresentDep, set_slug: str, districts: tuple[str, ...]
) -> Response:
    params = request.query_params
    window = read_window(params, _DEFAULT, _MOST)
    filters = read_filters(params.multi_items(), REPRESENTATIVE_FILTERS)
    if params.get("point"):
        found = facade.at_point(*_point(params["point"]), filters, set_slug)
        return _page(request, found[window.offset : window.offset + window.limit], len(found))
    named = districts or tuple(_parts(request, "districts"))
    return _page(request, *facade.representatives(window, filters, set_slug, named))


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
    request: Request, set_slug: str, slug: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer the representatives of one boundary."""
    places.boundary(set_slug, slug)
    return _representatives(request, facade, "", (f"{set_slug}/{slug}",))


@router.get("/representative-sets/", openapi_extra=_OPEN, summary="Bodies")
def list_sets(request: Request, _: Public, facade: RepresentDep) -> Response:
    """Answer the representative sets."""
    window = read_window(request.query_params, _DEFAULT, _MOST)
    found = facade.sets()
    return _page(request, found[window.offset : window.offset + window.limit], len(found))


@router.get("/representative-sets/{slug}/", openapi_extra=_OPEN, summary="One body")
def get_set(request: Request, slug: str, _: Public, facade: RepresentDep) -> Response:
    """Answer one representative set."""
    return answer(request, public(facade.find_set(slug)))


def _found(
    request: Request, places: PlacesDep, sets: list[str], limit: int, offset: int
) -> tuple[list[Stored], int]:
    params = request.query_params
    if refused := next((name for name in ("intersects", "touches", "near") if params.get(name)), None):
        raise BadRequest(f"{refused}: not offered here; boundaries are found by sets, name and contains")
    asked = read_filters(params.multi_items(), BOUNDARY_FILTERS)
    return places.list_boundaries(
        sets=sets or _parts(request, "sets"),
        point=_point(params["contains"]) if params.get("contains") else None,
        on=datetime.now(UTC).date(),
        named=[(BOUNDARY_FILTERS[one.name], one.operator, one.value) for one in asked],
        limit=limit,
        offset=offset,
    )


def _geometry(request: Request, named: Iterable[tuple[str, Any]], body: Any) -> Response:
    """Answer shapes in the format that is asked for; ``body`` is them as JSON.

    ``named`` are names with shapes that are read one after the other, and only where they are written anew.
    """
    headers = {"Access-Control-Allow-Origin": "*"}
    match request.query_params.get("format", ""):
        case "" | "json" | "apibrowser":
            return answer(request, body)
        case "wkt":
            text = "\n".join(as_wkt(shape) for _, shape in named)
            return conditional(request, text.encode(), "text/plain; charset=utf-8", headers=headers)
        case "kml":
            media = "application/vnd.google-earth.kml+xml"
            return conditional(request, as_kml(named).encode(), media, headers=headers)
    raise NotAcceptable("format: shapes are served as json, wkt or kml")


def _shapes(request: Request, places: PlacesDep, sets: list[str], what: str) -> Response:
    rows, total = _found(request, places, sets, _MOST_SHAPES, 0)
    if total > _MOST_SHAPES:
        raise TooManyShapes(f"at most {_MOST_SHAPES} shapes at once; narrow the list by sets or name")
    if what == "centroid":
        written = [dumps(centre(row)) for row in rows]
    else:
        written = places.geometries(rows, is_simple=what == "simple_shape")
    named = [(row["name_en"], shape) for row, shape in zip(rows, written, strict=True)]
    body = {"objects": [{"name": name, what: Fragment(shape)} for name, shape in named]}
    return _geometry(request, ((name, loads(shape)) for name, shape in named), body)


def _boundaries(request: Request, places: PlacesDep, sets: list[str]) -> Response:
    window = read_window(request.query_params, _DEFAULT, _MOST)
    rows, total = _found(request, places, sets, window.limit, window.offset)
    path = path_below(request, PREFIX)
    query = f"?{request.query_params}" if request.query_params else ""
    related = {
        "centroids_url": f"{path}centroid{query}",
        "simple_shapes_url": f"{path}simple_shape{query}",
        "shapes_url": f"{path}shape{query}",
    }
    offered = {"related": related} if 0 < total <= _MOST_SHAPES else {}
    return _page(request, [boundary(row) for row in rows], total, **offered)


@router.get("/boundaries/{what}", openapi_extra=_OPEN, summary="Shapes of boundaries")
def list_shapes(request: Request, what: str, _: Public, places: PlacesDep) -> Response:
    """Answer shape, simple_shape or centroid of up to 350 boundaries; or a set, its slash left out."""
    if what in _SHAPES:
        return _shapes(request, places, [], what)
    places.boundary_set(what)
    return _boundaries(request, places, [what])


@router.get("/boundaries/{set_slug}/{what}", openapi_extra=_OPEN, summary="Shapes of a set")
def list_shapes_of(
    request: Request, set_slug: str, what: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer shape, simple_shape or centroid of a set; or a boundary, its slash left out."""
    if what not in _SHAPES:
        return answer(request, facade.boundary_detail(places.boundary(set_slug, what)))
    places.boundary_set(set_slug)
    return _shapes(request, places, [set_slug], what)


@router.get("/boundaries/", openapi_extra=_OPEN, summary="Boundaries, of sets or at a point")
def list_boundaries(request: Request, _: Public, places: PlacesDep) -> Response:
    """Answer boundaries."""
    return _boundaries(request, places, [])


@router.get("/boundaries/{set_slug}/", openapi_extra=_OPEN, summary="Boundaries of a set")
def list_boundaries_of(request: Request, set_slug: str, _: Public, places: PlacesDep) -> Response:
    """Answer the boundaries of one set."""
    places.boundary_set(set_slug)
    return _boundaries(request, places, [set_slug])


@router.get("/boundaries/{set_slug}/{slug}/", openapi_extra=_OPEN, summary="One boundary")
def get_boundary(
    request: Request, set_slug: str, slug: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer one boundary."""
    return answer(request, facade.boundary_detail(places.boundary(set_slug, slug)))


@router.get("/boundaries/{set_slug}/{slug}/{what}", openapi_extra=_OPEN, summary="The shape of a boundary")
def get_shape(
    request: Request, set_slug: str, slug: str, what: str, _: Public, facade: RepresentDep, places: PlacesDep
) -> Response:
    """Answer shape, simple_shape or centroid as GeoJSON, WKT or KML."""
    row = places.boundary(set_slug, slug)
    if what == "representatives":
        return _representatives(request, facade, "", (f"{set_slug}/{slug}",))
    if what not in _SHAPES:
        raise NotFound(f"a boundary has {', '.join(_SHAPES)}, not {what[:40]!r}")
    if what == "centroid":
        shape = dumps(centre(row))
    else:
        shape = places.shape(set_slug, slug, is_simple=what == "simple_shape")
    return _geometry(
        request, ((name, loads(one)) for name, one in [(row["name_en"], shape)]), Fragment(shape)
    )


@router.get("/boundary-sets/", openapi_extra=_OPEN, summary="Sets of boundaries")
def list_boundary_sets(request: Request, _: Public, facade: RepresentDep) -> Response:
    """Answer sets of boundaries."""
    params = request.query_params
    window = read_window(params, _DEFAULT, _MOST)
    return _page(request, *facade.boundary_sets(window, read_filters(params.multi_items(), SET_FILTERS)))


@router.get("/boundary-sets/{slug}/", openapi_extra=_OPEN, summary="One set of boundaries")
def get_boundary_set(request: Request, slug: str, _: Public, facade: RepresentDep) -> Response:
    """Answer one set of boundaries."""
    return answer(request, facade.boundary_set_detail(slug))


@router.get(
    "/postcodes/{code}/", openapi_extra=_OPEN, summary="Districts and representatives of a postal code"
)
def get_postal_code(request: Request, code: str, _: Public, facade: RepresentDep) -> Response:
    """Answer what is known about a postal code."""
    try:
        return answer(request, facade.postal_code(code, _parts(request, "sets")))
    except Invalid as error:
        raise NotFound(error.detail) from None


_SERVED_AS_SHAPES = {
    "/boundaries/{set_slug}/",
    "/boundaries/{set_slug}/{slug}/",
    "/boundaries/{set_slug}/{slug}/representatives/",
}
answer_without_slash_too(router, _SERVED_AS_SHAPES)
