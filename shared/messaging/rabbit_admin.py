"""Looking into RabbitMQ and mending it: AMQP for messages, the management API for the list of queues."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from shared.core.errors import NotFound, Unavailable
from shared.core.ids import new_id
from shared.messaging.bus import EXCHANGE, Message, QueueState, cleared_headers, dead_queue
from shared.messaging.rabbit_publisher import RabbitPublisher
from shared.messaging.rabbit_topology import NOT_FOUND, connect, message_of, unavailable

MANAGEMENT_TIMEOUT_S = 5.0


class RabbitAdmin:
    """The `BusAdmin` of RabbitMQ.

    Without a management URL `queues` knows only those of ``known``. A peek gives messages back, which a
    quorum queue counts as a delivery: peek into dead letters freely, into working queues with care.
    """

    def __init__(self, url: str, management_url: str = "", *, known: Sequence[str] = ()) -> None:
        self._url = url
        self._management_url = management_url
        self._known = known
        self._publisher = RabbitPublisher(url)

    def queues(self) -> list[QueueState]:
        """Return every queue of the virtual host; see `BusAdmin.queues`."""
        if self._management_url:
            return self._queues_by_management()
        states: list[QueueState] = []
        for name in sorted({*self._known, *map(dead_queue, self._known)}):
            try:
                with self._channel() as channel:
                    found = channel.queue_declare(name, passive=True).method
            except NotFound:
                continue
            states.append(QueueState(name=name, waiting=found.message_count, consumers=found.consumer_count))
        return states

    def peek(self, queue: str, limit: int = 20) -> list[Message]:
        """Return the first messages and give them back; see `BusAdmin.peek`."""
        with self._channel() as channel:
            # Closing the channel gives back everything at once, in its old order.
            return [message for _, message in _taken(channel, queue, limit)]

    def publish_raw(self, topic: str, body: bytes, headers: Mapping[str, Any] | None = None) -> str:
        """Publish bytes unchecked; see `BusAdmin.publish_raw`."""
        text = {key: str(value) for key, value in (headers or {}).items()}
        message = Message(id=str(new_id()), topic=topic, body=body, producer="admin", headers=text)
        self._publisher.send([(EXCHANGE, topic, message)])
        return message.id

    def replay(self, queue: str, *, ids: Iterable[str] | None = None, limit: int = 10_000) -> int:
        """Move dead letters back; see `BusAdmin.replay`."""
        chosen = None if ids is None else set(ids)
        left = limit

        def put_back(message: Message) -> bool:
            nonlocal left
            if left <= 0 or (chosen is not None and message.id not in chosen):
                return False
            left -= 1
            again = Message(
                id=message.id,
                topic=message.topic,
                body=message.body,
                producer=message.producer,
                correlation_id=message.correlation_id,
                priority=message.priority,
                headers=cleared_headers(message.headers),
            )
            self._publisher.send([("", queue, again)], is_mandatory=True)
            return True

        return self._drain(dead_queue(queue), put_back)

    def discard(self, queue: str, ids: Iterable[str]) -> int:
        """Delete waiting messages by id; see `BusAdmin.discard`."""
        chosen = set(ids)
        return self._drain(queue, lambda message: message.id in chosen)

    def purge(self, queue: str) -> int:
        """Delete every waiting message; see `BusAdmin.purge`."""
        with self._channel() as channel:
            return int(channel.queue_purge(queue).method.message_count)

    def close(self) -> None:
        """Close the publishing connection."""
        self._publisher.close()

    def _drain(self, queue: str, settle: Callable[[Message], bool]) -> int:
        """Go once through a queue; what ``settle`` is true for is gone, the rest goes back."""
        settled = 0
        with self._channel() as channel:
            depth = channel.queue_declare(queue, passive=True).method.message_count
            for tag, message in _taken(channel, queue, depth):
                if settle(message):
                    channel.basic_ack(tag)
                    settled += 1
        return settled

    @contextmanager
    def _channel(self) -> Iterator[BlockingChannel]:
        connection = connect(self._url, "admin")
        with unavailable("RabbitMQ went away."):
            try:
                yield connection.channel()
            except ChannelClosedByBroker as error:
                if error.reply_code == NOT_FOUND:
                    raise NotFound(error.reply_text) from error
                raise
            finally:
                if connection.is_open:
                    connection.close()

    def _queues_by_management(self) -> list[QueueState]:
        parts = urlsplit(self._management_url)
        vhost = pika.URLParameters(self._url).virtual_host
        columns = (
            "name,messages_ready,messages_unacknowledged,consumers,message_stats,exclusive,"
            "head_message_timestamp"
        )
        address = urlunsplit(
            (
                parts.scheme,
                parts.netloc.rpartition("@")[2],
                f"{parts.path.rstrip('/')}/api/queues/{quote(vhost, safe='')}",
                f"columns={columns}",
                "",
            )
        )
        credentials = f"{parts.username or 'guest'}:{parts.password or 'guest'}".encode()
        request = urllib.request.Request(  # noqa: S310 - the operator's own setting
            address, headers={"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=MANAGEMENT_TIMEOUT_S) as answer:  # noqa: S310
                rows = json.load(answer)
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise Unavailable(f"RabbitMQ's management does not answer. ({error})") from error
        return sorted((_state(row) for row in rows), key=lambda state: state.name)


def _taken(channel: BlockingChannel, queue: str, limit: int) -> Iterator[tuple[int, Message]]:
    for _ in range(limit):
        method, properties, body = channel.basic_get(queue)
        if method is None or properties is None or body is None:
            return
        yield method.delivery_tag, message_of(properties, method.routing_key, body)


def _state(row: dict[str, Any]) -> QueueState:
    stats = row.get("message_stats", {})
    head = row.get("head_message_timestamp")
    return QueueState(
        name=row["name"],
        waiting=row.get("messages_ready", 0),
        in_hand=row.get("messages_unacknowledged"),
        consumers=row.get("consumers"),
        publish_rate=stats.get("publish_details", {}).get("rate"),
        deliver_rate=stats.get("deliver_get_details", {}).get("rate"),
        # Classic queues (those with priorities) tell it; quorum queues only in later versions.
        oldest_at=datetime.fromtimestamp(head, UTC) if head else None,
    )
