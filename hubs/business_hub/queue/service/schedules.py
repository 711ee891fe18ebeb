"""Schedules: kept in the database, fired once per slot whoever looks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.queue.cron import Cron, spread
from hubs.business_hub.queue.errors import ScheduleNotFound
from hubs.business_hub.queue.models import Job, Schedule
from hubs.business_hub.queue.repository.schedules import ScheduleRepository
from hubs.business_hub.queue.service.jobs import JobService
from hubs.business_hub.queue.service.journal import PRODUCER, SYSTEM, Publisher
from hubs.business_hub.queue.sources import SourceRegistry
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.http.jobs import JobCreate, ScheduleCreate, ScheduleUpdate
from shared.core.clock import utc_now
from shared.core.errors import Conflict
from shared.logging import request_id_var

MISFIRE_GRACE = timedelta(minutes=5)
LONGEST_LOOK_BACK = timedelta(days=7)
MOST_CAUGHT_UP = 24
_REGISTRY_STAGGER_S = 900


class ScheduleService:
    """What can happen to a schedule; never commits."""

    def __init__(
        self,
        schedules: ScheduleRepository,
        jobs: JobService,
        sources: SourceRegistry,
        publisher: Publisher,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._schedules = schedules
        self._jobs = jobs
        self._sources = sources
        self._publisher = publisher
        self._now = clock

    def create(self, asked: ScheduleCreate, actor: str) -> Schedule:
        """Keep a schedule and say when it fires first.

        Raises: UnknownSource, BadSchedule; Conflict when the name is taken.
        """
        self._sources.get(asked.source_id)
        if asked.name in self._schedules.names():
            raise Conflict(f"there is a schedule named {asked.name!r}")
        now = self._now()
        schedule = Schedule(
            **asked.model_dump(exclude={"options"}),
            options=asked.options.model_dump(mode="json"),
            created_by=actor,
            created_at=now,
            updated_at=now,
        )
        self._schedules.add(schedule)
        self._plan(schedule, now)
        self._audit(schedule, "schedule.created", actor, after=asked.model_dump(mode="json"))
        return schedule

    def get(self, schedule_id: UUID) -> Schedule:
        """Return a schedule.

        Raises: ScheduleNotFound.
        """
        schedule = self._schedules.find(schedule_id)
        if schedule is None:
            raise ScheduleNotFound(f"no schedule {schedule_id}")
        return schedule

    def list(self, *, source_id: str | None = None) -> Select[Any]:
        """Return the query of schedules by name, for a page of it."""
        return self._schedules.listing(source_id=source_id)

    def update(self, schedule_id: UUID, asked: ScheduleUpdate, actor: str) -> Schedule:
        """Change a schedule and plan it anew; unpausing drops the slots of the pause.

        Raises: ScheduleNotFound, BadSchedule.
        """
        schedule = self._locked(schedule_id)
        changes = asked.model_dump(exclude_unset=True, exclude_none=True, mode="json")
        before = {name: getattr(schedule, name) for name in changes}
        for name, value in changes.items():
            setattr(schedule, name, value)
        schedule.updated_at = self._now()
        self._plan(schedule, self._now())
        self._audit(schedule, "schedule.updated", actor, before=before, after=changes)
        return schedule

    def delete(self, schedule_id: UUID, actor: str) -> None:
        """Delete a schedule; its jobs stay.

        Raises: ScheduleNotFound.
        """
        schedule = self._locked(schedule_id)
        self._audit(schedule, "schedule.deleted", actor, before={"cron": schedule.cron})
        self._schedules.delete(schedule)

    def run_now(self, schedule_id: UUID, actor: str) -> Job:
        """Make a job as the schedule would, now.

        Raises: ScheduleNotFound.
        """
        schedule = self._locked(schedule_id)
        job = self._jobs.make(self._asked(schedule), actor, schedule_id=schedule.id)
        schedule.last_job_id = job.id
        return job

    def adopt(self, actor: str) -> Sequence[Schedule]:
        """Keep a schedule for every active source of the registry that says when, unless it has one."""
        taken = self._schedules.names()
        wanted = [
            source
            for source in self._sources.list()
            if source.schedule and source.status == "active" and source.id not in taken
        ]
        return [
            self.create(
                # The registry's expressions are in UTC.
                ScheduleCreate(
                    name=source.id,
                    source_id=source.id,
                    cron=source.schedule,
                    time_zone="UTC",
                    stagger_s=_REGISTRY_STAGGER_S,
                ),
                actor,
            )
            for source in wanted
        ]

    def fire_due(self) -> int:
        """Make the jobs whose time has come and return how many."""
        now = self._now()
        return sum(self._fire(schedule, now) for schedule in self._schedules.due(now))

    def _fire(self, schedule: Schedule, now: datetime) -> int:
        cron = Cron(schedule.cron, schedule.time_zone)
        first = schedule.next_slot_at or now
        slots = [first, *cron.between(max(first, now - LONGEST_LOOK_BACK), now)]
        ripe = [slot for slot in slots if slot + self._delay(schedule, slot) <= now]
        is_missed = now - ripe[-1] - self._delay(schedule, ripe[-1]) > MISFIRE_GRACE
        chosen = _chosen(schedule.catch_up, ripe, is_missed)
        made = 0
        for slot in chosen:
            is_piling_up = schedule.catch_up != "all" and self._schedules.has_live_job(schedule.id)
            if is_piling_up or self._schedules.has_fired(schedule.id, slot):
                continue
            job = self._jobs.make(self._asked(schedule), SYSTEM, schedule_id=schedule.id, slot_at=slot)
            schedule.last_job_id = job.id
            made += 1
        schedule.fired += made
        schedule.skipped += len(ripe) - made
        schedule.last_slot_at = ripe[-1]
        self._plan(schedule, ripe[-1])
        return made

    def _plan(self, schedule: Schedule, after: datetime) -> None:
        slot = Cron(schedule.cron, schedule.time_zone).after(after)
        schedule.next_slot_at = slot
        schedule.next_run_at = slot + self._delay(schedule, slot)

    def _delay(self, schedule: Schedule, slot: datetime) -> timedelta:
        return spread(str(schedule.id), slot, schedule.stagger_s, schedule.jitter_s)

    def _asked(self, schedule: Schedule) -> JobCreate:
        options = ScrapeOptions.model_validate(schedule.options)
        asked = {"source_id": schedule.source_id, "priority": schedule.priority, "mode": schedule.mode}
        return JobCreate.model_validate({**asked, "options": options})

    def _locked(self, schedule_id: UUID) -> Schedule:
        schedule = self._schedules.lock(schedule_id)
        if schedule is None:
            raise ScheduleNotFound(f"no schedule {schedule_id}")
        return schedule

    def _audit(
        self,
        schedule: Schedule,
        action: str,
        actor: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                actor=actor,
                action=action,
                target=str(schedule.id),
                target_type="schedule",
                before=before,
                after=after,
                request_id=request_id_var.get(),
                metadata={"name": schedule.name, "source_id": schedule.source_id},
            )
        )


def _chosen(catch_up: str, ripe: Sequence[datetime], is_missed: bool) -> Sequence[datetime]:
    """Return the slots that get a job; ``is_missed``: the latest is past by more than the grace."""
    if catch_up == "all":
        return ripe[-MOST_CAUGHT_UP:]
    return [] if catch_up == "none" and is_missed else ripe[-1:]
