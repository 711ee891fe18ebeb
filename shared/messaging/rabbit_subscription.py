"""One consumer of RabbitMQ: its own connection, kept alive by a thread while handlers take their time."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel

from shared.core.errors import Unavailable
from shared.messaging.bus import (
    Message,
    QueueSpec,
    Received,
    dead_queue,
    death_headers,
)
from shared.messaging.rabbit_publisher import RabbitPublisher
from shared.messaging.rabbit_topology import (
    ATTEMPTS_HEADER,
    BROKER_ERRORS,
    connect,
    count_of,
    declare_broadcast,
    declare_queue,
    message_of,
    unavailable,
)

log = logging.getLogger(__name__)

IDLE_S = 5.0
CLOSE_TIMEOUT_S = 5.0


class RabbitSubscription:
    """The `Subscription` on RabbitMQ; a thread moves bytes and heartbeats, the caller's handles messages."""

    def __init__(self, url: str, spec: QueueSpec, prefetch: int, publisher: RabbitPublisher) -> None:
        self._spec = spec
        self._publisher = publisher
        self._arrived: queue.SimpleQueue[Received | None] = queue.SimpleQueue()
        self._lost = ""
        self._is_closing = False
        self._connection = connect(url, f"consumer {spec.name}")
        try:
            with unavailable("RabbitMQ went away."):
                self._channel: BlockingChannel = self._connection.channel()
                if spec.is_broadcast:
                    self.queue = declare_broadcast(self._channel, spec)
                else:
                    self.queue = spec.name
                    declare_queue(self._connection, spec)
                self._channel.basic_qos(prefetch_count=prefetch)
                self._channel.add_on_cancel_callback(lambda _: self._lose("the queue was deleted"))
                self._channel.basic_consume(self.queue, self._on_message)
        except BaseException:
            with contextlib.suppress(*BROKER_ERRORS):
                self._connection.close()
            raise
        self._thread = threading.Thread(target=self._run, name=f"bus {spec.name}", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Tell whether the connection is still known to be good."""
        return not (self._lost or self._is_closing)

    def receive(self, limit: int, timeout_s: float) -> list[Received]:
        """Return what has arrived, waiting for the first; see `Subscription.receive`."""
        received: list[Received] = []
        until = time.monotonic() + timeout_s
        while len(received) < limit:
            try:
                left = until - time.monotonic()
                # Only the first is waited for.
                is_waiting = not received and left > 0
                one = self._arrived.get(timeout=left) if is_waiting else self._arrived.get_nowait()
            except queue.Empty:
                break
            if one is None:
                self._arrived.put(None)
                raise Unavailable(f"RabbitMQ went away. ({self._lost})")
            counted = self._counted(one)
            if counted is not None:
                received.append(counted)
        return received

    def ack(self, received: Sequence[Received]) -> None:
        """Acknowledge messages and everything before them; see `Subscription.ack`."""
        last = max(one.tag for one in received)
        self._soon(partial(self._channel.basic_ack, last, multiple=True))

    def bury(self, received: Received, reason: str, error: str) -> None:
        """Publish to the dead letters with a confirm, then acknowledge; see `Subscription.bury`."""
        if not self._spec.is_broadcast:
            headers = death_headers(received.message.headers, reason, error)
            self._republish(dead_queue(self._spec.name), received.message, headers)
        self._soon(partial(self._channel.basic_ack, received.tag))

    def close(self) -> None:
        """End the connection; what is unacknowledged goes back to the queue."""
        self._is_closing = True
        with contextlib.suppress(*BROKER_ERRORS):
            self._connection.add_callback_threadsafe(lambda: None)
        self._thread.join(CLOSE_TIMEOUT_S)

    def _counted(self, one: Received) -> Received | None:
        """Give a classic queue the count of deliveries that it does not keep itself.

        A message that came back is put in again with its count raised, and taken from there.
        """
        if not self._spec.is_priority or self._spec.is_broadcast or one.tag > 0:
            return one
        tag = -one.tag
        headers = {**one.message.headers, ATTEMPTS_HEADER: str(one.deliveries - 1)}
        try:
            self._republish(self._spec.name, one.message, headers)
        except Unavailable as error:
            log.warning("%s: delivery count not kept: %s", self._spec.name, error)
            return Received(tag=tag, message=one.message, deliveries=one.deliveries)
        self._soon(partial(self._channel.basic_ack, tag))
        return None

    def _republish(self, target: str, message: Message, headers: dict[str, str]) -> None:
        again = Message(
            id=message.id,
            topic=message.topic,
            body=message.body,
            producer=message.producer,
            correlation_id=message.correlation_id,
            priority=message.priority,
            headers=headers,
        )
        self._publisher.send([("", target, again)], is_mandatory=True)

    def _on_message(
        self, _channel: BlockingChannel, method: Any, properties: pika.BasicProperties, body: bytes
    ) -> None:
        tag: int = method.delivery_tag
        deliveries = 1 + count_of(properties.headers, "x-delivery-count")
        if self._spec.is_priority or self._spec.is_broadcast:
            deliveries = 1 + count_of(properties.headers, ATTEMPTS_HEADER)
            if method.redelivered:
                # A negative tag marks what `_counted` has to put in again.
                deliveries += 1
                tag = -tag
        self._arrived.put(Received(tag, message_of(properties, method.routing_key, body), deliveries))

    def _soon(self, act: Any) -> None:
        if self._lost:
            raise Unavailable(f"RabbitMQ went away. ({self._lost})")
        with unavailable("RabbitMQ went away."):
            self._connection.add_callback_threadsafe(act)

    def _lose(self, reason: str) -> None:
        if not self._lost:
            self._lost = reason
        self._arrived.put(None)

    def _run(self) -> None:
        try:
            while not self._is_closing and not self._lost:
                self._connection.process_data_events(time_limit=IDLE_S)
        except BROKER_ERRORS as error:
            self._lose(f"{type(error).__name__} {error}")
        except Exception as error:
            log.exception("%s: consumer connection failed", self._spec.name)
            self._lose(f"{type(error).__name__} {error}")
        with contextlib.suppress(*BROKER_ERRORS):
            if self._connection.is_open:
                self._connection.close()
