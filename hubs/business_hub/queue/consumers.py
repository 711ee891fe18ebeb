"""What the scraper says about its runs, noted on the jobs."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.business_hub.base import inbox
from hubs.business_hub.queue.dependencies import build_jobs
from hubs.business_hub.queue.repository.workers import WorkerRepository
from shared.app import Resources
from shared.contracts.events.scraping import ScrapeFinishedV1, ScrapeProgressV1, ScrapeStartedV1
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.outbox.inbox import Inbox

QUEUE = QueueSpec(
    name="business.queue",
    topics=(ScrapeStartedV1.topic, ScrapeProgressV1.topic, ScrapeFinishedV1.topic),
)


def start_consumer(resources: Resources) -> None:
    """Follow the runs in a thread of this process."""

    def handle(deliveries: Sequence[Delivery]) -> None:
        note_runs(resources, deliveries)

    consumer = Consumer(
        resources.bus, QUEUE, batch_handler=handle, batch_size=50, batch_wait_s=0.05, stop=resources.stop
    )
    consumer.start()
    resources.stack.callback(consumer.close)


def note_runs(resources: Resources, deliveries: Sequence[Delivery]) -> None:
    """Handle events about runs in one transaction, each once."""
    with transaction(resources.sessionmaker) as session:
        fresh = Inbox(session, inbox, QUEUE.name).unseen(delivery.message_id for delivery in deliveries)
        jobs, workers = build_jobs(resources, session), WorkerRepository(session)
        for delivery in deliveries:
            event = delivery.event
            if event.id not in fresh:
                continue
            fresh.discard(event.id)
            if isinstance(event, ScrapeStartedV1):
                workers.note(event.worker, "scraper", utc_now(), event.job_id, source_id=event.source_id)
            if isinstance(event, ScrapeStartedV1):
                jobs.begin(event)
            elif isinstance(event, ScrapeProgressV1):
                jobs.progress(event)
            elif isinstance(event, ScrapeFinishedV1):
                jobs.end_crawl(event)
