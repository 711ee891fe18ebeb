"""What the indicator endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import AnalyticsService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def analytics_service(session: SessionDep) -> AnalyticsService:
    """Return the service over the request's transaction."""
    return build(session)


def fact_keeper(resources: ResourcesDep) -> FactKeeper:
    """Return the keeper of facts of this process."""
    return resources.get(FactKeeper)


AnalyticsServiceDep = Annotated[AnalyticsService, Depends(analytics_service)]
FactKeeperDep = Annotated[FactKeeper, Depends(fact_keeper)]
