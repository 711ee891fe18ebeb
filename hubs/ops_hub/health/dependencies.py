"""What the health endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ops_hub.health.incidents import IncidentBook
from hubs.ops_hub.health.service import HealthService
from shared.app import ResourcesDep


def health_service(resources: ResourcesDep) -> HealthService:
    """Return the one service of this process."""
    return resources.get(HealthService)


def incident_book(resources: ResourcesDep) -> IncidentBook:
    """Return the incidents of this process."""
    return resources.get(IncidentBook)


HealthServiceDep = Annotated[HealthService, Depends(health_service)]
IncidentBookDep = Annotated[IncidentBook, Depends(incident_book)]
