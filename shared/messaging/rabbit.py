"""RabbitMQ: one topic exchange, durable queues, persistent messages, publisher confirms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pika.exceptions import ChannelClosedByBroker

from shared.contracts.envelope import Event
from shared.messaging.bus import EXCHANGE, Message, QueueSpec
from shared.messaging.rabbit_publisher import RabbitPublisher
from shared.messaging.rabbit_subscription import RabbitSubscription
from shared.messaging.rabbit_topology import NOT_FOUND, connect, declare_queue, unavailable


class RabbitBus:
    """The `EventBus` on RabbitMQ; ``publish_timeout_s`` bounds each wait for a confirm or an alarm's end."""

    def __init__(self, url: str, *, publish_timeout_s: float = 10.0) -> None:
        self._url = url
        self._publisher = RabbitPublisher(url, timeout_s=publish_timeout_s)

    def publish(
        self,
        events: Sequence[Event],
        *,
        priority: int | None = None,
        headers: Mapping[str, str] | None = None,
        mandatory: bool = False,
    ) -> None:
        """Publish events and wait for the confirms; see `EventBus.publish`."""
        self.send([Message.of(e, priority=priority, headers=headers) for e in events], mandatory=mandatory)

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        """Publish messages and wait for the confirms; see `EventBus.send`."""
        if messages:
            self._publisher.send([(EXCHANGE, m.topic, m) for m in messages], is_mandatory=mandatory)

    def declare(self, spec: QueueSpec) -> None:
        """Create the queue; see `EventBus.declare`."""
        if spec.is_broadcast:
            return
        connection = connect(self._url, "declare")
        with unavailable("RabbitMQ went away."):
            try:
                declare_queue(connection, spec)
            finally:
                if connection.is_open:
                    connection.close()

    def subscribe(self, spec: QueueSpec, prefetch: int) -> RabbitSubscription:
        """Consume over a connection of its own; see `EventBus.subscribe`."""
        return RabbitSubscription(self._url, spec, prefetch, self._publisher)

    def depth(self, queue: str) -> int:
        """Return how many messages wait; see `EventBus.depth`."""
        connection = connect(self._url, "depth")
        with unavailable("RabbitMQ went away."):
            try:
                declared = connection.channel().queue_declare(queue, passive=True)
                return int(declared.method.message_count)
            except ChannelClosedByBroker as error:
                if error.reply_code == NOT_FOUND:
                    return 0
                raise
            finally:
                if connection.is_open:
                    connection.close()

    def close(self) -> None:
        """Close the publishing connection."""
        self._publisher.close()
