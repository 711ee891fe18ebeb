"""Publishing to RabbitMQ with confirms in a window: many messages on the way, none forgotten."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

import pika
from pika.channel import Channel
from pika.spec import Basic

from shared.core.errors import Unavailable
from shared.messaging.bus import EXCHANGE, Message, Unpublished
from shared.messaging.rabbit_topology import BROKER_ERRORS, parameters, properties_of

log = logging.getLogger(__name__)

WINDOW = 256
CHUNKS_ON_THE_WAY = 3
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0

Routed = tuple[str, str, Message]
"""Exchange, routing key, message."""


class _Chunk:
    """Messages sent together and what became of them."""

    def __init__(self, routed: Sequence[Routed], is_mandatory: bool) -> None:
        self.routed = routed
        self.is_mandatory = is_mandatory
        self.left = len(routed)
        self.refused: set[str] = set()
        self.returned: set[str] = set()
        self.lost = ""
        self.settled = threading.Event()


class _Link:
    """One connection with a confirming channel; its thread runs the I/O and every callback."""

    def __init__(self, url: str, name: str) -> None:
        self._parameters = parameters(url, name)
        self._ready = threading.Event()
        self._unblocked = threading.Event()
        self._unblocked.set()
        self._pending: dict[int, _Chunk] = {}
        self._sent: dict[int, str] = {}
        self._submitted: set[_Chunk] = set()
        self._tag = 0
        self._channel: Any = None
        self.lost = ""
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_gone,
            on_close_callback=self._on_gone,
        )
        self._thread = threading.Thread(target=self._run, name="bus publisher", daemon=True)
        self._thread.start()
        if not self._ready.wait(OPEN_TIMEOUT_S):
            self.close()
            raise Unavailable("RabbitMQ does not answer.")
        if self.lost:
            raise Unavailable(f"RabbitMQ cannot be reached. ({self.lost})")

    def wait_unblocked(self, timeout_s: float) -> bool:
        """Wait while the broker asks publishers to pause; False when it still does."""
        return self._unblocked.wait(timeout_s)

    def submit(self, chunk: _Chunk) -> None:
        """Send a chunk; its ``settled`` is set when all of it is confirmed, refused or lost."""
        self._submitted.add(chunk)
        if not self.lost:
            self._connection.ioloop.add_callback_threadsafe(lambda: self._send(chunk))
        # Lost in between: the thread may have ended without looking at its callbacks again.
        if self.lost:
            self._lose(chunk, self.lost)

    def forget(self, chunk: _Chunk) -> None:
        """Wait no longer for a chunk; what of it is confirmed later is ignored."""
        self._submitted.discard(chunk)

    def close(self) -> None:
        """End the connection and its thread."""
        if not self.lost:
            self._connection.ioloop.add_callback_threadsafe(self._hang_up)
        self._thread.join(CLOSE_TIMEOUT_S)

    def _hang_up(self) -> None:
        if self._connection.is_closed or self._connection.is_closing:
            self._connection.ioloop.stop()
        else:
            self._connection.close()

    def _run(self) -> None:
        try:
            self._connection.ioloop.start()
        except Exception as error:
            log.exception("publisher thread failed")
            self._on_gone(None, error)
        finally:
            self._on_gone(None, ConnectionError("the publisher's thread ended"))

    def _on_open(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._unblocked.clear())
        connection.add_on_connection_unblocked_callback(lambda *_: self._unblocked.set())
        connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        self._channel = channel
        channel.add_on_close_callback(self._on_channel_gone)
        channel.add_on_return_callback(self._on_return)
        channel.exchange_declare(
            EXCHANGE, exchange_type="topic", durable=True, callback=lambda _: self._confirm(channel)
        )

    def _confirm(self, channel: Channel) -> None:
        channel.confirm_delivery(self._on_outcome, callback=lambda _: self._ready.set())

    def _on_channel_gone(self, _channel: Channel, reason: Exception) -> None:
        if not (self._connection.is_closed or self._connection.is_closing):
            log.warning("publisher channel closed: %s", reason)
            self._connection.close()

    def _on_gone(self, _connection: object, reason: BaseException | str) -> None:
        if self.lost:
            return
        self.lost = str(reason) or type(reason).__name__
        for chunk in list(self._submitted):
            self._lose(chunk, self.lost)
        self._pending.clear()
        self._sent.clear()
        self._unblocked.set()
        self._ready.set()
        self._connection.ioloop.stop()

    @staticmethod
    def _lose(chunk: _Chunk, reason: str) -> None:
        if not chunk.settled.is_set():
            chunk.lost = reason
            chunk.settled.set()

    def _send(self, chunk: _Chunk) -> None:
        try:
            for exchange, key, message in chunk.routed:
                self._channel.basic_publish(
                    exchange, key, message.body, properties_of(message), mandatory=chunk.is_mandatory
                )
                self._tag += 1
                self._pending[self._tag] = chunk
                self._sent[self._tag] = message.id
        except BROKER_ERRORS as error:
            self._lose(chunk, str(error))

    def _on_return(
        self, _channel: Channel, _method: Any, properties: pika.BasicProperties, _body: bytes
    ) -> None:
        # The broker returns a message before it confirms it, so the chunk is still pending.
        for tag, message_id in self._sent.items():
            if message_id == properties.message_id:
                self._pending[tag].returned.add(message_id)

    def _on_outcome(self, frame: Any) -> None:
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self._pending if tag <= method.delivery_tag]
        for tag in tags:
            chunk = self._pending.pop(tag, None)
            message_id = self._sent.pop(tag, "")
            if chunk is None:
                continue
            if isinstance(method, Basic.Nack):
                chunk.refused.add(message_id)
            chunk.left -= 1
            if chunk.left == 0:
                chunk.settled.set()
                self._submitted.discard(chunk)


class RabbitPublisher:
    """Publishes from any thread over one connection, opened on first use and again after a loss."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._link: _Link | None = None
        self._pid = 0

    def send(self, routed: Sequence[Routed], *, is_mandatory: bool = False) -> None:
        """Return when the broker has confirmed every message; no wait for progress exceeds the timeout.

        Raises: Unavailable, Unpublished.
        """
        refused: set[str] = set()
        returned: set[str] = set()
        with self._lock:
            link = self._linked()
            if not link.wait_unblocked(self._timeout_s):
                raise Unavailable("RabbitMQ has asked publishers to pause (memory or disk alarm).")
            on_the_way: deque[_Chunk] = deque()
            for start in range(0, len(routed), WINDOW):
                if len(on_the_way) >= CHUNKS_ON_THE_WAY:
                    self._await(link, on_the_way.popleft(), refused, returned)
                chunk = _Chunk(routed[start : start + WINDOW], is_mandatory)
                link.submit(chunk)
                on_the_way.append(chunk)
            while on_the_way:
                self._await(link, on_the_way.popleft(), refused, returned)
        if refused or returned:
            raise Unpublished(
                f"RabbitMQ refused {len(refused)} messages (queue full), no queue wants {len(returned)}.",
                refused=refused,
                returned=returned,
            )

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._link is not None and self._pid == os.getpid():
                self._link.close()
            self._link = None

    def _linked(self) -> _Link:
        if self._pid != os.getpid():
            # After a fork the connection and its thread are the parent's.
            self._link, self._pid = None, os.getpid()
        if self._link is None or self._link.lost:
            self._link = _Link(self._url, "publisher")
        return self._link

    def _await(self, link: _Link, chunk: _Chunk, refused: set[str], returned: set[str]) -> None:
        is_settled = chunk.settled.wait(self._timeout_s)
        link.forget(chunk)
        if not is_settled:
            # The connection is kept when it is blocked: on a new one the same messages would be sent again.
            if link.wait_unblocked(0.0):
                self._link = None
                link.close()
            raise Unavailable("RabbitMQ did not confirm in time.")
        if chunk.lost:
            self._link = None
            link.close()
            raise Unavailable(f"RabbitMQ went away before it confirmed. ({chunk.lost})")
        refused |= chunk.refused
        returned |= chunk.returned
