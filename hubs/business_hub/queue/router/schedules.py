"""Paths of schedules."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response, status

from hubs.business_hub.dependencies import Cursor, Limit, PagerDep
from hubs.business_hub.queue.dependencies import ScheduleServiceDep
from hubs.business_hub.queue.schemas import read_job, read_schedule
from shared.auth import CanReadJobs, CanWriteJobs
from shared.contracts.http.jobs import JobRead, ScheduleCreate, ScheduleRead, ScheduleUpdate
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])


@router.post("", status_code=status.HTTP_201_CREATED, summary="Keep a schedule")
def create_schedule(
    asked: ScheduleCreate, principal: CanWriteJobs, schedules: ScheduleServiceDep, response: Response
) -> ScheduleRead:
    """Create a schedule."""
    schedule = schedules.create(asked, principal.subject)
    response.headers["Location"] = f"/api/v1/schedules/{schedule.id}"
    return read_schedule(schedule)


@router.post("/adopt", status_code=status.HTTP_201_CREATED, summary="Keep what the registry proposes")
def adopt_schedules(principal: CanWriteJobs, schedules: ScheduleServiceDep) -> Page[ScheduleRead]:
    """Create a schedule for each active source that proposes one and has none yet."""
    return Page(data=[read_schedule(one) for one in schedules.adopt(principal.subject)])


@router.get("", summary="Schedules by name")
def list_schedules(
    _: CanReadJobs,
    schedules: ScheduleServiceDep,
    pager: PagerDep,
    source_id: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[ScheduleRead]:
    """Return one page of schedules."""
    return pager.page(schedules.list(source_id=source_id), read_schedule, limit, cursor)


@router.get("/{schedule_id}", summary="One schedule")
def get_schedule(schedule_id: UUID, _: CanReadJobs, schedules: ScheduleServiceDep) -> ScheduleRead:
    """Return a schedule."""
    return read_schedule(schedules.get(schedule_id))


@router.patch("/{schedule_id}", summary="Change, pause or go on with a schedule")
def update_schedule(
    schedule_id: UUID, asked: ScheduleUpdate, principal: CanWriteJobs, schedules: ScheduleServiceDep
) -> ScheduleRead:
    """Change a schedule."""
    return read_schedule(schedules.update(schedule_id, asked, principal.subject))


@router.delete("/{schedule_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Delete a schedule")
def delete_schedule(schedule_id: UUID, principal: CanWriteJobs, schedules: ScheduleServiceDep) -> None:
    """Delete a schedule; its jobs stay."""
    schedules.delete(schedule_id, principal.subject)


@router.post("/{schedule_id}/run", status_code=status.HTTP_201_CREATED, summary="Run a schedule's job now")
def run_schedule(schedule_id: UUID, principal: CanWriteJobs, schedules: ScheduleServiceDep) -> JobRead:
    """Make a job as the schedule would."""
    return read_job(schedules.run_now(schedule_id, principal.subject))
