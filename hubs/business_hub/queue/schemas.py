"""API shapes of the queue that no other hub reads."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from hubs.business_hub.queue.models import Job
from shared.contracts.http.jobs import JobRead


class JobLogRead(BaseModel):
    """One line of a job's log; ``code`` is stable, ``message`` is for people."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    at: datetime
    level: str
    code: str
    message: str
    url: str = ""


def read_job(job: Job) -> JobRead:
    """Return a job as its API shows it."""
    return JobRead.model_validate(job, from_attributes=True)
