"""A worker with its children against the miniature Parliament, over the embedded bus."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.miniature import MiniatureServer
from shared.contracts.envelope import Event
from shared.contracts.events.jobs import JobCancelRequestedV1, ScrapeOptions, ScrapeRequestedV1
from shared.contracts.events.scraping import (
    ScrapedBatch,
    ScrapeFinishedV1,
    ScrapeStartedV1,
    batch_records,
)
from shared.core.ids import new_id
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedBus
from shared.testing.processes import Process, Processes, wait_until
from tests.unit.scraper.conftest import crawl, make_document, parse, rendered, sample

__all__ = ["crawl", "make_document", "parse", "rendered", "sample"]

PATIENCE_S = 120.0


@dataclass
class Heard:
    """Everything the scraper published, in order."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, delivery: Delivery) -> None:
        self.events.append(delivery.event)

    def finished(self, job_id: UUID) -> ScrapeFinishedV1 | None:
        """Return the report of a job, once it is there."""
        return next((e for e in self.events if isinstance(e, ScrapeFinishedV1) and e.job_id == job_id), None)

    def started(self, job_id: UUID) -> list[ScrapeStartedV1]:
        """Return the starts of a job's runs."""
        return [e for e in self.events if isinstance(e, ScrapeStartedV1) and e.job_id == job_id]

    def records(self, run_id: UUID) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what a run published, by kind and key: the last of each, without provenance."""
        return {
            (record.kind, record.key): record.facts()
            for event in self.events
            if isinstance(event, ScrapedBatch) and event.run_id == run_id
            for record in batch_records(event)
        }


class Rig:
    """Asks for jobs, watches what becomes of them, kills what a test wants killed."""

    def __init__(self, dsn: str, data_dir: Path, upstream: MiniatureServer, processes: Processes) -> None:
        self.data_dir = data_dir
        self.upstream = upstream
        self.heard = Heard()
        self._processes = processes
        self._env = {
            "OP_DATA_DIR": str(data_dir),
            "OP_RABBIT__EMBEDDED_DSN": dsn,
            "OP_RABBIT__URL": "",
            "OP_SCRAPER__RETRY_WAIT_S": "0.05",
            "OP_SCRAPER__PROGRESS_EVERY_S": "0.1",
            "OP_LOG_LEVEL": "INFO",
        }
        self.bus = EmbeddedBus(dsn)
        # Declared before any worker lives, so that no job is lost.
        self.bus.declare(QueueSpec("scraper.jobs", (ScrapeRequestedV1.topic,), is_priority=True))
        self._stop = threading.Event()
        spec = QueueSpec("test.heard", ("scraping.run.*.*", "scraping.*.scraped.*"))
        self.bus.declare(spec)
        self._consumer = Consumer(self.bus, spec, self.heard, stop=self._stop)
        self._consumer.start()

    def worker(self, **env: str) -> Process:
        """Start a worker."""
        settings = {**self._env, **env}
        process = self._processes.python("-m", "services.scraper.worker", env=settings, name="worker")
        beats = Path(settings["OP_DATA_DIR"]) / "scraper" / "workers"
        wait_until(
            lambda: any(beats.glob(f"*-{process.pid}.json")),
            timeout=PATIENCE_S,
            what="the worker's heartbeat",
        )
        return process

    def ask(self, source_id: str, **options: Any) -> UUID:
        """Ask for a job and return its id."""
        options.setdefault("upstream", self.upstream.url)
        request = ScrapeRequestedV1(
            producer="test", job_id=new_id(), source_id=source_id, options=ScrapeOptions(**options)
        )
        self.bus.publish([request])
        return request.job_id

    def cancel(self, job_id: UUID) -> None:
        """Ask to cancel a job."""
        self.bus.publish([JobCancelRequestedV1(producer="test", job_id=job_id, reason="enough")])

    def report(self, job_id: UUID) -> ScrapeFinishedV1:
        """Wait for the report of a job."""
        wait_until(lambda: self.heard.finished(job_id), timeout=PATIENCE_S, what="the end of the job")
        found = self.heard.finished(job_id)
        assert found is not None
        return found

    def scrape(self, source_id: str, **options: Any) -> ScrapeFinishedV1:
        """Ask for a job and wait for its report."""
        return self.report(self.ask(source_id, **options))

    def published(self, job_id: UUID) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what the last run of a job published."""
        return self.heard.records(self.heard.started(job_id)[-1].run_id)

    def child_pids(self, worker: Process) -> list[int]:
        """Return the processes that a worker has started and that live."""
        task = Path(f"/proc/{worker.pid}/task")
        return [int(p) for t in task.iterdir() for p in (t / "children").read_text().split()]

    def kill_child(self, worker: Process, when: Callable[[], object]) -> None:
        """Kill the child of a worker with SIGKILL as soon as a condition holds."""
        wait_until(lambda: self.child_pids(worker) and when(), timeout=PATIENCE_S, what="the moment to kill")
        for pid in self.child_pids(worker):
            os.kill(pid, signal.SIGKILL)

    def requests(self, glob: str = "*") -> int:
        """Return how many requests the upstream got."""
        return self.upstream.control.count(glob)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._consumer.close()
        self.bus.close()


@pytest.fixture
def upstream() -> Iterator[MiniatureServer]:
    """The miniature Parliament on a free port."""
    with MiniatureServer() as server:
        yield server


@pytest.fixture
def rig(
    fresh_database: Any, tmp_path: Path, upstream: MiniatureServer, processes: Processes
) -> Iterator[Rig]:
    """The scraper's surroundings: bus, upstream, data folder."""
    url = fresh_database.url("broker").set(drivername="postgresql")
    made = Rig(url.render_as_string(hide_password=False), tmp_path, upstream, processes)
    yield made
    made.close()


@pytest.fixture(scope="module")
def running_rig(embedded_databases: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One worker for all tests of a module that disturb neither it nor each other."""
    with (
        embedded_databases.fresh() as database,
        MiniatureServer() as upstream,
        Processes() as processes,
    ):
        url = database.url("broker").set(drivername="postgresql")
        folder = tmp_path_factory.mktemp("scraper")
        made = Rig(url.render_as_string(hide_password=False), folder, upstream, processes)
        made.worker()
        yield made
        made.close()
