"""What the monitoring endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ops_hub.monitoring.service import MonitoringService, build
from shared.db.dependency import SessionDep


def monitoring_service(session: SessionDep) -> MonitoringService:
    """Return the service over the request's transaction."""
    return build(session)


MonitoringServiceDep = Annotated[MonitoringService, Depends(monitoring_service)]
