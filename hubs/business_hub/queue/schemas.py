"""API shapes of the queue that no other hub reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hubs.business_hub.queue.models import Job, Schedule, WorkerSeen
from shared.contracts.http.jobs import JobRead, ScheduleRead
from shared.core.clock import utc_now
from shared.http.json import loads
from shared.messaging.bus import Message, QueueState


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


def read_schedule(schedule: Schedule) -> ScheduleRead:
    """Return a schedule as its API shows it."""
    return ScheduleRead.model_validate(schedule, from_attributes=True)


class QueueRead(BaseModel):
    """A queue as the broker knows it; None where it does not tell. Rates in messages per second."""

    name: str
    is_dead: bool
    waiting: int
    in_hand: int | None
    consumers: int | None
    publish_rate: float | None
    deliver_rate: float | None
    oldest_at: datetime | None
    oldest_age_s: float | None


class MessageRead(BaseModel):
    """A waiting message; ``payload`` is its JSON, ``text`` what is no JSON, both cut at a size."""

    id: str
    topic: str
    producer: str
    correlation_id: str | None
    priority: int
    headers: dict[str, str]
    size_bytes: int
    payload: Any = None
    text: str = ""


class DeadLetterChoice(BaseModel):
    """Which dead letters; without ids all of them."""

    model_config = ConfigDict(extra="forbid")
    ids: list[str] | None = Field(default=None, min_length=1, max_length=1_000)


class DiscardChoice(BaseModel):
    """Which dead letters are deleted."""

    model_config = ConfigDict(extra="forbid")
    ids: list[str] = Field(min_length=1, max_length=1_000)


class PurgeRequest(BaseModel):
    """The confirmation of what cannot be undone: the queue's name."""

    model_config = ConfigDict(extra="forbid")
    confirm: str


class PublishRequest(BaseModel):
    """An event to publish."""

    model_config = ConfigDict(extra="forbid")
    topic: str = Field(max_length=200)
    payload: dict[str, Any]


class Published(BaseModel):
    """The id under which a message travels."""

    id: str


class Count(BaseModel):
    """How many messages it was."""

    count: int


class WorkerRead(BaseModel):
    """A process that works for this hub; ``silence_s``: seconds since it was heard of."""

    name: str
    kind: str
    is_alive: bool
    silence_s: float
    job_id: UUID | None
    details: dict[str, Any]


_MAX_SHOWN_BYTES = 64 * 1024
_ALIVE_S = 90.0


def read_queue(state: QueueState) -> QueueRead:
    """Return a queue as its API shows it."""
    age = (utc_now() - state.oldest_at).total_seconds() if state.oldest_at else None
    return QueueRead(
        name=state.name,
        is_dead=state.is_dead,
        waiting=state.waiting,
        in_hand=state.in_hand,
        consumers=state.consumers,
        publish_rate=state.publish_rate,
        deliver_rate=state.deliver_rate,
        oldest_at=state.oldest_at,
        oldest_age_s=None if age is None else max(0.0, age),
    )


def read_message(message: Message) -> MessageRead:
    """Return a waiting message as its API shows it."""
    shown = MessageRead(
        id=message.id,
        topic=message.topic,
        producer=message.producer,
        correlation_id=message.correlation_id,
        priority=message.priority,
        headers=dict(message.headers),
        size_bytes=len(message.body),
    )
    if len(message.body) <= _MAX_SHOWN_BYTES:
        try:
            shown.payload = loads(message.body)
        except ValueError:
            shown.text = message.body.decode(errors="replace")
    else:
        shown.text = message.body[:_MAX_SHOWN_BYTES].decode(errors="replace")
    return shown


def read_worker(worker: WorkerSeen, now: datetime) -> WorkerRead:
    """Return a worker as its API shows it."""
    silence_s = max(0.0, (now - worker.heard_at).total_seconds())
    return WorkerRead(
        name=worker.name,
        kind=worker.kind,
        is_alive=silence_s < _ALIVE_S,
        silence_s=silence_s,
        job_id=worker.job_id,
        details=worker.details,
    )
