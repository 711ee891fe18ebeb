"""Health of the platform, for people and for other programs."""

from __future__ import annotations

from fastapi import APIRouter

from hubs.ops_hub.health.dependencies import HealthServiceDep
from hubs.ops_hub.health.schemas import HealthRead, TargetRead
from shared.auth import Public

router = APIRouter(prefix="/api/v1/health", tags=["health"])


@router.get("", summary="State, score and root causes of everything that is watched")
def read_health(_: Public, service: HealthServiceDep) -> HealthRead:
    return service.read()


@router.get("/{name}", summary="One target")
def read_target(_: Public, name: str, service: HealthServiceDep) -> TargetRead:
    return service.get(name)
