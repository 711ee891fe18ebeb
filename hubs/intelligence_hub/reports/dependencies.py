"""What the report endpoints take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from hubs.intelligence_hub.reports.service import ReportService, build
from shared.app import ResourcesDep
from shared.db.dependency import SessionDep


def report_service(session: SessionDep, resources: ResourcesDep) -> ReportService:
    """Return the service over the request's transaction."""
    return build(session, resources)


ReportServiceDep = Annotated[ReportService, Depends(report_service)]
