"""What the decision endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.intelligence_hub.opa.service import DecisionService
from shared.app import ResourcesDep


def decision_service(resources: ResourcesDep) -> DecisionService:
    """Return the decision point of this process."""
    return resources.get(DecisionService)


DecisionServiceDep = Annotated[DecisionService, Depends(decision_service)]
