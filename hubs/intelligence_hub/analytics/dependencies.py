"""What the indicator endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import AnalyticsService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep

Word = Annotated[str, Query(max_length=300)]


def analytics_service(session: SessionDep) -> AnalyticsService:
    """Return the service over the request's transaction."""
    return build(session)


def fact_keeper(resources: ResourcesDep) -> FactKeeper:
    """Return the keeper of facts of this process."""
    return resources.get(FactKeeper)


def given_of(
    session: Word = "",
    organization: Word = "",
    jurisdiction: Word = "",
    party: Word = "",
    member: Word = "",
    vote: Word = "",
    debate: Word = "",
    bill: Word = "",
    source: Word = "",
) -> dict[str, str]:
    """Return the values that an indicator is asked for, those that are empty left out."""
    return {name: value for name, value in locals().items() if value}


GivenDep = Annotated[dict[str, str], Depends(given_of)]
AnalyticsServiceDep = Annotated[AnalyticsService, Depends(analytics_service)]
FactKeeperDep = Annotated[FactKeeper, Depends(fact_keeper)]
