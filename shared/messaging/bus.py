"""The port: what publishing, consuming and looking into queues promise, whichever broker carries it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from shared.contracts.envelope import Event, event_class
from shared.core.errors import Invalid, NotFound, Unavailable
from shared.logging import request_id_var, trace_id_var

EXCHANGE = "openpolicy.events"
DEAD_SUFFIX = ".dead"
DEFAULT_PRIORITY = 5
LOWEST_PRIORITY = 9
REASON_HEADER = "x-death-reason"
ERROR_HEADER = "x-error"
REPLAYED_HEADER = "x-replayed"
HEADER_LIMIT = 4_000


def dead_queue(queue: str) -> str:
    """Return the name of the queue that keeps the poison messages of ``queue``."""
    return queue + DEAD_SUFFIX


def pattern_regex(pattern: str) -> str:
    """Return the regular expression of a topic pattern: ``*`` is one word, ``#`` any number of them."""
    parts: list[str] = []
    needs_dot = False
    for index, word in enumerate(pattern.split(".")):
        if word == "#":
            parts.append(r"(?:\.[^.]+)*" if needs_dot else r"(?:[^.]+(?:\.|$))*")
            if index == 0:
                needs_dot = False
            continue
        parts.append((r"\." if needs_dot else "") + ("[^.]+" if word == "*" else re.escape(word)))
        needs_dot = True
    return f"^{''.join(parts)}$"


def matches(pattern: str, topic: str) -> bool:
    """Tell whether a topic falls under a pattern."""
    return re.match(pattern_regex(pattern), topic) is not None


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue and what falls into it.

    ``max_deliveries`` attempts are made for a message whose handler fails; ``max_redeliveries`` bounds how
    often a message may come back because its consumer died with it. A broadcast queue belongs to one process,
    lives as long as its consumer, and has no dead letters. ``ack_timeout_s`` is the longest that one handler
    may take (seconds).
    """

    name: str
    topics: tuple[str, ...]
    is_priority: bool = False
    max_deliveries: int = 5
    max_redeliveries: int = 20
    max_length: int | None = None
    is_broadcast: bool = False
    ack_timeout_s: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What travels: the JSON bytes of an event and its properties; priority 0 goes first, 9 last."""

    id: str
    topic: str
    body: bytes
    producer: str = ""
    correlation_id: str | None = None
    priority: int = DEFAULT_PRIORITY
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, event: Event, *, priority: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Message:
        """Return the message that carries ``event``, tied to the request or trace that is being served."""
        tracing = {"traceparent": traceparent()} if trace_id_var.get() else {}
        return cls(
            id=str(event.id),
            topic=event.topic,
            body=event.encode(),
            producer=event.producer,
            correlation_id=event.correlation_id or request_id_var.get() or None,
            priority=clamp_priority(priority),
            headers={**tracing, **(headers or {})},
        )


def clamp_priority(priority: int | None) -> int:
    """Return a priority between 0 (first) and 9 (last)."""
    if priority is None:
        return DEFAULT_PRIORITY
    return min(max(priority, 0), LOWEST_PRIORITY)


def traceparent() -> str:
    """Return a W3C traceparent header: the present trace, a span of this message's own."""
    return f"00-{trace_id_var.get()}-{secrets.token_hex(8)}-01"


def trace_id_of(headers: Mapping[str, str]) -> str:
    """Return the trace id in a traceparent header, empty when there is none."""
    found = re.fullmatch(
        r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", headers.get("traceparent", "")
    )
    return found[1] if found else ""


def decode(topic: str, body: bytes) -> Event:
    """Return the event in ``body``.

    Raises: Invalid when no contract defines the topic or the bytes do not fit it.
    """
    try:
        cls = event_class(topic)
    except NotFound:
        # Contracts register themselves when imported; this process may not have needed them before.
        import shared.contracts.events  # noqa: F401

        try:
            cls = event_class(topic)
        except NotFound as error:
            raise Invalid(str(error)) from error
    return cls.decode(body)


@dataclass(frozen=True, slots=True)
class Received:
    """A message in the hands of a subscription; ``tag`` is the adapter's own name for it."""

    tag: int
    message: Message
    deliveries: int = 1

    @property
    def redelivered(self) -> bool:
        """Tell whether a consumer has held this message before."""
        return self.deliveries > 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for a handler: the decoded event, its bytes and what the broker knows about it."""

    event: Event
    queue: str
    received: Received

    @property
    def message_id(self) -> str:
        """Return the event id as text: the key of the inbox."""
        return self.received.message.id

    @property
    def topic(self) -> str:
        """Return the topic it was published under."""
        return self.received.message.topic

    @property
    def body(self) -> bytes:
        """Return the raw bytes."""
        return self.received.message.body

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers as text."""
        return self.received.message.headers

    @property
    def correlation_id(self) -> str | None:
        """Return the id of the request that all this started with."""
        return self.received.message.correlation_id

    @property
    def deliveries(self) -> int:
        """Return how often a consumer has been given this message, this time included."""
        return self.received.deliveries

    @property
    def redelivered(self) -> bool:
        """Tell whether a consumer has held this message before."""
        return self.received.redelivered


