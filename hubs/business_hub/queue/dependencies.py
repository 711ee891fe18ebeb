"""What the queue's endpoints, consumers and keeper are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from hubs.business_hub.base import outbox
from hubs.business_hub.queue import keeping, service
from hubs.business_hub.queue.keeping import JobKeeping
from hubs.business_hub.queue.service import JobService
from hubs.business_hub.queue.sources import SourceRegistry, default_sources_file
from hubs.business_hub.settings import BusinessSettings, settings_of
from shared.app import Resources, ResourcesDep
from shared.db.dependency import SessionDep
from shared.outbox.outbox import Outbox


def open_sources(settings: BusinessSettings) -> SourceRegistry:
    """Return the registry that the settings name."""
    return SourceRegistry(settings.sources_file or default_sources_file())


def build_jobs(resources: Resources, session: Session) -> JobService:
    """Return the service of one transaction of this process."""
    settings = settings_of(resources.settings).jobs
    return service.build(session, resources.get(SourceRegistry), Outbox(session, outbox), settings)


def build_keeping(resources: Resources, session: Session) -> JobKeeping:
    """Return the keeping of one transaction of this process."""
    settings = settings_of(resources.settings).jobs
    return keeping.build(session, resources.get(SourceRegistry), Outbox(session, outbox), settings)


def job_service(resources: ResourcesDep, session: SessionDep) -> JobService:
    """Dependency: the service of this request."""
    return build_jobs(resources, session)


def source_registry(resources: ResourcesDep) -> SourceRegistry:
    """Dependency: the known sources."""
    return resources.get(SourceRegistry)


JobServiceDep = Annotated[JobService, Depends(job_service)]
SourcesDep = Annotated[SourceRegistry, Depends(source_registry)]
