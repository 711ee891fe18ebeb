"""Every query of the workers that were heard of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.business_hub.queue.models import WorkerSeen

FORGOTTEN_AFTER = timedelta(days=1)


class WorkerRepository:
    """Signs of life in the database, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def note(self, name: str, kind: str, now: datetime, job_id: UUID | None = None, **details: Any) -> None:
        """Note a sign of life of a worker and what it is at."""
        statement = insert(WorkerSeen).values(
            name=name, kind=kind, heard_at=now, job_id=job_id, details=details
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["name"],
                set_={
                    "kind": statement.excluded.kind,
                    "heard_at": statement.excluded.heard_at,
                    "job_id": statement.excluded.job_id,
                    "details": statement.excluded.details,
                },
            )
        )

    def list(self, now: datetime) -> Sequence[WorkerSeen]:
        """Return the workers heard of within a day, by name."""
        statement = select(WorkerSeen).where(WorkerSeen.heard_at > now - FORGOTTEN_AFTER)
        return self.session.scalars(statement.order_by(WorkerSeen.kind, WorkerSeen.name)).all()

    def last_heard(self, kind: str) -> datetime | None:
        """Return when any worker of a kind was last heard of."""
        return self.session.scalar(select(func.max(WorkerSeen.heard_at)).where(WorkerSeen.kind == kind))

    def forget(self, now: datetime) -> None:
        """Drop the workers that were not heard of for a day."""
        self.session.execute(delete(WorkerSeen).where(WorkerSeen.heard_at <= now - FORGOTTEN_AFTER))
