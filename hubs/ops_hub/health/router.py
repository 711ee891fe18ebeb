"""Health of the platform, for people and for other programs."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ops_hub.health.badges import badge
from hubs.ops_hub.health.dependencies import HealthServiceDep
from hubs.ops_hub.health.incidents import recent_incidents
from hubs.ops_hub.health.schemas import HealthRead, IncidentRead, TargetRead
from shared.auth import Public
from shared.db.dependency import SessionDep

router = APIRouter(prefix="/api/v1/health", tags=["health"])
_BADGE_HEADERS = {"Cache-Control": "public, max-age=30"}


@router.get("", summary="State, score and root causes of everything that is watched")
def read_health(_: Public, service: HealthServiceDep) -> HealthRead:
    return service.read()


@router.get("/incidents", summary="Incidents, newest first, with their timeline")
def list_incidents(
    session: SessionDep, _: Public, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[IncidentRead]:
    rows = session.scalars(recent_incidents(limit))
    return [IncidentRead.model_validate(row) for row in rows]


@router.get("/badge.svg", summary="A badge with the state, in English or French")
def read_badge(_: Public, service: HealthServiceDep, lang: Literal["en", "fr"] = "en") -> Response:
    return Response(badge(service.read(), lang), media_type="image/svg+xml", headers=_BADGE_HEADERS)


@router.get("/{name}", summary="One target")
def read_target(_: Public, name: str, service: HealthServiceDep) -> TargetRead:
    return service.get(name)
