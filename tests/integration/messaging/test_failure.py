"""What becomes of messages when something fails, shown on both brokers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import NotFound, Unavailable
from shared.messaging.bus import ERROR_HEADER, REASON_HEADER, REPLAYED_HEADER, Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.testing.processes import Processes, wait_until

Run = Callable[[Consumer], Consumer]
Acts = Callable[[int], list[AuditRecordedV1]]
ACTS = QueueSpec("tests.acts", ("audit.#",))


def test_confirmed_messages_survive_the_broker_s_kill(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    before = acts(300)
    bus.publish(before)
    broker.kill()
    try:
        with pytest.raises(Unavailable):
            bus.publish(acts(1))
    finally:
        broker.start()
    after = acts(1)
    bus.publish(after)
    assert bus.depth(ACTS.name) == 301
    running(Consumer(bus, ACTS, sink))
    sink.wait_for(301)
    assert sink.ids == [str(event.id) for event in before + after]


def test_a_consumer_outlives_the_broker_s_kill(broker: Any, acts: Acts, sink: Any, running: Run) -> None:
    bus = broker.bus()
    consumer = running(Consumer(bus, ACTS, sink))
    wait_until(lambda: consumer.state.is_connected)
    bus.publish(acts(1))
    sink.wait_for(1)
    broker.kill()
    try:
        wait_until(lambda: not consumer.state.is_connected, what="the loss")
    finally:
        broker.start()
    event = acts(1)
    bus.publish(event)
    wait_until(lambda: str(event[0].id) in sink.ids, what="the message after the loss")


@pytest.mark.parametrize("kind", ["plain", "priority"])
def test_a_killed_consumer_s_message_comes_once_more(
    broker: Any, acts: Acts, sink: Any, running: Run, processes: Processes, peer: Any, kind: str
) -> None:
    is_priority = kind == "priority"
    spec = QueueSpec("tests.jobs" if is_priority else "tests.acts", ("audit.#",), is_priority=is_priority)
    bus = broker.bus()
    bus.declare(spec)
    events = acts(2)
    bus.publish(events)
    victim = processes.python(peer["script"], "hang", broker.name, broker.address, kind, env=peer["env"])
    victim.wait_for_output(f"holding {events[0].id}")
    assert bus.depth(spec.name) == 1
    victim.kill()
    running(Consumer(bus, spec, sink, prefetch=1))
    sink.wait_for(2)
    assert sorted(sink.ids) == sorted(str(event.id) for event in events)
    counts = {delivery.message_id: delivery.deliveries for delivery in sink.deliveries}
    assert counts == {str(events[0].id): 2, str(events[1].id): 1}
    wait_until(lambda: bus.depth(spec.name) == 0)


def test_a_message_that_keeps_killing_its_consumer_is_buried(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus = broker.bus()
    spec = QueueSpec("tests.acts", ("audit.#",), max_redeliveries=3, is_priority=True)
    bus.declare(spec)
    bus.publish(acts(1))
    lost = 0
    while bus.depth("tests.acts.dead") == 0 and lost < 10:
        subscription = bus.subscribe(spec, 1)
        received = subscription.receive(1, 20.0)
        assert received
        if received[0].deliveries > spec.max_redeliveries:
            subscription.close()
            running(Consumer(bus, spec, sink))
            wait_until(lambda: bus.depth("tests.acts.dead") == 1)
            break
        lost += 1
        # As a kill would: the connection goes, nothing is given back.
        if broker.name == "embedded":
            subscription._connection.close()
        subscription.close()
    assert 3 <= lost <= 4
    assert sink.ids == []
    assert broker.admin().peek("tests.acts.dead")[0].headers[REASON_HEADER] == "redelivered"


def test_a_poison_message_is_tried_buried_with_its_reason_and_replayed(
    broker: Any, acts: Acts, running: Run
) -> None:
    spec = QueueSpec("tests.acts", ("audit.#",), max_deliveries=3)
    other = QueueSpec("tests.other", ("audit.#",))
    is_mended = threading.Event()
    calls: list[str] = []
    handled: list[Delivery] = []

    def handle(delivery: Delivery) -> None:
        calls.append(delivery.message_id)
        if delivery.event.target == "1" and not is_mended.is_set():
            raise ValueError("a ballot without a member")
        handled.append(delivery)

    bus, admin = broker.bus(), broker.admin()
    bus.declare(spec)
    bus.declare(other)
    events = acts(3)
    bus.publish(events)
    running(Consumer(bus, spec, handle))
    wait_until(lambda: len(handled) == 2 and bus.depth("tests.acts.dead") == 1)
    assert calls.count(str(events[1].id)) == 3
    (dead,) = admin.peek("tests.acts.dead")
    assert dead.id == str(events[1].id)
    assert dead.body == events[1].encode()
    assert dead.headers[REASON_HEADER] == "failed"
    assert dead.headers[ERROR_HEADER] == "ValueError: a ballot without a member"

    is_mended.set()
    assert admin.replay("tests.acts", ids=["some other id"]) == 0
    assert admin.replay("tests.acts", ids=[dead.id]) == 1
    wait_until(lambda: len(handled) == 3)
    assert handled[2].event == events[1]
    assert handled[2].headers[REPLAYED_HEADER] == "1"
    assert REASON_HEADER not in handled[2].headers
    assert bus.depth("tests.acts.dead") == 0
    # Replaying is the matter of one queue alone.
    assert bus.depth("tests.other") == 3


def test_bytes_that_are_no_event_are_buried_at_once_and_block_nothing(
    broker: Any, acts: Acts, sink: Any, running: Run
) -> None:
    bus, admin = broker.bus(), broker.admin()
    spec = QueueSpec("tests.acts", ("audit.#", "nobody.knows.this.v1"))
    bus.declare(spec)
    topic = "audit.entry.recorded.v1"
    for body in (b"", b"\xff\xfe", b"{}", b'{"producer": "x"', b"[" * 100_000):
        admin.publish_raw(topic, body)
    admin.publish_raw("nobody.knows.this.v1", b"{}")
    (event,) = acts(1)
    bus.publish([event])
    consumer = running(Consumer(bus, spec, sink))
    assert sink.wait_for(1)[0].event == event
    assert consumer.state.buried == 6
    assert consumer.state.failed_attempts == 0
    dead = admin.peek("tests.acts.dead")
    assert {message.headers[REASON_HEADER] for message in dead} == {"undecodable"}
    assert "nobody.knows.this.v1" in dead[-1].headers[ERROR_HEADER]


def test_a_dependency_that_is_away_is_waited_for_and_nothing_is_buried(
    broker: Any, acts: Acts, running: Run
) -> None:
    is_back = threading.Event()
    calls: list[str] = []
    handled: list[str] = []

    def handle(delivery: Delivery) -> None:
        calls.append(delivery.message_id)
        if not is_back.is_set():
            raise Unavailable("data_hub is away")
        handled.append(delivery.message_id)

    spec = QueueSpec("tests.acts", ("audit.#",), max_deliveries=2)
    bus = broker.bus()
    bus.declare(spec)
    events = acts(3)
    bus.publish(events)
    consumer = running(Consumer(bus, spec, handle, retry_first_s=0.05, retry_cap_s=0.1))
    wait_until(lambda: len(calls) > 10)
    assert set(calls) == {str(events[0].id)}
    assert "data_hub is away" in consumer.state.waiting_for
    is_back.set()
    wait_until(lambda: len(handled) == 3)
    assert handled == [str(event.id) for event in events]
    assert bus.depth("tests.acts.dead") == 0
    assert consumer.state.waiting_for == ""


def test_a_thousand_messages_of_three_processes_reach_two_without_loss(
    broker: Any, processes: Processes, peer: Any, tmp_path: Path
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    done = tmp_path / "done"

    def start(mode: str, argument: object) -> Any:
        return processes.python(
            peer["script"], mode, broker.name, broker.address, str(argument), env=peer["env"], name=mode
        )

    consumers = [start("consume", done) for _ in range(2)]
    publishers = [start("publish", number) for number in (340, 330, 330)]
    assert [publisher.wait() for publisher in publishers] == [0, 0, 0]

    def handled() -> list[str]:
        return [line for one in consumers for line in one.output().splitlines() if line.startswith("handled")]

    wait_until(lambda: len(handled()) >= 1000, what="a thousand messages")
    done.touch()
    assert [consumer.wait() for consumer in consumers] == [0, 0]
    assert len(handled()) == len(set(handled())) == 1000
    assert bus.depth(ACTS.name) == 0


def test_a_bus_that_was_used_before_a_fork_works_in_both_processes(
    broker: Any, processes: Processes, peer: Any
) -> None:
    bus = broker.bus()
    bus.declare(ACTS)
    forked = processes.python(peer["script"], "fork", broker.name, broker.address, env=peer["env"])
    assert forked.wait() == 0
    assert "child ended 0" in forked.output()
    assert bus.depth(ACTS.name) == 3


def test_looking_into_a_queue_that_is_not_there_says_so(broker: Any) -> None:
    broker.bus().declare(ACTS)
    with pytest.raises(NotFound):
        broker.admin().peek("tests.no-such-queue")
