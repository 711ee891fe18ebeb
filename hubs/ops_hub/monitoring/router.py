"""Monitoring: targets, history, resources, objectives, alerts and silences."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ops_hub.health.dependencies import HealthServiceDep
from hubs.ops_hub.monitoring.dependencies import MonitoringServiceDep
from hubs.ops_hub.monitoring.resources import measure, read_budget
from hubs.ops_hub.monitoring.schemas import (
    AlertRead,
    History,
    Objective,
    ResourceStatus,
    SilenceCreate,
    SilenceRead,
    TargetGroup,
    WebhookIn,
)
from shared.app import ResourcesDep
from shared.auth import CanReadOps, CanWriteOps, Public
from shared.db.dependency import SessionDep
from shared.http.json import dumps
from shared.settings import HubUrls

router = APIRouter(tags=["monitoring"])
_REFRESH = {"X-Prometheus-Refresh-Interval-Seconds": "60"}


@router.get("/api/v1/metrics/targets", summary="HTTP service discovery for Prometheus")
def list_targets(resources: ResourcesDep, _: Public) -> Response:
    groups = [
        TargetGroup(
            targets=[urlsplit(getattr(resources.settings.hubs, name)).netloc],
            labels={"hub": name, "environment": resources.settings.environment},
        )
        for name in HubUrls.model_fields
    ]
    body = dumps([group.model_dump() for group in groups])
    return Response(body, media_type="application/json", headers=_REFRESH)


@router.get("/api/v1/metrics/series", summary="Names of the series that are kept")
def list_series(service: MonitoringServiceDep, _: CanReadOps) -> list[str]:
    return service.series()


@router.get("/api/v1/metrics/history", summary="One series over the last minutes")
def read_history(
    service: MonitoringServiceDep,
    _: CanReadOps,
    series: Annotated[str, Query(max_length=200)],
    minutes: Annotated[int, Query(ge=1, le=1440)] = 60,
) -> History:
    return service.history(series, minutes)


@router.get("/api/v1/resources", summary="Memory and processor, measured and judged")
def read_resources(resources: ResourcesDep, health: HealthServiceDep, _: CanReadOps) -> ResourceStatus:
    states: dict[str, str] = {row.name: row.state for row in health.read().targets}
    return measure(resources.settings.data_dir, states, read_budget())


@router.get("/api/v1/slo", summary="The founding objectives beside what was measured")
def list_objectives(service: MonitoringServiceDep, _: Public) -> list[Objective]:
    return service.objectives()


@router.post("/api/v1/alerts/webhook", status_code=202, summary="Alertmanager's webhook")
def receive_alerts(webhook: WebhookIn, service: MonitoringServiceDep, _: CanWriteOps) -> dict[str, int]:
    return {"received": service.receive(webhook)}


@router.get("/api/v1/alerts", summary="Alerts, newest first, with the silence that covers each")
def list_alerts(
    session: SessionDep,
    service: MonitoringServiceDep,
    _: CanReadOps,
    status: Literal["firing", "resolved"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AlertRead]:
    return service.alerts(session, status or "", limit)


@router.get("/api/v1/silences", summary="Silences and maintenance windows that are not over")
def list_silences(service: MonitoringServiceDep, _: CanReadOps) -> list[SilenceRead]:
    return [SilenceRead.model_validate(row) for row in service.silences()]


@router.post("/api/v1/silences", status_code=201, summary="Silence alerts for a while, with a reason")
def create_silence(
    create: SilenceCreate, service: MonitoringServiceDep, principal: CanWriteOps
) -> SilenceRead:
    return SilenceRead.model_validate(service.create_silence(create, principal.subject))


@router.delete("/api/v1/silences/{silence_id}", summary="End a silence now")
def end_silence(silence_id: UUID, service: MonitoringServiceDep, _: CanWriteOps) -> SilenceRead:
    return SilenceRead.model_validate(service.end_silence(silence_id))
