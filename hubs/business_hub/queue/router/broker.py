"""Paths of queues, dead letters and workers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from hubs.business_hub.queue.dependencies import BrokerServiceDep, WorkersDep
from hubs.business_hub.queue.schemas import (
    Count,
    DeadLetterChoice,
    DiscardChoice,
    MessageRead,
    Published,
    PublishRequest,
    PurgeRequest,
    QueueRead,
    WorkerRead,
    read_message,
    read_queue,
    read_worker,
)
from shared.auth import CanReadJobs, CanReadOps, CanWriteOps
from shared.core.clock import utc_now
from shared.http.pages import Page
from shared.messaging.bus import dead_queue

router = APIRouter(prefix="/api/v1", tags=["queues"])
PeekLimit = Annotated[int, Query(ge=1, le=100, description="messages")]


@router.get("/queues", summary="Queues with depth, consumers, rates and age")
def list_queues(_: CanReadJobs, broker: BrokerServiceDep) -> Page[QueueRead]:
    """Return every queue."""
    return Page(data=[read_queue(state) for state in broker.list()])


@router.get("/queues/{name}", summary="One queue")
def get_queue(name: str, _: CanReadJobs, broker: BrokerServiceDep) -> QueueRead:
    """Return a queue."""
    return read_queue(broker.get(name))


@router.get("/queues/{name}/messages", summary="The first waiting messages, which stay where they are")
def peek_messages(
    name: str, _: CanReadOps, broker: BrokerServiceDep, limit: PeekLimit = 20
) -> Page[MessageRead]:
    """Look into a queue."""
    return Page(data=[read_message(message) for message in broker.peek(name, limit)])


@router.post("/queues/{name}/purge", summary="Delete every waiting message; `confirm` repeats the name")
def purge_queue(name: str, asked: PurgeRequest, principal: CanWriteOps, broker: BrokerServiceDep) -> Count:
    """Empty a queue."""
    return Count(count=broker.purge(name, principal.subject, asked.confirm))


@router.get("/queues/{name}/dead", summary="Dead letters with the reason of their death")
def list_dead_letters(
    name: str, _: CanReadOps, broker: BrokerServiceDep, limit: PeekLimit = 20
) -> Page[MessageRead]:
    """Look into the dead letters of a queue."""
    return Page(data=[read_message(message) for message in broker.peek(dead_queue(name), limit)])


@router.post("/queues/{name}/dead/replay", summary="Move dead letters back; without ids all of them")
def replay_dead_letters(
    name: str, asked: DeadLetterChoice, principal: CanWriteOps, broker: BrokerServiceDep
) -> Count:
    """Give dead letters another chance."""
    return Count(count=broker.replay(name, principal.subject, asked.ids))


@router.post("/queues/{name}/dead/discard", summary="Delete dead letters for good")
def discard_dead_letters(
    name: str, asked: DiscardChoice, principal: CanWriteOps, broker: BrokerServiceDep
) -> Count:
    """Delete chosen dead letters."""
    return Count(count=broker.discard(name, principal.subject, asked.ids))


@router.post("/messages", summary="Publish an event that fits its contract")
def publish_message(asked: PublishRequest, principal: CanWriteOps, broker: BrokerServiceDep) -> Published:
    """Publish by hand, for tests and repairs."""
    return Published(id=broker.publish(asked.topic, asked.payload, principal.subject))


@router.get("/workers", summary="Who works, and when they were last heard of")
def list_workers(_: CanReadJobs, workers: WorkersDep) -> Page[WorkerRead]:
    """Return every process that was heard of within a day."""
    now = utc_now()
    return Page(data=[read_worker(worker, now) for worker in workers.list(now)])
