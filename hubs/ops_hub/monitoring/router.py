"""Monitoring: targets, history, resources, objectives, alerts and silences."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ops_hub.monitoring.dependencies import AlertBookDep, MonitoringServiceDep, ResourceMeterDep
from hubs.ops_hub.monitoring.schemas import (
    AlertGroup,
    AlertRead,
    History,
    Objective,
    ResourceStatus,
    SilenceCreate,
    SilenceRead,
    TargetGroup,
    WebhookIn,
)
from hubs.ops_hub.monitoring.service import build, grouped
from hubs.ops_hub.settings import settings_of
from shared.app import ResourcesDep
from shared.auth import CanReadOps, CanWriteOps, Public
from shared.core.errors import Unavailable
from shared.db.session import transaction
from shared.http.json import dumps
from shared.settings import HubUrls

router = APIRouter(tags=["monitoring"])
_REFRESH = {"X-Prometheus-Refresh-Interval-Seconds": "60"}


@router.get("/api/v1/metrics/targets", summary="HTTP service discovery for Prometheus")
def list_targets(resources: ResourcesDep, _: Public) -> Response:
    settings = settings_of(resources.settings)
    urls = {name: getattr(settings.hubs, name) for name in HubUrls.model_fields}
    urls |= {name.replace("_", "-"): url for name, url in settings.ops.workers.model_dump().items() if url}
    groups = [
        TargetGroup(targets=[urlsplit(url).netloc], labels={"hub": name, "environment": settings.environment})
        for name, url in urls.items()
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
def read_resources(meter: ResourceMeterDep, _: CanReadOps) -> ResourceStatus:
    return meter.read()


@router.get("/api/v1/slo", summary="The founding objectives beside what was measured")
def list_objectives(service: MonitoringServiceDep, _: Public) -> list[Objective]:
    return service.objectives()


@router.post("/api/v1/alerts/webhook", status_code=202, summary="Alertmanager's webhook")
def receive_alerts(webhook: WebhookIn, book: AlertBookDep, _: CanWriteOps) -> dict[str, int]:
    return {"received": book.receive(webhook)}


@router.get("/api/v1/alerts", summary="Alerts, newest first; those that fire are told without the database")
def list_alerts(
    resources: ResourcesDep,
    book: AlertBookDep,
    _: CanReadOps,
    status: Literal["firing", "resolved"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> list[AlertRead]:
    # Without the database: what fires, and what has ended since it went away.
    found = {row.id: row for row in [*book.firing(), *book.ended()]}
    if status != "firing":
        with suppress(Unavailable), transaction(resources.sessionmaker) as session:
            for row in build(session).alerts(status or "", limit):
                found.setdefault(row.id, book.shown(row))
    rows = [row for row in found.values() if status in (None, row.status)]
    return sorted(rows, key=lambda row: row.starts_at, reverse=True)[:limit]


@router.get("/api/v1/alerts/groups", summary="What fires, as it is told: group by group")
def list_groups(book: AlertBookDep, _: CanReadOps) -> list[AlertGroup]:
    return grouped(book.firing())


@router.get("/api/v1/silences", summary="Silences and maintenance windows that are not over")
def list_silences(service: MonitoringServiceDep, _: CanReadOps) -> list[SilenceRead]:
    return [SilenceRead.model_validate(row) for row in service.silences()]


@router.post("/api/v1/silences", status_code=201, summary="Silence alerts for a while, with a reason")
def create_silence(
    create: SilenceCreate, service: MonitoringServiceDep, book: AlertBookDep, principal: CanWriteOps
) -> SilenceRead:
    made = SilenceRead.model_validate(service.create_silence(create, principal.subject))
    book.set_silences([SilenceRead.model_validate(row) for row in service.silences()])
    return made


@router.delete("/api/v1/silences/{silence_id}", summary="End a silence now")
def end_silence(
    silence_id: UUID, service: MonitoringServiceDep, book: AlertBookDep, _: CanWriteOps
) -> SilenceRead:
    ended = SilenceRead.model_validate(service.end_silence(silence_id))
    book.set_silences([SilenceRead.model_validate(row) for row in service.silences()])
    return ended
