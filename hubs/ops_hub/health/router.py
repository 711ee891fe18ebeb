"""Health of the platform, for people and for other programs."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ops_hub.health.badges import badge
from hubs.ops_hub.health.dependencies import HealthServiceDep, IncidentBookDep
from hubs.ops_hub.health.page import status_page
from hubs.ops_hub.health.schemas import HealthRead, IncidentRead, NoteCreate, TargetRead
from shared.auth import CanWriteOps, Public

router = APIRouter(prefix="/api/v1/health", tags=["health"])
pages = APIRouter(tags=["health"])
_BADGE_HEADERS = {"Cache-Control": "public, max-age=30"}
_PAGE_HEADERS = {
    "Cache-Control": "public, max-age=5",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_SHOWN = 20
Lang = Literal["en", "fr"]


@router.get("", summary="State, score and root causes of everything that is watched")
def read_health(_: Public, service: HealthServiceDep) -> HealthRead:
    return service.read()


@router.get("/incidents", summary="Incidents, newest first, with their timeline")
def list_incidents(
    book: IncidentBookDep, _: Public, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[IncidentRead]:
    return book.recent(limit)


@router.post("/incidents/{incident_id}/notes", status_code=201, summary="Say something about an incident")
def add_note(
    incident_id: UUID, note: NoteCreate, book: IncidentBookDep, principal: CanWriteOps
) -> IncidentRead:
    return book.add_note(incident_id, note.text_en, note.text_fr, principal.subject)


@router.get("/badge.svg", summary="A badge with the state, in English or French")
def read_badge(_: Public, service: HealthServiceDep, lang: Lang = "en", target: str = "") -> Response:
    state = service.get(target).state if target else service.read().state
    return Response(badge(state, target, lang), media_type="image/svg+xml", headers=_BADGE_HEADERS)


@router.get("/{name}", summary="One target")
def read_target(_: Public, name: str, service: HealthServiceDep) -> TargetRead:
    return service.get(name)


@pages.get("/status", summary="The public status page, in English or French")
def read_status(_: Public, service: HealthServiceDep, book: IncidentBookDep, lang: Lang = "en") -> Response:
    page = status_page(service.read(), book.recent(_SHOWN), lang)
    return Response(page, media_type="text/html; charset=utf-8", headers=_PAGE_HEADERS)


@pages.get("/api/v1/status", summary="The same page, through the gateway")
def read_status_by_gateway(
    principal: Public, service: HealthServiceDep, book: IncidentBookDep, lang: Lang = "en"
) -> Response:
    return read_status(principal, service, book, lang)
