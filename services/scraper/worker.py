"""The worker: takes scrape jobs from the queue one at a time, runs each in a child process, acks last.

Start it with ``python -m services.scraper.worker``; as many as wanted share one queue.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from typing import Any

from services.scraper.jobs import JobRunner
from services.scraper.liveness import Heartbeat, open_probe
from services.scraper.settings import ScraperSettings
from shared.contracts.events.jobs import SCRAPE_QUEUE, JobCancelRequestedV1, ScrapeRequestedV1
from shared.logging import configure_logging, request_id_var
from shared.messaging.bus import Delivery, EventBus, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.factory import open_bus
from shared.reporting import report_errors

log = logging.getLogger(__name__)

LONGEST_JOB_S = 24 * 3_600
_BEAT_S = 5.0


def jobs_queue() -> QueueSpec:
    """Return the queue of all workers: priorities, and time for the longest job before an ack."""
    return QueueSpec(
        SCRAPE_QUEUE,
        (ScrapeRequestedV1.topic,),
        is_priority=True,
        max_deliveries=3,
        ack_timeout_s=LONGEST_JOB_S,
    )


def cancels_queue() -> QueueSpec:
    """Return this worker's own queue of cancel requests."""
    name = f"scraper.cancel.{socket.gethostname()}.{os.getpid()}"
    return QueueSpec(name, (JobCancelRequestedV1.topic,), is_broadcast=True)


class Worker:
    """One worker over a bus; ``start`` and ``close`` belong to its owner."""

    def __init__(self, settings: ScraperSettings, bus: EventBus, stop: threading.Event) -> None:
        self.runner = JobRunner(settings, bus, stop)
        self._stop = stop
        self._jobs = Consumer(bus, jobs_queue(), self._take, prefetch=1, stop=stop)
        self._cancels = Consumer(bus, cancels_queue(), self._cancel, stop=stop)
        self._grace_s = settings.scraper.stop_grace_s

    def _take(self, delivery: Delivery) -> None:
        event = delivery.event
        assert isinstance(event, ScrapeRequestedV1)
        request_id_var.set(event.correlation_id or str(event.job_id))
        log.info("job %s: %s (delivery %d)", event.job_id, event.source_id, delivery.deliveries)
        self.runner.run(event)

    def _cancel(self, delivery: Delivery) -> None:
        event = delivery.event
        assert isinstance(event, JobCancelRequestedV1)
        self.runner.cancel(event)

    def state(self) -> dict[str, Any]:
        """Return what the worker does, for heartbeat and metrics."""
        job = self.runner.current
        return {
            "is_connected": self._jobs.state.is_connected,
            "is_busy": job is not None,
            "job_id": str(job.job_id) if job else "",
            "source_id": job.source_id if job else "",
            "child_pid": self.runner.child_pid,
            "handled": self._jobs.state.handled,
            "deaths": self.runner.deaths,
        }

    def start(self) -> None:
        """Consume in threads."""
        self._cancels.start()
        self._jobs.start()

    def close(self) -> bool:
        """Stop; a running job is paused for the next worker. False when it would not end."""
        self._stop.set()
        has_ended = self._jobs.close(self._grace_s + 5.0)
        return self._cancels.close() and has_ended


def run_worker(settings: ScraperSettings | None, stop: threading.Event) -> None:
    """Work until ``stop`` is set."""
    settings = settings or ScraperSettings()
    configure_logging("scraper", settings.log_level, settings.log_format)
    reporter = report_errors(settings, "scraper")
    bus = open_bus(settings, settings.broker_dsn())
    worker = Worker(settings, bus, stop)
    heartbeat = Heartbeat(settings.work_dir, worker.state)
    port = settings.scraper.metrics_port
    host = settings.scraper.metrics_host
    probe = open_probe(host, port, worker.state) if port else None
    worker.start()
    try:
        heartbeat.beat()
        while not stop.wait(_BEAT_S):
            heartbeat.beat()
    finally:
        worker.close()
        heartbeat.end()
        if probe is not None:
            probe.close()
        bus.close()
        reporter.close()


def main() -> None:
    """Run as a program, until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_worker(None, stop)


if __name__ == "__main__":
    main()
