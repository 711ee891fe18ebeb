"""The embedded broker: queues as rows of PostgreSQL, durable, shared by all processes, woken by NOTIFY."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from shared.contracts.envelope import Event
from shared.core.errors import Unavailable
from shared.messaging.bus import (
    DEFAULT_PRIORITY,
    Message,
    QueueSpec,
    Unpublished,
    dead_queue,
    pattern_regex,
)
from shared.messaging.embedded_schema import channel, ensure_schema
from shared.messaging.embedded_subscription import EmbeddedSubscription

T = TypeVar("T")
Dsn = str | Callable[[], str]
Connection = psycopg.Connection[tuple[Any, ...]]

CHUNK = 500
CONNECT_TIMEOUT_S = 5

_ROUTES = """
SELECT topic, q.name, q.is_priority, q.max_length
FROM unnest(%(topics)s::text[]) AS topic
JOIN broker.queue q ON EXISTS (SELECT 1 FROM broker.binding b WHERE b.queue = q.name AND topic ~ b.regex)
"""
INSERT_MESSAGES = """
WITH inserted AS (
    INSERT INTO broker.message (queue, priority, message_id, topic, producer, correlation_id, headers, body)
    SELECT r.queue, r.priority, m.message_id, m.topic, m.producer, m.correlation_id, m.headers::jsonb, m.body
    FROM unnest(%(number)s::int[], %(queue)s::text[], %(priority)s::smallint[]) AS r (number, queue, priority)
    JOIN unnest(%(ids)s::text[], %(topics)s::text[], %(producers)s::text[], %(correlations)s::text[],
                %(headers)s::text[], %(bodies)s::bytea[])
         WITH ORDINALITY AS m (message_id, topic, producer, correlation_id, headers, body, number)
         USING (number)
    ORDER BY r.number)
SELECT pg_notify(c, '') FROM unnest(%(channels)s::text[]) AS c
"""


def connect(dsn: Dsn) -> Connection:
    """Open a connection and make sure that the tables are there.

    Raises: Unavailable.
    """
    text = dsn() if callable(dsn) else dsn
    with unavailable("The embedded broker cannot be reached."):
        connection = psycopg.connect(
            text,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT_S,
            application_name="openpolicy-bus",
            keepalives_idle=30,
        )
        ensure_schema(connection)
    return connection


@contextmanager
def unavailable(detail: str) -> Iterator[None]:
    """Turn the loss of PostgreSQL into Unavailable."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise Unavailable(f"{detail} ({str(error).strip()})") from error


def declare_queue(
    connection: Connection, spec: QueueSpec, *, name: str = "", owner: int | None = None
) -> None:
    """Create a queue with its bindings, or bring an existing one to what the spec says."""
    queue = name or spec.name
    with connection.transaction():
        connection.execute(
            "INSERT INTO broker.queue (name, is_priority, max_length, owner) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE"
            " SET is_priority = excluded.is_priority, max_length = excluded.max_length"
            " WHERE (queue.is_priority, queue.max_length)"
            " IS DISTINCT FROM (excluded.is_priority, excluded.max_length)",
            (queue, spec.is_priority, spec.max_length, owner),
        )
        if not spec.is_broadcast:
            connection.execute(
                "INSERT INTO broker.queue (name, is_priority) VALUES (%s, false) ON CONFLICT DO NOTHING",
                (dead_queue(queue),),
            )
        connection.execute(
            "DELETE FROM broker.binding WHERE queue = %s AND pattern <> ALL(%s)", (queue, list(spec.topics))
        )
        for pattern in spec.topics:
            connection.execute(
                "INSERT INTO broker.binding (queue, pattern, regex) VALUES (%s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                (queue, pattern, pattern_regex(pattern)),
            )


