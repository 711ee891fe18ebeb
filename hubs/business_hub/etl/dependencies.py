"""What the importer's endpoints and threads are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from hubs.business_hub.base import outbox
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.service import RunService
from hubs.business_hub.queue.dependencies import build_jobs
from shared.app import Resources, ResourcesDep
from shared.db.dependency import SessionDep
from shared.outbox.outbox import Outbox


def build_runs(resources: Resources, session: Session) -> RunService:
    """Return the service of one transaction of this process."""
    return RunService(RunRepository(session), build_jobs(resources, session), Outbox(session, outbox))


def run_service(resources: ResourcesDep, session: SessionDep) -> RunService:
    """Dependency: the service of this request."""
    return build_runs(resources, session)


RunServiceDep = Annotated[RunService, Depends(run_service)]
