"""The consumer's decisions, over a queue in memory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from shared.contracts.events.auditing import AuditRecordedV1
from shared.core.errors import Unavailable
from shared.messaging.bus import Delivery, Message, QueueSpec, Received
from shared.messaging.consumer import Consumer

SPEC = QueueSpec("tests.acts", ("audit.#",), max_deliveries=3)


@dataclass
class MemoryQueue:
    """Stands for a bus with one queue; stops its consumer when the queue is empty."""

    waiting: list[Received]
    stop: threading.Event
    acked: list[int] = field(default_factory=list)
    ack_calls: int = 0
    buried: list[tuple[int, str]] = field(default_factory=list)
    bury_failures: int = 0
    refusals: int = 0
    losses: int = 0
    is_open: bool = True

    def subscribe(self, spec: QueueSpec, prefetch: int) -> MemoryQueue:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("not yet")
        return self

    def receive(self, limit: int, timeout_s: float) -> list[Received]:
        if self.losses:
            self.losses -= 1
            raise Unavailable("lost")
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        if not taken and timeout_s > 0.5:
            self.stop.set()
        return taken

    def ack(self, received: Sequence[Received]) -> None:
        self.ack_calls += 1
        self.acked += [one.tag for one in received]

    def bury(self, received: Received, reason: str, error: str) -> None:
        if self.bury_failures:
            self.bury_failures -= 1
            raise Unavailable("no room for the dead")
        self.buried.append((received.tag, reason))

    def close(self) -> None:
        pass


def received(tag: int, body: bytes | None = None, deliveries: int = 1) -> Received:
    event = AuditRecordedV1(producer="tests", actor="a", action="b.c", target=str(tag))
    message = Message.of(event)
    if body is not None:
        message = Message(id=message.id, topic=message.topic, body=body)
    return Received(tag=tag, message=message, deliveries=deliveries)


def queue_of(*messages: Received, **how: int) -> MemoryQueue:
    return MemoryQueue(waiting=list(messages), stop=threading.Event(), **how)  # type: ignore[arg-type]


def consume(queue: MemoryQueue, handler: object, **how: object) -> Consumer:
    quick = {"retry_first_s": 0.001, "retry_cap_s": 0.002, "attempt_first_s": 0.001}
    consumer = Consumer(queue, SPEC, handler, stop=queue.stop, **{**quick, **how})  # type: ignore[arg-type]
    consumer.run()
    return consumer


def test_messages_are_acknowledged_after_their_handler_and_in_order() -> None:
    seen: list[str] = []
    queue = queue_of(*[received(tag) for tag in range(1, 26)])
    consume(queue, lambda delivery: seen.append(delivery.event.target), prefetch=10)
    assert seen == [str(tag) for tag in range(1, 26)]
    assert queue.acked == list(range(1, 26))
    assert queue.ack_calls < 10


def test_with_a_prefetch_of_one_every_message_is_acknowledged_by_itself() -> None:
    queue = queue_of(received(1), received(2))
    consume(queue, lambda _: None, prefetch=1)
    assert (queue.acked, queue.ack_calls) == ([1, 2], 2)


def test_a_failing_handler_is_tried_as_often_as_the_queue_says_then_buried() -> None:
    calls: list[str] = []

    def handle(delivery: Delivery) -> None:
        calls.append(delivery.event.target)
        if delivery.event.target == "2":
            raise ValueError("no")

    queue = queue_of(received(1), received(2), received(3))
    consumer = consume(queue, handle)
    assert calls == ["1", "2", "2", "2", "3"]
    assert queue.buried == [(2, "failed")]
    assert queue.acked == [1, 3]
    assert (consumer.state.handled, consumer.state.buried, consumer.state.failed_attempts) == (2, 1, 3)


def test_a_handler_that_recovers_in_time_is_not_blamed() -> None:
    calls: list[int] = []

    def handle(_: Delivery) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise ValueError("not yet")

    queue = queue_of(received(1))
    consume(queue, handle)
    assert (queue.acked, queue.buried) == ([1], [])


def test_waiting_for_a_dependency_counts_as_no_attempt() -> None:
    calls: list[int] = []

    def handle(_: Delivery) -> None:
        calls.append(1)
        if len(calls) < 20:
            raise Unavailable("away")

    queue = queue_of(received(1))
    consumer = consume(queue, handle)
    assert (len(calls), queue.acked, queue.buried) == (20, [1], [])
    assert consumer.state.failed_attempts == 0


def test_stopping_while_a_dependency_is_away_leaves_the_message_unsettled() -> None:
    queue = queue_of(received(1), received(2))

    def handle(_: Delivery) -> None:
        queue.stop.set()
        raise Unavailable("away")

    consume(queue, handle)
    assert (queue.acked, queue.buried) == ([], [])


def test_what_was_done_is_acknowledged_before_a_long_wait() -> None:
    acked_while_waiting: list[list[int]] = []
    queue = queue_of(*[received(tag) for tag in (1, 2, 3)])

    def handle(delivery: Delivery) -> None:
        if delivery.event.target == "3" and len(acked_while_waiting) < 3:
            acked_while_waiting.append(list(queue.acked))
            raise Unavailable("away")

    consume(queue, handle, prefetch=100)
    assert acked_while_waiting[1:] == [[1, 2], [1, 2]]


def test_undecodable_and_too_often_redelivered_messages_never_reach_the_handler() -> None:
    seen: list[str] = []
    queue = queue_of(received(1, b"no json"), received(2, deliveries=SPEC.max_redeliveries + 1), received(3))
    consume(queue, lambda delivery: seen.append(delivery.event.target))
    assert seen == ["3"]
    assert queue.buried == [(1, "undecodable"), (2, "redelivered")]


def test_a_dead_letter_that_cannot_be_kept_yet_is_tried_again() -> None:
    queue = queue_of(received(1, b"no json"), bury_failures=3)
    consumer = consume(queue, lambda _: None)
    assert queue.buried == [(1, "undecodable")]
    assert consumer.state.buried == 1


def test_a_broker_that_is_away_is_tried_until_it_is_back() -> None:
    queue = queue_of(received(1), refusals=3, losses=2)
    consumer = consume(queue, lambda _: None)
    assert queue.acked == [1]
    assert consumer.state.reconnects == 2


def test_a_lost_subscription_ends_the_wait_for_a_dependency() -> None:
    calls: list[int] = []
    queue = queue_of(received(1))

    def handle(_: Delivery) -> None:
        calls.append(1)
        queue.is_open = False
        raise Unavailable("away")

    consume(queue, handle)
    assert (calls, queue.acked) == ([1], [])


def test_a_batch_is_settled_together_and_split_when_it_fails() -> None:
    batches: list[list[str]] = []

    def handle(deliveries: Sequence[Delivery]) -> None:
        targets = [delivery.event.target for delivery in deliveries]
        batches.append(targets)
        if "3" in targets:
            raise ValueError("three")

    queue = queue_of(*[received(tag) for tag in range(1, 7)])
    consume(queue, None, batch_handler=handle, batch_size=4, prefetch=8, batch_wait_s=0.01)
    assert batches[:3] == [["1", "2", "3", "4"], ["1"], ["2"]]
    assert batches.count(["3"]) == SPEC.max_deliveries
    assert batches[-1] == ["5", "6"]
    assert sorted(queue.acked) == [1, 2, 4, 5, 6]
    assert queue.buried == [(3, "failed")]


def test_a_consumer_wants_exactly_one_kind_of_handler() -> None:
    with pytest.raises(ValueError, match="handler"):
        Consumer(queue_of(), SPEC)  # type: ignore[arg-type]
