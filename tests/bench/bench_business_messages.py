"""Messages per second from RabbitMQ's confirm to a committed row, beside bare pika on the same bytes.

Ours: the scraper's publisher sends one record a message and waits for each confirm; the importer decodes, checks
and writes it, and acknowledges after the commit. Bare pika: a confirm for each message, and a consumer beside it
that acknowledges every hundredth and does nothing else. Both on quorum queues of one node, one after the other.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pika
from sqlalchemy import text

from hubs.business_hub.etl.consumers import QUEUE
from services.scraper.publisher import Publisher
from shared.contracts.civic import SourceRef
from shared.contracts.envelope import Event
from shared.contracts.events.scraping import PeopleScrapedV1
from shared.contracts.people import PersonRecord
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.messaging.rabbit import RabbitBus
from shared.testing.rabbitmq import RealRabbit
from tests.bench.business_platform import Platform, platform

MESSAGES = 1_000
ROUNDS = 3
PER_MESSAGE = 50


def make_events(count: int, records: int) -> Sequence[Event]:
    """Return batches of people, about 2 kB a record."""
    source = SourceRef(url="https://example.org/", retrieved_at=utc_now(), sha256="0" * 64, parser="bench/1")
    head = {"producer": "bench", "job_id": new_id(), "run_id": new_id(), "source_id": "bench"}
    return [
        PeopleScrapedV1(
            **head,
            batch=number,
            records=tuple(
                PersonRecord(
                    key=f"bench/person/{number * records + at}",
                    name=f"Member {at}",
                    biography_en="x" * 1_500,
                    sources=(source,),
                )
                for at in range(records)
            ),
        )
        for number in range(count)
    ]


def bare(url: str, bodies: Sequence[bytes]) -> float:
    """Return the messages per second of pika alone: published with confirms while another thread consumes."""
    done = threading.Event()

    def consume() -> None:
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.basic_qos(prefetch_count=500)
        for seen, (method, _, _) in enumerate(channel.consume("bench.bare"), start=1):
            if seen % 100 == 0 or seen == len(bodies):
                channel.basic_ack(method.delivery_tag, multiple=True)
            if seen == len(bodies):
                break
        connection.close()
        done.set()

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("bench.bare", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2, content_type="application/json")
    threading.Thread(target=consume, daemon=True).start()
    started = time.perf_counter()
    for body in bodies:
        channel.basic_publish("", "bench.bare", body, properties)
    done.wait(300)
    seconds = time.perf_counter() - started
    connection.close()
    return len(bodies) / seconds


def ours(where: Platform, url: str, events: Sequence[Event], records: int) -> float:
    """Return the messages per second until every record of them is a committed row."""
    bus = RabbitBus(url)
    publisher = Publisher(bus)
    query = text("SELECT count(*) FROM business.staged_record WHERE run_id = :run_id")
    run_id = events[0].run_id  # type: ignore[attr-defined]
    started = time.perf_counter()
    for event in events:
        publisher.send([event])
    publisher.finish()
    with where.importer.engine.connect() as connection:
        while connection.scalar(query, {"run_id": run_id}) < len(events) * records:
            connection.rollback()
            time.sleep(0.02)
    seconds = time.perf_counter() - started
    bus.close()
    return len(events) / seconds


def main() -> None:
    """Print both rates, round by round, and their ratio; then the path with full messages."""
    rabbit = RealRabbit()
    rabbit.start()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="op-bench-") as folder,
            platform(Path(folder), rabbit.url) as where,
        ):
            RabbitBus(rabbit.url).declare(QUEUE)
            ratios = []
            for _ in range(ROUNDS):
                events = make_events(MESSAGES, 1)
                alone = bare(rabbit.url, [event.encode() for event in events])
                path = ours(where, rabbit.url, events, 1)
                ratios.append(path / alone)
                print(
                    f"   bare pika {alone:8,.0f} messages/s   published to committed {path:8,.0f}"
                    f"   ratio {ratios[-1]:.2f}",
                    flush=True,
                )
            print(f"   median ratio {sorted(ratios)[len(ratios) // 2]:.2f} (aim: at least 0.25)")
            full = make_events(MESSAGES // 10, PER_MESSAGE)
            rate = ours(where, rabbit.url, full, PER_MESSAGE)
            print(
                f"   {PER_MESSAGE} records a message: {rate:,.0f} messages/s, {rate * PER_MESSAGE:,.0f} records/s"
            )
    finally:
        rabbit.stop()


if __name__ == "__main__":
    main()
