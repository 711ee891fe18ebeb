"""The work that this hub does itself: one function a task, run by the importer or by Celery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hubs.business_hub.etl import tasks as runs
from hubs.business_hub.op_import import tasks as uploads
from hubs.business_hub.queue.keeper import make_round, tidy
from shared.app import Resources
from shared.contracts.events.jobs import TASK_QUEUE, TaskRequestedV1
from shared.logging import get_logger, request_id_var
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer

log = get_logger(__name__)
LONGEST_S = 6 * 3_600
# A queue with priorities is a classic one, which Celery's workers consume as they are used to.
QUEUE = QueueSpec(name=TASK_QUEUE, topics=(TaskRequestedV1.topic,), is_priority=True, ack_timeout_s=LONGEST_S)
TASKS: Mapping[str, Callable[..., Any]] = {
    "business.inspect": uploads.inspect_upload,
    "business.import": uploads.import_upload,
    "business.undo": uploads.undo_upload,
    "business.promote": runs.promote_run,
    "business.rollback": runs.roll_run_back,
    "business.keep": make_round,
    "business.tidy": tidy,
}


def run_task(resources: Resources, name: str, arguments: Mapping[str, Any]) -> None:
    """Run a task by its name.

    Raises: KeyError for a name that is none; whatever the task raises.
    """
    TASKS[name](resources, **arguments)


def start_tasks(resources: Resources) -> Consumer:
    """Take tasks one by one in a thread of this process."""

    def handle(delivery: Delivery) -> None:
        event = delivery.event
        assert isinstance(event, TaskRequestedV1)
        request_id_var.set(event.correlation_id or str(event.id))
        log.info("task", task=event.task, **event.kwargs)
        run_task(resources, event.task, event.kwargs)

    consumer = Consumer(resources.bus, QUEUE, handle, prefetch=1, stop=resources.stop)
    consumer.start()
    resources.stack.callback(consumer.close)
    return consumer
