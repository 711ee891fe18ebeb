"""What the monitoring endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ops_hub.monitoring.opening import ResourceMeter
from hubs.ops_hub.monitoring.service import AlertBook, MonitoringService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def monitoring_service(session: SessionDep) -> MonitoringService:
    """Return the service over the request's transaction."""
    return build(session)


def alert_book(resources: ResourcesDep) -> AlertBook:
    """Return the alerts of this process."""
    return resources.get(AlertBook)


def resource_meter(resources: ResourcesDep) -> ResourceMeter:
    """Return what measures the platform."""
    return resources.get(ResourceMeter)


MonitoringServiceDep = Annotated[MonitoringService, Depends(monitoring_service)]
AlertBookDep = Annotated[AlertBook, Depends(alert_book)]
ResourceMeterDep = Annotated[ResourceMeter, Depends(resource_meter)]
