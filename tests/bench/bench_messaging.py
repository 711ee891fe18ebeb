"""Messages per second of both buses beside bare pika: ``python -m tests.bench messaging``.

Every publish waits for the broker's word that the messages are safe; every consume acknowledges. 2 kB a message.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pika

from shared.contracts.envelope import Event
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import JobCancelRequestedV1
from shared.core.ids import new_id
from shared.db.embedded import EmbeddedPostgres
from shared.messaging.bus import Delivery, EventBus, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.embedded import EmbeddedBus
from shared.messaging.rabbit import RabbitBus
from shared.testing.embedded import TemporaryEmbedded
from shared.testing.rabbitmq import RealRabbit

COUNT = 10_000
SINGLES = 500
SPEC = QueueSpec("bench.acts", ("audit.#",))
CLASSIC = QueueSpec("bench.classic", ("scraping.#",), is_priority=True)


def make_events(spec: QueueSpec, count: int) -> Sequence[Event]:
    """Return events of about 2 kB for a queue."""
    if spec is CLASSIC:
        return [
            JobCancelRequestedV1(producer="bench", job_id=new_id(), reason="x" * 1800) for _ in range(count)
        ]
    return [
        AuditRecordedV1(producer="bench", actor="bench", action="thing.done", reason="x" * 1700)
        for _ in range(count)
    ]


def report(what: str, count: int, seconds: float) -> None:
    """Print one line."""
    print(f"{what:<58} {count / seconds:>9,.0f} messages/s")


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    """Time a block and print it."""
    started = time.perf_counter()
    yield
    report(what, count, time.perf_counter() - started)


def bench_bus(name: str, bus: EventBus, spec: QueueSpec, count: int) -> None:
    """Publish together, publish one by one, consume, then time the way of a single message."""
    bus.declare(spec)
    events = make_events(spec, count)
    bus.publish(events[:10])
    with timed(f"{name}: publish, {count} together, confirmed", count):
        bus.publish(events)
    singles = make_events(spec, SINGLES)
    with timed(f"{name}: publish, one by one, confirmed", SINGLES):
        for event in singles:
            bus.publish([event])
    total = count + SINGLES + 10
    bench_consume(f"{name}: consume, prefetch 500", bus, spec, total)
    waits = sorted(latencies(bus, spec, 200))
    print(f"{name + ': publish to handler, p50 / p99':<58} {waits[100]:>9.2f} / {waits[197]:.2f} ms")


def bench_consume(what: str, bus: EventBus, spec: QueueSpec, total: int) -> None:
    """Consume what waits."""
    left = total
    done = threading.Event()

    def handle(_: Delivery) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()

    consumer = Consumer(bus, spec, handle, prefetch=500)
    with timed(what, total):
        consumer.start()
        done.wait(300)
    consumer.close()


def latencies(bus: EventBus, spec: QueueSpec, count: int) -> list[float]:
    """Return milliseconds from the call of publish to the handler."""
    arrived = threading.Event()
    consumer = Consumer(bus, spec, lambda _: arrived.set(), prefetch=10)
    consumer.start()
    bus.publish(make_events(spec, 1))
    arrived.wait(30)
    waits = []
    for event in make_events(spec, count):
        arrived.clear()
        started = time.perf_counter()
        bus.publish([event])
        arrived.wait(30)
        waits.append((time.perf_counter() - started) * 1000)
    consumer.close()
    return waits


def bench_bare_pika(url: str, count: int) -> None:
    """Time pika's own blocking connection: a confirm for each message, then consuming with a multiple ack."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.queue_declare("bench.bare", durable=True, arguments={"x-queue-type": "quorum"})
    channel.confirm_delivery()
    properties = pika.BasicProperties(delivery_mode=2, content_type="application/json")
    bodies = [event.encode() for event in make_events(SPEC, SINGLES)]
    with timed("bare pika: publish, one by one, confirmed (quorum)", SINGLES):
        for body in bodies:
            channel.basic_publish("", "bench.bare", body, properties)
    unconfirmed = connection.channel()
    with timed(f"bare pika: publish, {count}, no confirms at all (quorum)", count):
        for number in range(count):
            unconfirmed.basic_publish("", "bench.bare", bodies[number % SINGLES], properties)
        while channel.queue_declare("bench.bare", passive=True).method.message_count < count + SINGLES:
            connection.sleep(0.01)
    consuming = connection.channel()
    consuming.basic_qos(prefetch_count=500)
    seen = 0
    total = count + SINGLES
    with timed("bare pika: consume, prefetch 500, ack every 100 (quorum)", total):
        for method, _, _ in consuming.consume("bench.bare"):
            seen += 1
            if seen % 100 == 0 or seen == total:
                consuming.basic_ack(method.delivery_tag, multiple=True)
            if seen == total:
                break
    connection.close()


def with_server(server: TemporaryEmbedded | RealRabbit, work: Callable[[], None]) -> None:
    """Run with a server that is stopped afterwards."""
    try:
        server.start()
        work()
    finally:
        server.stop()


def main() -> None:
    """Print the numbers of both buses."""
    embedded = TemporaryEmbedded()
    # The tests' server does not wait for the disk; this one does, as the product's does.
    embedded.server = EmbeddedPostgres(embedded.data_dir)

    def on_postgres() -> None:
        dsn = embedded.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
        bus = EmbeddedBus(dsn)
        bench_bus("embedded", bus, SPEC, COUNT)
        bus.close()

    with_server(embedded, on_postgres)
    rabbit = RealRabbit()

    def on_rabbit() -> None:
        bench_bare_pika(rabbit.url, COUNT)
        bus = RabbitBus(rabbit.url)
        bench_bus("RabbitMQ (quorum)", bus, SPEC, COUNT)
        bench_bus("RabbitMQ (classic, priorities)", bus, CLASSIC, COUNT)
        bus.close()

    with_server(rabbit, on_rabbit)


if __name__ == "__main__":
    main()
