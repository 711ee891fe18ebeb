"""What the decision endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from hubs.intelligence_hub.opa.service import DecisionService
from shared.app import ResourcesDep


def decision_service(resources: ResourcesDep) -> DecisionService:
    """Return the decision point of this process."""
    return resources.get(DecisionService)


async def raw_body(request: Request) -> bytes:
    """Return the bytes of the request, whatever their type."""
    return await request.body()


DecisionServiceDep = Annotated[DecisionService, Depends(decision_service)]
RawBody = Annotated[bytes, Depends(raw_body)]
