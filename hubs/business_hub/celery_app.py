"""Celery, where RabbitMQ is: the same tasks and the same messages, in children with limits.

A ``TaskRequestedV1`` on the queue ``business.tasks`` is a Celery message as it is (protocol 1: a JSON object
with ``task``, ``id``, ``args`` and ``kwargs``), so nothing but workers and beat imports Celery.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

from celery import Celery, Task, signals
from kombu.entity import Exchange, Queue

from hubs.business_hub.importer import hold_canon, open_importer
from hubs.business_hub.queue.dependencies import note_worker
from hubs.business_hub.settings import BusinessSettings
from hubs.business_hub.tasks import QUEUE, TASKS, run_task
from shared.app import Resources
from shared.contracts.events.jobs import TaskRequestedV1
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import configure_logging, get_logger, request_id_var, trace_id_var
from shared.messaging.bus import EXCHANGE
from shared.messaging.failures import is_unavailable
from shared.reporting import report_errors

log = get_logger(__name__)
BEAT_S = 30.0
_RETRY_FIRST_S, _RETRY_CAP_S = 2, 60
_TRACE = "traceparent"


def build_celery(settings: BusinessSettings) -> Celery:
    """Return the Celery application of this process; it connects when it is started."""
    app = Celery("openpolicy", broker=settings.rabbit.url, set_as_current=True)
    queue = Queue(  # type: ignore[no-untyped-call]
        QUEUE.name,
        Exchange(EXCHANGE, type="topic", durable=True),  # type: ignore[no-untyped-call]
        routing_key=TaskRequestedV1.topic,
        # Declared by the platform's own messaging, with its dead letters.
        no_declare=True,
    )
    app.conf.update(
        task_queues=[queue],
        task_default_queue=QUEUE.name,
        task_default_exchange=EXCHANGE,
        task_default_routing_key=TaskRequestedV1.topic,
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        # The message goes when the work is done: a child that dies gives it back.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        worker_prefetch_multiplier=1,
        worker_max_memory_per_child=settings.tasks.max_memory_kib,
        task_time_limit=settings.tasks.time_limit_s,
        task_soft_time_limit=settings.tasks.soft_time_limit_s,
        broker_connection_retry_on_startup=True,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        enable_utc=True,
    )
    child = _Child(settings)
    for name in TASKS:
        app.task(bind=True, name=name, max_retries=None)(_bound(name, child))
    signals.worker_process_init.connect(child.open, weak=False)
    signals.worker_process_shutdown.connect(child.close, weak=False)
    signals.setup_logging.connect(lambda **_: _log(settings), weak=False)
    return app


class _Child:
    """What one child process of a worker holds: made after the fork, never shared over it."""

    def __init__(self, settings: BusinessSettings) -> None:
        self._settings = settings
        self._resources: Resources | None = None

    def open(self, **_: Any) -> None:
        """Make the child's own connections."""
        self._resources = open_importer(self._settings)
        hold_canon(self._resources)

    def close(self, **_: Any) -> None:
        """Let go of them."""
        if self._resources is not None:
            self._resources.stop.set()
            self._resources.stack.close()
            self._resources = None

    @property
    def resources(self) -> Resources:
        """Return the child's resources, made now when no signal did."""
        if self._resources is None:
            self.open()
        assert self._resources is not None
        return self._resources


def _bound(name: str, child: _Child) -> Any:
    def run(task: Task, **arguments: Any) -> None:
        headers: Mapping[str, Any] = task.request.headers or {}
        request_id_var.set(str(task.request.correlation_id or task.request.id))
        trace_id_var.set(str(headers.get(_TRACE, "")).split("-")[1] if headers.get(_TRACE) else "")
        log.info("task", task=name, **arguments)
        try:
            run_task(child.resources, name, arguments)
        except (AppError, ConnectionError) as error:
            if not is_unavailable(error):
                raise
            wait = min(_RETRY_CAP_S, _RETRY_FIRST_S * 2 ** min(task.request.retries, 5))
            log.warning("a dependency is away; the task is tried again", task=name, error=str(error))
            raise task.retry(exc=error, countdown=wait) from error

    # Celery writes a function head with this name, and `import` is no name.
    run.__name__ = f"{name.rpartition('.')[2]}_task"
    return run


def _log(settings: BusinessSettings) -> None:
    configure_logging("celery", settings.log_level, settings.log_format)
    report_errors(settings, "celery-worker")


def process_name(kind: str) -> str:
    """Return the name under which a process of this hub says that it is alive."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


def say_alive(resources: Resources, kind: str) -> None:
    """Note a sign of life; that the database is away is no reason to stop."""
    try:
        with transaction(resources.sessionmaker) as session:
            note_worker(session, process_name(kind), kind)
    except AppError as error:
        log.warning("no sign of life could be noted", error=str(error))