class EmbeddedBus:
    """The `EventBus` on PostgreSQL; ``dsn`` is a libpq string, or a function asked for one when needed."""

    def __init__(self, dsn: Dsn) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._pid = 0

    def publish(
        self,
        events: Sequence[Event],
        *,
        priority: int | None = None,
        headers: Mapping[str, str] | None = None,
        mandatory: bool = False,
    ) -> None:
        """Store events in every queue that wants them, in one transaction; see `EventBus.publish`."""
        self.send([Message.of(e, priority=priority, headers=headers) for e in events], mandatory=mandatory)

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        """Store messages in every queue that wants them, in one transaction; see `EventBus.send`."""
        if messages:
            self.run(lambda connection: _store(connection, messages, mandatory))

    def declare(self, spec: QueueSpec) -> None:
        """Create the queue; see `EventBus.declare`."""
        if not spec.is_broadcast:
            self.run(lambda connection: declare_queue(connection, spec))

    def subscribe(self, spec: QueueSpec, prefetch: int) -> EmbeddedSubscription:
        """Consume over a connection of its own; see `EventBus.subscribe`."""
        connection = connect(self._dsn)
        try:
            with unavailable("The embedded broker went away."):
                return EmbeddedSubscription(connection, spec, prefetch, declare_queue)
        except BaseException:
            connection.close()
            raise

    def depth(self, queue: str) -> int:
        """Return how many messages wait; see `EventBus.depth`."""
        row = self.run(
            lambda connection: connection.execute(
                "SELECT count(*) FROM broker.message WHERE queue = %s AND claimed_by IS NULL", (queue,)
            ).fetchone()
        )
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Close the publishing connection."""
        with self._lock:
            self._drop()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` on the shared connection; once more on a fresh one when it proves to be lost.

        Raises: Unavailable.
        """
        with self._lock:
            for is_last in (False, True):
                connection = self._connected()
                try:
                    return work(connection)
                except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                    if is_last or not (connection.closed or connection.broken):
                        self._drop()
                        raise Unavailable(f"The embedded broker went away. ({str(error).strip()})") from error
                    self._drop()
        raise AssertionError("unreachable")

    def _connected(self) -> Connection:
        if self._pid != os.getpid():
            # After a fork the socket is the parent's: forget it without saying goodbye on it.
            self._connection, self._pid = None, os.getpid()
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._dsn)
        return self._connection

    def _drop(self) -> None:
        if self._connection is not None and self._pid == os.getpid():
            self._connection.close()
        self._connection = None


def _store(connection: Connection, messages: Sequence[Message], mandatory: bool) -> None:
    with connection.transaction():
        routes = _routes(connection, messages)
        for start in range(0, len(messages), CHUNK):
            insert_messages(
                connection,
                [(m, routes.get(m.topic, [])) for m in messages[start : start + CHUNK]],
            )
    returned = [m.id for m in messages if m.topic not in routes] if mandatory else []
    if returned:
        raise Unpublished(f"No queue wants {len(returned)} of the messages.", returned=returned)


def _routes(connection: Connection, messages: Sequence[Message]) -> dict[str, list[tuple[str, bool]]]:
    """Return, per topic, the queues that want it and whether each orders by priority."""
    topics = sorted({m.topic for m in messages})
    routes: dict[str, list[tuple[str, bool]]] = {}
    for topic, queue, is_priority, max_length in connection.execute(_ROUTES, {"topics": topics}).fetchall():
        if max_length is not None:
            coming = sum(m.topic == topic for m in messages)
            row = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM broker.message WHERE queue = %s LIMIT %s) AS waiting",
                (queue, max_length),
            ).fetchone()
            if row and row[0] + coming > max_length:
                raise Unpublished(f"Queue {queue} is full.", refused=[m.id for m in messages])
        routes.setdefault(topic, []).append((queue, is_priority))
    return routes


def insert_messages(
    connection: Connection, routed: Sequence[tuple[Message, Sequence[tuple[str, bool]]]]
) -> None:
    """Insert messages, each into its queues, and wake their consumers."""
    places = [
        (number, queue, message.priority if is_priority else DEFAULT_PRIORITY)
        for number, (message, queues) in enumerate(routed, 1)
        for queue, is_priority in queues
    ]
    if not places:
        return
    messages = [message for message, _ in routed]
    connection.execute(
        INSERT_MESSAGES,
        {
            "number": [place[0] for place in places],
            "queue": [place[1] for place in places],
            "priority": [place[2] for place in places],
            "ids": [m.id for m in messages],
            "topics": [m.topic for m in messages],
            "producers": [m.producer for m in messages],
            "correlations": [m.correlation_id for m in messages],
            "headers": [json.dumps(dict(m.headers)) for m in messages],
            "bodies": [m.body for m in messages],
            "channels": sorted({channel(place[1]) for place in places}),
        },
    )