class Unpublished(Unavailable):
    """The broker did not take all: ids ``refused`` (queue full) and ``returned`` (no queue wants them)."""

    def __init__(self, detail: str, *, refused: Iterable[str] = (), returned: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.refused = frozenset(refused)
        self.returned = frozenset(returned)


class Subscription(Protocol):
    """One consumer's hold on a queue, used by one thread; what it leaves unsettled is delivered again."""

    @property
    def is_open(self) -> bool:
        """Tell whether messages can still be settled through it."""

    def receive(self, limit: int, timeout_s: float) -> list[Received]:
        """Return up to ``limit`` messages, waiting at most ``timeout_s`` seconds for the first.

        Raises: Unavailable when the broker is gone.
        """

    def ack(self, received: Sequence[Received]) -> None:
        """Settle messages for good; they must be the oldest unsettled ones.

        Raises: Unavailable when the broker is gone.
        """

    def bury(self, received: Received, reason: str, error: str) -> None:
        """Move one message to the dead letters of its queue, durably.

        Raises: Unavailable when the broker is gone.
        """

    def close(self) -> None:
        """Give back what is unsettled and let go; never raises."""


class EventBus(Protocol):
    """A durable bus; thread-safe; connects on first use and again after a loss."""

    def publish(
        self,
        events: Sequence[Event],
        *,
        priority: int | None = None,
        headers: Mapping[str, str] | None = None,
        mandatory: bool = False,
    ) -> None:
        """Return when every event is safely with the broker; ``mandatory`` refuses those no queue wants.

        Raises: Unavailable (Unpublished) otherwise; some may have been taken, so publish all again.
        """

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        """Publish messages as they are, with the promises of `publish`."""

    def declare(self, spec: QueueSpec) -> None:
        """Create the queue, its dead letters and its bindings where missing (a broadcast queue: `subscribe`).

        Raises: Unavailable.
        """

    def subscribe(self, spec: QueueSpec, prefetch: int) -> Subscription:
        """Declare the queue and start to consume it over a connection of its own.

        Raises: Unavailable.
        """

    def depth(self, queue: str) -> int:
        """Return how many messages wait in a queue (0 when there is none); those in hand are not counted.

        Raises: Unavailable.
        """

    def close(self) -> None:
        """Let go of every connection of the bus itself; subscriptions are closed by their owners."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """What can be seen of a queue; None is unknown. Rates are messages per second."""

    name: str
    waiting: int
    in_hand: int | None = None
    consumers: int | None = None
    publish_rate: float | None = None
    deliver_rate: float | None = None
    oldest_at: datetime | None = None

    @property
    def is_dead(self) -> bool:
        """Tell whether the queue keeps poison messages."""
        return self.name.endswith(DEAD_SUFFIX)


class BusAdmin(Protocol):
    """Looking into queues and mending them: for operators and the console."""

    def queues(self) -> list[QueueState]:
        """Return the state of every queue, by name."""

    def peek(self, queue: str, limit: int = 20) -> list[Message]:
        """Return the first messages without taking them.

        Raises: NotFound, Unavailable.
        """

    def publish_raw(self, topic: str, body: bytes, headers: Mapping[str, Any] | None = None) -> str:
        """Publish bytes under a topic, unchecked, and return the new message id."""

    def replay(self, queue: str, *, ids: Iterable[str] | None = None, limit: int = 10_000) -> int:
        """Move dead letters of ``queue`` (named without ``.dead``) back into it and return how many."""

    def discard(self, queue: str, ids: Iterable[str]) -> int:
        """Delete waiting messages by id from exactly this queue and return how many went."""

    def purge(self, queue: str) -> int:
        """Delete every waiting message of exactly this queue and return how many went."""

    def close(self) -> None:
        """Let go of its connections."""


def cleared_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a dead letter for its next life: no marks of death, a count of replays."""
    kept = {k: v for k, v in headers.items() if k not in {REASON_HEADER, ERROR_HEADER, "x-attempts"}}
    kept[REPLAYED_HEADER] = str(int(kept.get(REPLAYED_HEADER, "0")) + 1)
    return kept


def death_headers(headers: Mapping[str, str], reason: str, error: str) -> dict[str, str]:
    """Return the headers of a message that is about to be buried."""
    return {**headers, REASON_HEADER: reason, ERROR_HEADER: error[:HEADER_LIMIT]}
