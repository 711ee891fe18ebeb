"""Every query of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hubs.business_hub.queue.models import Job, Schedule

_AT_ONCE = 50


class ScheduleRepository:
    """Schedules in the database, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, schedule: Schedule) -> None:
        """Insert a schedule.

        Raises: Conflict when its name is taken (at the end of the transaction at the latest).
        """
        self.session.add(schedule)
        self.session.flush()

    def find(self, schedule_id: UUID) -> Schedule | None:
        """Return a schedule or None."""
        return self.session.get(Schedule, schedule_id)

    def lock(self, schedule_id: UUID) -> Schedule | None:
        """Return a schedule or None, its row locked until the transaction ends."""
        statement = select(Schedule).where(Schedule.id == schedule_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def names(self) -> set[str]:
        """Return every name that is taken."""
        return set(self.session.scalars(select(Schedule.name)))

    def listing(self, *, source_id: str | None = None) -> Select[Any]:
        """Return the query of schedules by name."""
        statement = select(Schedule)
        if source_id is not None:
            statement = statement.where(Schedule.source_id == source_id)
        return statement.order_by(Schedule.name)

    def due(self, now: datetime) -> Sequence[Schedule]:
        """Return schedules whose time has come, their rows locked; those being fired are left out."""
        statement = (
            select(Schedule)
            .where(Schedule.is_paused.is_(False), Schedule.next_run_at <= now)
            .order_by(Schedule.next_run_at, Schedule.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return self.session.scalars(statement).all()

    def has_live_job(self, schedule_id: UUID) -> bool:
        """Tell whether a job of this schedule waits or runs."""
        statement = select(Job.id).where(
            Job.schedule_id == schedule_id, Job.state.in_(("pending", "running"))
        )
        return self.session.scalar(statement.limit(1)) is not None

    def has_fired(self, schedule_id: UUID, slot: datetime) -> bool:
        """Tell whether a slot has its job."""
        statement = select(Job.id).where(Job.schedule_id == schedule_id, Job.slot_at == slot)
        return self.session.scalar(statement) is not None

    def delete(self, schedule: Schedule) -> None:
        """Delete a schedule; its jobs stay."""
        self.session.delete(schedule)
