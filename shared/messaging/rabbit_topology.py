"""RabbitMQ names and arguments: the exchange, the queues, and messages as AMQP properties.

Queues are quorum queues (replicated where there are several nodes, and they count deliveries). A queue with
priorities is a classic one, because quorum queues order strictly by arrival; a broadcast queue is exclusive
to its connection. Dead letters are classic and durable, because a quorum queue counts every peek as a
delivery.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.exceptions
from pika.adapters.blocking_connection import BlockingChannel

from shared.core.errors import Unavailable
from shared.messaging.bus import EXCHANGE, LOWEST_PRIORITY, Message, QueueSpec, clamp_priority, dead_queue

log = logging.getLogger(__name__)

ATTEMPTS_HEADER = "x-attempts"
HEARTBEAT_S = 30
SOCKET_TIMEOUT_S = 5.0
NOT_FOUND = 404
PRECONDITION_FAILED = 406
SETTLE_S = 1.0
BROKER_ERRORS = (pika.exceptions.AMQPError, OSError)


def parameters(url: str, name: str) -> pika.URLParameters:
    """Return how to connect; ``name`` is what the management page shows."""
    found = pika.URLParameters(url)
    if "heartbeat=" not in url:
        found.heartbeat = HEARTBEAT_S
    found.socket_timeout = SOCKET_TIMEOUT_S
    found.stack_timeout = 2 * SOCKET_TIMEOUT_S
    found.connection_attempts = 1
    found.client_properties = {"connection_name": f"openpolicy {name}"}
    return found


def connect(url: str, name: str) -> pika.BlockingConnection:
    """Open a blocking connection.

    Raises: Unavailable.
    """
    with unavailable("RabbitMQ cannot be reached."):
        return pika.BlockingConnection(parameters(url, name))


@contextmanager
def unavailable(detail: str) -> Iterator[None]:
    """Turn the loss of the broker into Unavailable."""
    try:
        yield
    except BROKER_ERRORS as error:
        raise Unavailable(f"{detail} ({type(error).__name__} {error})") from error


def queue_arguments(spec: QueueSpec) -> dict[str, Any]:
    """Return the arguments that a durable queue is declared with."""
    arguments: dict[str, Any] = {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_queue(spec.name),
    }
    if spec.is_priority:
        arguments |= {"x-queue-type": "classic", "x-max-priority": LOWEST_PRIORITY}
    else:
        arguments |= {"x-queue-type": "quorum", "x-delivery-limit": spec.max_redeliveries}
    if spec.max_length is not None:
        arguments |= {"x-max-length": spec.max_length, "x-overflow": "reject-publish"}
    if spec.ack_timeout_s is not None:
        # Obeyed from RabbitMQ 3.12 on; before that only the server's own consumer_timeout counts.
        arguments["x-consumer-timeout"] = spec.ack_timeout_s * 1000
    return arguments


def declare_exchange(channel: BlockingChannel) -> None:
    """Declare the platform's topic exchange."""
    channel.exchange_declare(EXCHANGE, exchange_type="topic", durable=True)


def declare_queue(connection: pika.BlockingConnection, spec: QueueSpec) -> None:
    """Declare a durable queue, its dead letters and its bindings.

    A queue that exists with other arguments (an older version's, an operator's) is used as it is.
    """
    is_new = not queue_exists(connection, spec.name)
    channel = connection.channel()
    declare_exchange(channel)
    channel.queue_declare(dead_queue(spec.name), durable=True, arguments={"x-queue-type": "classic"})
    try:
        channel.queue_declare(spec.name, durable=True, arguments=queue_arguments(spec))
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != PRECONDITION_FAILED:
            raise
        log.warning(
            "queue %s exists with other arguments and is used as it is: %s", spec.name, error.reply_text
        )
        channel = connection.channel()
    if is_new and not spec.is_priority:
        # RabbitMQ writes the register of its quorum queues down every half second: a queue younger than that
        # does not come back from a kill, nor does what it held. So nothing is let in before.
        connection.sleep(SETTLE_S)
    for topic in spec.topics:
        channel.queue_bind(spec.name, EXCHANGE, topic)
    channel.close()


def queue_exists(connection: pika.BlockingConnection, name: str) -> bool:
    """Tell whether a queue of this name is there."""
    channel = connection.channel()
    try:
        channel.queue_declare(name, passive=True)
    except pika.exceptions.ChannelClosedByBroker as error:
        if error.reply_code != NOT_FOUND:
            raise
        return False
    channel.close()
    return True


def declare_broadcast(channel: BlockingChannel, spec: QueueSpec) -> str:
    """Declare a queue of this connection's own and return its name."""
    declare_exchange(channel)
    declared = channel.queue_declare("", exclusive=True, auto_delete=True)
    name: str = declared.method.queue
    for topic in spec.topics:
        channel.queue_bind(name, EXCHANGE, topic)
    return name


def properties_of(message: Message) -> pika.BasicProperties:
    """Return the AMQP properties of a message (persistent; AMQP's highest priority goes first)."""
    return pika.BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=message.id,
        correlation_id=message.correlation_id,
        type=message.topic,
        app_id=message.producer or None,
        priority=LOWEST_PRIORITY - clamp_priority(message.priority),
        timestamp=int(time.time()),
        headers=dict(message.headers) or None,
    )


def message_of(properties: pika.BasicProperties, routing_key: str, body: bytes) -> Message:
    """Return the message that came, whoever sent it: what is missing is filled in."""
    headers = {key: text_of(value) for key, value in (properties.headers or {}).items() if key != "x-death"}
    priority = properties.priority
    return Message(
        id=properties.message_id or "",
        topic=properties.type or routing_key,
        body=body,
        producer=properties.app_id or "",
        correlation_id=properties.correlation_id,
        priority=clamp_priority(None if priority is None else LOWEST_PRIORITY - priority),
        headers=headers,
    )


def text_of(value: Any) -> str:
    """Return a header value as text."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def count_of(headers: dict[str, Any] | None, name: str) -> int:
    """Return a counter header, 0 when absent or not a number."""
    value = text_of((headers or {}).get(name, 0))
    return int(value) if value.isdecimal() else 0
