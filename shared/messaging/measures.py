"""What the consumers of a process say of themselves."""

from __future__ import annotations

from collections.abc import Iterator

from shared.messaging.consumer import CONSUMERS
from shared.metrics import Reading, Value


def consumer_readings() -> list[Reading]:
    """Return the metrics of every consumer of this process, by queue."""
    return [
        Reading(
            "consumer_messages_total", "Messages by what became of them.", ("queue", "outcome"), _messages
        ),
        Reading("consumer_reconnects_total", "Times that a consumer began anew.", ("queue",), _reconnects),
        Reading("consumer_connected", "Consumers that hold their queue.", ("queue",), _connected),
    ]


def failing_consumers() -> dict[str, str]:
    """Return the consumers of this process that do not hold their queue, and why."""
    return {
        _name(consumer.spec.name): consumer.state.last_error or "not connected yet"
        for consumer in list(CONSUMERS)
        if not consumer.state.is_connected
    }


def _messages() -> Iterator[Value]:
    for consumer in list(CONSUMERS):
        name, state = _name(consumer.spec.name), consumer.state
        yield (name, "handled"), state.handled
        yield (name, "failed_attempt"), state.failed_attempts
        yield (name, "buried"), state.buried


def _reconnects() -> Iterator[Value]:
    for consumer in list(CONSUMERS):
        yield (_name(consumer.spec.name),), consumer.state.reconnects


def _connected() -> Iterator[Value]:
    for consumer in list(CONSUMERS):
        yield (_name(consumer.spec.name),), float(consumer.state.is_connected)


def _name(queue: str) -> str:
    # A broadcast queue carries its process in its name: as a label it would never end.
    return ".".join(queue.split(".")[:2])
