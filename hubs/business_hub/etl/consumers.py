"""The importer's two threads: one writes down what arrives, one carries whole runs through the pipeline."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.etl.pipeline import Pipeline
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.staging import Staging
from hubs.business_hub.queue.dependencies import note_worker
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.contracts.events.scraping import BATCH_CLASSES, ScrapeFinishedV1, ScrapeStartedV1
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.failures import backoff, is_unavailable

log = get_logger(__name__)
QUEUE = QueueSpec(
    name="business.etl",
    topics=(
        ScrapeStartedV1.topic,
        ScrapeFinishedV1.topic,
        *(batch.topic for batch in BATCH_CLASSES.values()),
    ),
    # A message has up to 50 records or 400 kB. A full queue refuses, and the scraper waits.
    max_length=300,
)
BATCH_MESSAGES = 40
IDLE_S = 5.0
_MAX_CRASHES = 5
_BEAT_S = 30.0


class ImportWorker:
    """Carries runs through the pipeline whenever there is one, in a thread of its own."""

    def __init__(self, resources: Resources, pipeline: Pipeline) -> None:
        self._resources = resources
        self._pipeline = pipeline
        self._wake = threading.Event()
        self._crashes: Counter[str] = Counter()
        self._name = f"importer@{socket.gethostname()}:{os.getpid()}"
        self._said_at = float("-inf")
        self._thread = threading.Thread(target=self.run, name="import worker", daemon=True)

    def start(self) -> None:
        """Begin, with whatever was left behind by the process before."""
        self._thread.start()
        self._resources.stack.callback(self.close)

    def close(self) -> None:
        """Wait for the piece in hand."""
        self._wake.set()
        self._thread.join(15.0)

    def wake(self) -> None:
        """Say that a run may have become ready."""
        self._wake.set()

    def run(self) -> None:
        """Work until the process stops, through every absence of database and data_hub."""
        waits = backoff(0.2, 15.0)
        while not self._resources.stop.is_set():
            self._wake.clear()
            try:
                self._beat()
                self.work_once()
                waits = backoff(0.2, 15.0)
            except (AppError, SQLAlchemyError, ConnectionError) as error:
                if not is_unavailable(error):
                    log.exception("import worker")
                log.warning("the import waits for a dependency", error=str(error))
                self._resources.stop.wait(next(waits))
                continue
            self._wake.wait(IDLE_S)

    def _beat(self) -> None:
        """Say now and then that this process is alive."""
        if time.monotonic() - self._said_at > _BEAT_S:
            with transaction(self._resources.sessionmaker) as session:
                note_worker(session, self._name, "importer")
            self._said_at = time.monotonic()

    def work_once(self) -> None:
        """Carry every ready run as far as it goes; end those whose records never came."""
        patience = timedelta(seconds=settings_of(self._resources.settings).imports.missing_batches_s)
        with transaction(self._resources.sessionmaker) as session:
            runs = RunRepository(session)
            ready, incomplete = runs.workable(), runs.incomplete_since(utc_now() - patience)
        for run_id in incomplete:
            self._pipeline.fail(run_id, "records that the crawl announced never arrived")
        for run_id in ready:
            try:
                self._pipeline.carry(run_id)
            except Exception as error:
                if is_unavailable(error):
                    raise
                # A defect of ours: the run is tried again a few times, then ended; others get their turn.
                log.exception("import crashed", run_id=str(run_id))
                self._crashes[str(run_id)] += 1
                if self._crashes[str(run_id)] >= _MAX_CRASHES:
                    self._pipeline.fail(run_id, f"{type(error).__name__}: {error}")


def start_staging(resources: Resources, worker: ImportWorker) -> Consumer:
    """Write down what the scraper publishes, in a thread of this process."""

    def handle(deliveries: Sequence[Delivery]) -> None:
        with transaction(resources.sessionmaker) as session:
            settled = Staging(RunRepository(session)).take([delivery.event for delivery in deliveries])
        if settled:
            worker.wake()

    consumer = Consumer(
        resources.bus,
        QUEUE,
        batch_handler=handle,
        batch_size=BATCH_MESSAGES,
        batch_wait_s=0.05,
        stop=resources.stop,
    )
    consumer.start()
    resources.stack.callback(consumer.close)
    return consumer
