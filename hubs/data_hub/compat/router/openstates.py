"""``/compat/openstates``: the interface of v3.openstates.org, with and without a slash at the end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hubs.data_hub.compat.dependencies import OpenStatesDep
from hubs.data_hub.compat.service.openstates import OpenStatesFacade, Paged
from shared.auth import Public
from shared.core.clock import in_utc
from shared.core.errors import BadRequest, NotFound
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/compat/openstates", tags=["compat"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_HIDDEN: dict[str, Any] = {"openapi_extra": _OPEN, "include_in_schema": False}
_MOST = {"jurisdictions": 52, "people": 50, "bills": 20, "committees": 20, "events": 20}
_DEFAULT = {"jurisdictions": 52, "people": 10, "bills": 10, "committees": 20, "events": 20}
_TIMES = ("updated_since", "created_since", "action_since", "before", "after")


def _answer(request: Request, body: Any) -> Response:
    headers = {"Access-Control-Allow-Origin": "*"}
    return conditional(request, dumps(_without_nothing(body)), headers=headers)


def _without_nothing(value: Any) -> Any:
    """Return a value without the properties that are null: theirs are left out, and clients rely on it."""
    if isinstance(value, dict):
        return {name: _without_nothing(one) for name, one in value.items() if one is not None}
    return [_without_nothing(one) for one in value] if isinstance(value, list) else value


def _paged(request: Request, what: str) -> Paged:
    most = _MOST[what]

    def number(name: str, fallback: int) -> int:
        raw = request.query_params.get(name, "") or str(fallback)
        if not raw.isascii() or not raw.isdigit() or len(raw) > 6 or int(raw) < 1:
            raise BadRequest(f"{name}: a number from 1")
        return int(raw)

    per_page = number("per_page", _DEFAULT[what])
    if per_page > most:
        raise BadRequest(f"per_page: at most {most} here")
    return Paged(number("page", 1), per_page)


def _include(request: Request) -> list[str]:
    return [part for raw in request.query_params.getlist("include") for part in raw.split(",") if part]


def _filters(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if "\x00" in value or len(value) > 500:
            raise BadRequest(f"{name[:40]}: not a value to look for")
        if name in ("id", "identifier"):
            found.setdefault(name, []).append(value)
        elif name in _TIMES:
            found[name] = _moment(name, value)
        else:
            found[name] = value
    return found


def _moment(name: str, text: str) -> datetime:
    try:
        return in_utc(datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text))
    except ValueError:
        raise BadRequest(f"{name}: a date or time") from None


@router.get("/jurisdictions/", **_HIDDEN)
@router.get("/jurisdictions", openapi_extra=_OPEN, summary="Jurisdictions on record")
def list_jurisdictions(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer jurisdictions."""
    kind = request.query_params.get("classification", "")
    return _answer(request, facade.jurisdictions(_paged(request, "jurisdictions"), kind, _include(request)))


@router.get("/jurisdictions/{name:path}", openapi_extra=_OPEN, summary="One jurisdiction")
def get_jurisdiction(request: Request, name: str, _: Public, facade: OpenStatesDep) -> Response:
    """Answer a jurisdiction by OCD id or short name (ca, on ...)."""
    return _answer(request, facade.jurisdiction(name.rstrip("/"), _include(request)))


@router.get("/people/", **_HIDDEN)
@router.get("/people", openapi_extra=_OPEN, summary="People")
def list_people(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer people by jurisdiction, name or id."""
    return _answer(request, facade.people(_paged(request, "people"), _filters(request), _include(request)))


@router.get("/people.geo/", **_HIDDEN)
@router.get("/people.geo", openapi_extra=_OPEN, summary="People who represent a point")
def list_people_at(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer the representatives of latitude and longitude."""
    try:
        lat, lng = float(request.query_params["lat"]), float(request.query_params["lng"])
    except (KeyError, ValueError):
        raise BadRequest("lat and lng are required, in degrees") from None
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        raise BadRequest("lat is -90 to 90, lng -180 to 180")
    return _answer(request, facade.people_at(lat, lng, _include(request)))


@router.get("/bills/", **_HIDDEN)
@router.get("/bills", openapi_extra=_OPEN, summary="Bills")
def list_bills(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer bills by jurisdiction, session, chamber, sponsor or words."""
    sort = request.query_params.get("sort", "updated_desc")
    return _answer(
        request, facade.bills(_paged(request, "bills"), _filters(request), _include(request), sort)
    )


@router.get("/bills/{name:path}", openapi_extra=_OPEN, summary="One bill")
def get_bill(request: Request, name: str, _: Public, facade: OpenStatesDep) -> Response:
    """Answer a bill by ``ocd-bill/<id>`` or ``<jurisdiction>/<session>/<number>``."""
    parts = name.rstrip("/").split("/")
    include = _include(request)
    if len(parts) <= 2:
        return _answer(request, facade.bill("/".join(parts), include))
    return _answer(request, facade.bill_of("/".join(parts[:-2]), parts[-2], parts[-1], include))


@router.get("/committees/", **_HIDDEN)
@router.get("/committees", openapi_extra=_OPEN, summary="Committees")
def list_committees(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer committees of a jurisdiction."""
    return _answer(
        request, facade.committees(_paged(request, "committees"), _filters(request), _include(request))
    )


@router.get("/committees/{name:path}", openapi_extra=_OPEN, summary="One committee")
def get_committee(request: Request, name: str, _: Public, facade: OpenStatesDep) -> Response:
    """Answer a committee by ``ocd-organization/<id>``."""
    return _one(request, facade, "committees", name)


@router.get("/events/", **_HIDDEN)
@router.get("/events", openapi_extra=_OPEN, summary="Meetings")
def list_events(request: Request, _: Public, facade: OpenStatesDep) -> Response:
    """Answer meetings of a jurisdiction."""
    return _answer(request, facade.events(_paged(request, "events"), _filters(request), _include(request)))


@router.get("/events/{name:path}", openapi_extra=_OPEN, summary="One meeting")
def get_event(request: Request, name: str, _: Public, facade: OpenStatesDep) -> Response:
    """Answer a meeting by ``ocd-event/<id>``."""
    return _one(request, facade, "events", name)


def _one(request: Request, facade: OpenStatesFacade, path: str, name: str) -> Response:
    if "\x00" in name:
        raise NotFound("no such name")
    return _answer(request, facade.one(path, name.rstrip("/"), _include(request)))
