"""What the queue's endpoints, consumers and keeper are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import Session

from hubs.business_hub.base import outbox
from hubs.business_hub.queue.cron import Cron
from hubs.business_hub.queue.errors import BadSchedule
from hubs.business_hub.queue.repository.schedules import ScheduleRepository
from hubs.business_hub.queue.repository.workers import WorkerRepository
from hubs.business_hub.queue.service.broker import BrokerService
from hubs.business_hub.queue.service.jobs import JobService
from hubs.business_hub.queue.service.keeping import JobKeeping
from hubs.business_hub.queue.service.schedules import ScheduleService
from hubs.business_hub.queue.service.tools import JobTools
from hubs.business_hub.queue.sources import SourceRegistry, default_sources_file
from hubs.business_hub.settings import BusinessSettings, settings_of
from shared.app import Resources, ResourcesDep
from shared.core.clock import utc_now
from shared.db.dependency import SessionDep
from shared.messaging.bus import BusAdmin
from shared.messaging.factory import open_admin
from shared.outbox.outbox import Outbox


def open_sources(settings: BusinessSettings) -> SourceRegistry:
    """Return the registry that the settings name."""
    return SourceRegistry(settings.sources_file or default_sources_file())


@dataclass(frozen=True)
class BrokerAdmin:
    """The administration of the broker that this process uses."""

    admin: BusAdmin


def open_broker_admin(resources: Resources) -> BrokerAdmin:
    """Return the administration of the broker; nothing is connected before it is first used."""
    settings = settings_of(resources.settings)
    found = open_admin(settings, resources.bus_dsn, known=settings.broker.known_queues)
    resources.stack.callback(found.close)
    return BrokerAdmin(found)


def known_sources(resources: Resources) -> SourceRegistry:
    """Return the registry that this process holds.

    Raises: Unavailable in a process that holds none.
    """
    return resources.get(SourceRegistry)


def interval_of(cron: str) -> float | None:
    """Return the seconds between the next two slots of an expression in UTC, None for none."""
    if not cron:
        return None
    try:
        found = Cron(cron, "UTC")
        first = found.after(utc_now())
        return (found.after(first) - first).total_seconds()
    except BadSchedule:
        return None


def _tools(resources: Resources, session: Session) -> JobTools:
    settings = settings_of(resources.settings).jobs
    return JobTools.over(session, resources.get(SourceRegistry), Outbox(session, outbox), settings)


def build_jobs(resources: Resources, session: Session) -> JobService:
    """Return the service of one transaction of this process."""
    return JobService(_tools(resources, session))


def build_schedules(resources: Resources, session: Session) -> ScheduleService:
    """Return the schedules of one transaction of this process."""
    return ScheduleService(
        ScheduleRepository(session),
        build_jobs(resources, session),
        resources.get(SourceRegistry),
        Outbox(session, outbox),
    )


def build_keeping(resources: Resources, session: Session) -> JobKeeping:
    """Return the keeping of one transaction of this process."""
    return JobKeeping(_tools(resources, session))


def note_worker(session: Session, name: str, kind: str) -> None:
    """Note a sign of life of a process."""
    WorkerRepository(session).note(name, kind, utc_now())


def job_service(resources: ResourcesDep, session: SessionDep) -> JobService:
    """Dependency: the jobs of this request."""
    return build_jobs(resources, session)


def schedule_service(resources: ResourcesDep, session: SessionDep) -> ScheduleService:
    """Dependency: the schedules of this request."""
    return build_schedules(resources, session)


def source_registry(resources: ResourcesDep) -> SourceRegistry:
    """Dependency: the known sources."""
    return resources.get(SourceRegistry)


def broker_service(resources: ResourcesDep, session: SessionDep) -> BrokerService:
    """Dependency: the broker as its operator sees it."""
    return BrokerService(resources.get(BrokerAdmin).admin, Outbox(session, outbox))


def worker_repository(session: SessionDep) -> WorkerRepository:
    """Dependency: the workers that were heard of."""
    return WorkerRepository(session)


JobServiceDep = Annotated[JobService, Depends(job_service)]
ScheduleServiceDep = Annotated[ScheduleService, Depends(schedule_service)]
BrokerServiceDep = Annotated[BrokerService, Depends(broker_service)]
WorkersDep = Annotated[WorkerRepository, Depends(worker_repository)]
SourcesDep = Annotated[SourceRegistry, Depends(source_registry)]
