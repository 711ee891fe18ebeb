"""What the error endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.ops_hub.error_reporting.intake import Intake
from hubs.ops_hub.error_reporting.service import ErrorService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def error_service(session: SessionDep) -> ErrorService:
    """Return the service over the request's transaction."""
    return build(session)


def intake(resources: ResourcesDep) -> Intake:
    """Return the intake of this process."""
    return resources.get(Intake)


ErrorServiceDep = Annotated[ErrorService, Depends(error_service)]
IntakeDep = Annotated[Intake, Depends(intake)]
