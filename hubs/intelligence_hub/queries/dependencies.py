"""What the query endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.intelligence_hub.queries.service import QueryService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def query_service(session: SessionDep, resources: ResourcesDep) -> QueryService:
    """Return the service over the request's transaction."""
    return build(session, resources)


QueryServiceDep = Annotated[QueryService, Depends(query_service)]
