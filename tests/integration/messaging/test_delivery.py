"""What every bus promises about delivery, shown on both brokers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.jobs import JobCancelRequestedV1, ScrapeRequestedV1
from shared.core.errors import Unavailable
from shared.logging import request_id_var, trace_id_var
from shared.messaging.bus import Delivery, QueueSpec, Unpublished
from shared.messaging.consumer import Consumer
from shared.testing.processes import wait_until

Run = Callable[[Consumer], Consumer]
Acts = Callable[[int], list[AuditRecordedV1]]
ACTS = QueueSpec("tests.acts", ("audit.#",))


def test_an_event_arrives_with_the_bytes_and_properties_it_left_with(
    broker: Any, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    event = AuditRecordedV1(
        producer="security_hub", correlation_id="request-1", actor="Zoë", action="key.published"
    )
    bus.publish([event], headers={"x-tenant": "ça"})
    running(Consumer(broker.bus(), ACTS, sink))
    (delivery,) = sink.wait_for(1)
    assert delivery.event == event
    assert delivery.body == event.encode()
    assert delivery.message_id == str(event.id)
    assert delivery.correlation_id == "request-1"
    assert delivery.headers["x-tenant"] == "ça"
    assert (delivery.deliveries, delivery.redelivered) == (1, False)


def test_request_and_trace_travel_from_the_publisher_to_the_handler(
    broker: Any, acts: Acts, running: Run
) -> None:
    seen: list[tuple[str, str]] = []
    done = threading.Event()

    def handle(_: Delivery) -> None:
        seen.append((request_id_var.get(), trace_id_var.get()))
        done.set()

    bus = broker.bus()
    bus.declare(ACTS)
    request, trace = request_id_var.set("request-7"), trace_id_var.set("ab" * 16)
    try:
        bus.publish(acts(1))
    finally:
        request_id_var.reset(request)
        trace_id_var.reset(trace)
    running(Consumer(bus, ACTS, handle))
    assert done.wait(60)
    assert seen == [("request-7", "ab" * 16)]


def test_patterns_decide_which_queues_get_a_copy(broker: Any, acts: Acts) -> None:
    bus = broker.bus()
    wanted = {
        "tests.all": ("#",),
        "tests.word": ("audit.*.recorded.v1",),
        "tests.both": ("audit.entry.recorded.v1", "jobs.#"),
    }
    unwanted = {"tests.none": ("audit.*",), "tests.other": ("scraping.*.scraped.v1",)}
    for name, topics in (wanted | unwanted).items():
        bus.declare(QueueSpec(name, topics))
    bus.publish(acts(3))
    assert {name: bus.depth(name) for name in wanted} == dict.fromkeys(wanted, 3)
    assert {name: bus.depth(name) for name in unwanted} == dict.fromkeys(unwanted, 0)
    assert bus.depth("tests.never-declared") == 0


def test_messages_of_one_queue_come_in_the_order_of_publishing(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    events = acts(1200)
    bus.publish(events)
    running(Consumer(bus, ACTS, sink, prefetch=100))
    sink.wait_for(len(events))
    assert sink.ids == [str(event.id) for event in events]
    wait_until(lambda: bus.depth(ACTS.name) == 0)


def test_an_event_that_nobody_wants_is_no_error_unless_it_is_mandatory(broker: Any, acts: Acts) -> None:
    bus = broker.bus()
    bus.publish(acts(2))
    events = acts(2)
    with pytest.raises(Unpublished) as caught:
        bus.publish(events, mandatory=True)
    assert caught.value.returned == {str(event.id) for event in events}
    bus.declare(ACTS)
    bus.publish(events, mandatory=True)
    assert bus.depth(ACTS.name) == 2


def test_a_lower_number_goes_first_in_a_priority_queue(broker: Any, sink: Any, running: Run) -> None:
    bus = broker.bus()
    spec = QueueSpec("tests.jobs", (ScrapeRequestedV1.topic,), is_priority=True)
    bus.declare(spec)
    for priority in (9, 5, 0, 5, 3):
        event = ScrapeRequestedV1(producer="tests", job_id=uuid4(), source_id=f"p{priority}")
        bus.publish([event], priority=priority)
    running(Consumer(bus, spec, sink, prefetch=1))
    order = [delivery.event.source_id for delivery in sink.wait_for(5)]
    assert order == ["p0", "p3", "p5", "p5", "p9"]


def test_a_broadcast_reaches_every_process_and_leaves_nothing_behind(
    broker: Any, sink: Any, running: Run
) -> None:
    spec = QueueSpec("scraper.cancellations", (JobCancelRequestedV1.topic,), is_broadcast=True)
    bus = broker.bus()
    consumers = [running(Consumer(bus, spec, sink)) for _ in range(2)]
    wait_until(lambda: all(consumer.state.is_connected for consumer in consumers))
    event = JobCancelRequestedV1(producer="tests", job_id=UUID(int=7))
    bus.publish([event], mandatory=True)
    assert [delivery.event for delivery in sink.wait_for(2)] == [event, event]
    assert all(consumer.close(60) for consumer in consumers)
    wait_until(lambda: broker.admin().queues() == [], what="the end of the broadcast queues")


def test_a_full_queue_refuses_and_says_so(broker: Any, acts: Acts) -> None:
    bus = broker.bus()
    bus.declare(QueueSpec("tests.small", ("audit.#",), max_length=10))
    bus.publish(acts(10))
    refused = 0
    for _ in range(10):
        try:
            bus.publish(acts(5))
        except Unavailable:
            refused += 1
    assert refused >= 5
    # A quorum queue looks at its length a little late.
    assert 10 <= bus.depth("tests.small") <= 50


def test_a_batch_handler_gets_many_at_once_and_a_bad_message_is_singled_out(
    broker: Any, acts: Acts, running: Run
) -> None:
    spec = QueueSpec("tests.acts", ("audit.#",), max_deliveries=2)
    events = acts(90)
    poison = str(events[40].id)
    done: list[str] = []
    sizes: list[int] = []

    def handle(deliveries: Sequence[Delivery]) -> None:
        ids = [delivery.message_id for delivery in deliveries]
        if poison in ids:
            raise ValueError("this one cannot be handled")
        sizes.append(len(ids))
        done.extend(ids)

    bus = broker.bus()
    bus.declare(spec)
    bus.publish(events)
    consumer = running(Consumer(bus, spec, batch_handler=handle, batch_size=30, prefetch=60))
    wait_until(lambda: len(done) == 89 and consumer.state.buried == 1)
    assert sorted(done) == sorted(str(event.id) for event in events if str(event.id) != poison)
    assert max(sizes) == 30
    assert bus.depth("tests.acts.dead") == 1


def test_stopping_waits_for_the_handler_and_gives_the_rest_back(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    began, may_end = threading.Event(), threading.Event()
    handled: list[str] = []

    def handle(delivery: Delivery) -> None:
        began.set()
        may_end.wait(60)
        handled.append(delivery.message_id)

    bus = broker.bus()
    bus.declare(ACTS)
    events = acts(10)
    bus.publish(events)
    slow = running(Consumer(bus, ACTS, handle, prefetch=10))
    assert began.wait(60)
    assert slow.close(deadline_s=0.2) is False
    may_end.set()
    assert slow.close(60) is True
    assert handled == [str(events[0].id)]
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(9)
    assert sink.ids == [str(event.id) for event in events[1:]]
    assert bus.depth(ACTS.name) == 0


def test_an_operator_sees_queues_peeks_discards_and_purges(broker: Any, acts: Acts, running: Run) -> None:
    bus, admin = broker.bus(), broker.admin()
    bus.declare(ACTS)
    events = acts(5)
    bus.publish(events)

    def waiting() -> dict[str, int]:
        return {state.name: state.waiting for state in admin.queues()}

    # RabbitMQ's list of queues is a few seconds old.
    wait_until(lambda: waiting() == {"tests.acts": 5, "tests.acts.dead": 0}, timeout=30)
    assert [message.id for message in admin.peek("tests.acts", 2)] == [str(event.id) for event in events[:2]]
    assert bus.depth("tests.acts") == 5
    chosen = [str(events[1].id), str(events[3].id)]
    assert admin.discard("tests.acts", chosen) == 2
    left = [message.id for message in admin.peek("tests.acts")]
    assert left == [str(events[i].id) for i in (0, 2, 4)]
    raw = admin.publish_raw("audit.entry.recorded.v1", b"not json", {"x-a": 1})
    last = admin.peek("tests.acts")[-1]
    assert (last.id, last.topic, last.body) == (raw, "audit.entry.recorded.v1", b"not json")
    assert last.headers["x-a"] == "1"
    assert admin.purge("tests.acts") == 4
    assert bus.depth("tests.acts") == 0


def test_a_message_published_while_consumers_sleep_is_handled_at_once(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    consumer = running(Consumer(bus, ACTS, sink))
    wait_until(lambda: consumer.state.is_connected)
    time.sleep(1.5)
    started = time.monotonic()
    waits = []
    for number in range(1, 11):
        bus.publish(acts(1))
        sink.wait_for(number)
        waits.append(time.monotonic() - started)
        started = time.monotonic()
    # Polling once a second would take half a second on average; a wake-up takes milliseconds.
    assert sorted(waits)[5] < 0.4
