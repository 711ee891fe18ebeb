"""What is RabbitMQ's alone: alarms, heartbeats under long handlers, queues that others declared."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pika
import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.clock import utc_now
from shared.core.errors import Unavailable
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.messaging.rabbit import RabbitBus
from shared.messaging.rabbit_admin import RabbitAdmin
from shared.testing.processes import wait_until

Run = Callable[[Consumer], Consumer]
Acts = Callable[[int], list[AuditRecordedV1]]
ACTS = QueueSpec("tests.acts", ("audit.#",))


def test_an_alarm_makes_publishing_unavailable_and_loses_nothing(
    rabbit_broker: Any, rabbitmq_server: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = RabbitBus(rabbit_broker.address, publish_timeout_s=2.0)
    bus.declare(ACTS)
    first, during, second = acts(20), acts(30), acts(20)
    bus.publish(first)
    with rabbitmq_server.memory_alarm():
        # The broker only says so once something is published.
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(Unavailable):
                bus.publish(during)
            assert time.monotonic() - started < 30
        running(Consumer(bus, ACTS, sink))
        # Consumers go on working: that is how the memory comes back.
        sink.wait_for(20)

    def publish_again() -> bool:
        try:
            bus.publish(during)
        except Unavailable:
            return False
        return True

    wait_until(publish_again, what="the end of the alarm")
    bus.publish(second)
    wait_until(lambda: set(sink.ids) == {str(event.id) for event in first + during + second})
    bus.close()


def test_a_handler_may_take_longer_than_several_heartbeats(
    rabbit_broker: Any, acts: Acts, running: Run
) -> None:
    handled: list[tuple[str, int]] = []

    def handle(delivery: Delivery) -> None:
        if not handled:
            time.sleep(5)
        handled.append((delivery.message_id, delivery.deliveries))

    bus = RabbitBus(f"{rabbit_broker.address}?heartbeat=1")
    bus.declare(ACTS)
    events = acts(2)
    bus.publish(events)
    consumer = running(Consumer(bus, ACTS, handle, prefetch=1))
    wait_until(lambda: len(handled) == 2)
    assert handled == [(str(event.id), 1) for event in events]
    assert consumer.state.reconnects == 0
    wait_until(lambda: bus.depth(ACTS.name) == 0)
    bus.close()


def test_a_queue_that_someone_declared_otherwise_is_used_as_it_is(
    rabbit_broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(rabbit_broker.address))
    connection.channel().queue_declare("tests.acts", durable=True, arguments={"x-max-length": 1000})
    connection.close()
    bus = rabbit_broker.bus()
    running(Consumer(bus, ACTS, sink))
    wait_until(lambda: bus.depth("tests.acts.dead") == 0)
    event = acts(1)

    def bound() -> bool:
        try:
            bus.publish(event, mandatory=True)
        except Unavailable:
            return False
        return True

    wait_until(bound, what="the binding")
    assert sink.wait_for(1)[0].event == event[0]


def test_a_deleted_queue_is_declared_again_by_its_consumer(
    rabbit_broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = rabbit_broker.bus()
    consumer = running(Consumer(bus, ACTS, sink))
    wait_until(lambda: consumer.state.is_connected)
    connection = pika.BlockingConnection(pika.URLParameters(rabbit_broker.address))
    connection.channel().queue_delete("tests.acts")
    connection.close()
    wait_until(lambda: consumer.state.reconnects == 1)
    wait_until(lambda: consumer.state.is_connected)
    bus.publish(acts(1), mandatory=True)
    sink.wait_for(1)


def test_the_age_of_a_queue_with_priorities_is_told_by_the_management(rabbit_broker: Any, acts: Acts) -> None:
    bus, admin = rabbit_broker.bus(), rabbit_broker.admin()
    urgent = QueueSpec("tests.urgent", ACTS.topics, is_priority=True)
    bus.declare(urgent)

    def oldest() -> datetime | None:
        found: datetime | None = {state.name: state.oldest_at for state in admin.queues()}[urgent.name]
        return found

    assert oldest() is None
    began = utc_now().replace(microsecond=0)
    bus.publish(acts(1))
    wait_until(lambda: oldest() is not None, timeout=30, what="the age of the queue")
    found = oldest()
    assert found is not None
    assert began <= found <= utc_now()


def test_without_a_management_address_the_known_queues_are_listed(rabbit_broker: Any, acts: Acts) -> None:
    bus = rabbit_broker.bus()
    bus.declare(ACTS)
    bus.publish(acts(4))
    admin = RabbitAdmin(rabbit_broker.address, known=["tests.acts", "tests.absent"])
    states = {state.name: (state.waiting, state.consumers, state.is_dead) for state in admin.queues()}
    assert states == {"tests.acts": (4, 0, False), "tests.acts.dead": (0, 0, True)}
    admin.close()


def test_a_wrong_password_is_unavailable_and_says_why(rabbit_broker: Any) -> None:
    wrong = rabbit_broker.address.replace("guest:guest", "guest:wrong")
    with pytest.raises(Unavailable, match=r"(?i)auth|access"):
        RabbitBus(wrong).depth("tests.acts")
    with pytest.raises(Unavailable):
        RabbitBus(wrong).publish([AuditRecordedV1(producer="tests", actor="a", action="b.c")])
