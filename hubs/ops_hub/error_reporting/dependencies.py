"""What the error endpoints take."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

from hubs.ops_hub.error_reporting.intake import Intake
from hubs.ops_hub.error_reporting.schemas import IssueFilters, Status
from hubs.ops_hub.error_reporting.service import ErrorService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def error_service(session: SessionDep) -> ErrorService:
    """Return the service over the request's transaction."""
    return build(session)


def intake(resources: ResourcesDep) -> Intake:
    """Return the intake of this process."""
    return resources.get(Intake)


def issue_filters(
    status: Status | None = None,
    level: Literal["debug", "info", "warning", "error", "fatal"] | None = None,
    project_id: int | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    release: Annotated[str, Query(max_length=200)] = "",
    environment: Annotated[str, Query(max_length=100)] = "",
    tag: Annotated[str, Query(max_length=400, pattern=r"^[^:]+:.*$", description="name:value")] = "",
) -> IssueFilters:
    """Return which issues are asked for."""
    return IssueFilters(
        status=status,
        level=level,
        project_id=project_id,
        q=q,
        release=release,
        environment=environment,
        tag=tag,
    )


ErrorServiceDep = Annotated[ErrorService, Depends(error_service)]
IntakeDep = Annotated[Intake, Depends(intake)]
IssueFiltersDep = Annotated[IssueFilters, Depends(issue_filters)]
