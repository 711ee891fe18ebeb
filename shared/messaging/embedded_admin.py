"""Looking into the embedded broker and mending it: plain statements on its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shared.core.errors import NotFound
from shared.core.ids import new_id
from shared.messaging.bus import (
    ERROR_HEADER,
    REASON_HEADER,
    REPLAYED_HEADER,
    Message,
    QueueState,
    dead_queue,
)
from shared.messaging.embedded import Connection, Dsn, EmbeddedBus
from shared.messaging.embedded_schema import CONSUMER_LOCK, PRESENCE_LOCK, channel
from shared.messaging.embedded_subscription import message_of

_QUEUES = """
WITH here AS (
    SELECT objid::bigint AS mark FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::bigint = %(presence)s
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
SELECT q.name,
       count(m.id) FILTER (WHERE m.claimed_by IS NULL),
       count(m.id) FILTER (WHERE m.claimed_by = ANY(live.numbers)),
       (SELECT count(*) FROM here WHERE here.mark = hashtext(q.name)::bigint & 4294967295),
       min(m.enqueued_at)
FROM broker.queue q
CROSS JOIN (SELECT broker.live_consumers(%(lock)s) AS numbers) AS live
LEFT JOIN broker.message m ON m.queue = q.name
GROUP BY q.name ORDER BY q.name
"""
_PEEK = """
SELECT id, priority, message_id, topic, producer, correlation_id, headers, body
FROM broker.message WHERE queue = %s AND claimed_by IS NULL ORDER BY priority, id LIMIT %s
"""
_REPLAY = """
WITH chosen AS (
    SELECT d.id FROM broker.message d
    WHERE d.queue = %(dead)s AND (%(ids)s::text[] IS NULL OR d.message_id = ANY(%(ids)s))
    ORDER BY d.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE broker.message m SET queue = %(queue)s, deliveries = 0, claimed_by = NULL, enqueued_at = now(),
    headers = (m.headers - %(marks)s::text[]) || jsonb_build_object(
        %(replayed)s::text, (coalesce(m.headers ->> %(replayed)s::text, '0')::int + 1)::text)
FROM chosen WHERE m.id = chosen.id
"""


class EmbeddedAdmin:
    """The `BusAdmin` of the embedded broker."""

    def __init__(self, dsn: Dsn) -> None:
        self._bus = EmbeddedBus(dsn)

    def queues(self) -> list[QueueState]:
        """Return every queue; ``consumers`` counts those that are connected, busy or not."""
        asked = {"lock": CONSUMER_LOCK, "presence": PRESENCE_LOCK}
        rows = self._bus.run(lambda c: c.execute(_QUEUES, asked).fetchall())
        return [
            QueueState(name=name, waiting=waiting, in_hand=in_hand, consumers=consumers, oldest_at=oldest)
            for name, waiting, in_hand, consumers, oldest in rows
        ]

    def peek(self, queue: str, limit: int = 20) -> list[Message]:
        """Return the first waiting messages; see `BusAdmin.peek`."""

        def work(connection: Connection) -> list[Message]:
            _must_exist(connection, queue)
            rows = connection.execute(
                _PEEK,
                (queue, limit),
            )
            return [message_of(row) for row in rows]

        return self._bus.run(work)

    def publish_raw(self, topic: str, body: bytes, headers: Mapping[str, Any] | None = None) -> str:
        """Publish bytes unchecked; see `BusAdmin.publish_raw`."""
        message_id = str(new_id())
        text = {key: str(value) for key, value in (headers or {}).items()}
        self._bus.send([Message(id=message_id, topic=topic, body=body, producer="admin", headers=text)])
        return message_id

    def replay(self, queue: str, *, ids: Iterable[str] | None = None, limit: int = 10_000) -> int:
        """Move dead letters back; see `BusAdmin.replay`."""
        values = {
            "queue": queue,
            "dead": dead_queue(queue),
            "ids": None if ids is None else list(ids),
            "limit": limit,
            "marks": [REASON_HEADER, ERROR_HEADER],
            "replayed": REPLAYED_HEADER,
        }

        def work(connection: Connection) -> int:
            with connection.transaction():
                _must_exist(connection, queue)
                moved = connection.execute(_REPLAY, values).rowcount
                connection.execute("SELECT pg_notify(%s, '')", (channel(queue),))
            return moved

        return self._bus.run(work)

    def discard(self, queue: str, ids: Iterable[str]) -> int:
        """Delete waiting messages by id; see `BusAdmin.discard`."""
        chosen = list(ids)
        return self._bus.run(
            lambda connection: (
                connection.execute(
                    "DELETE FROM broker.message"
                    " WHERE queue = %s AND claimed_by IS NULL AND message_id = ANY(%s)",
                    (queue, chosen),
                ).rowcount
            )
        )

    def purge(self, queue: str) -> int:
        """Delete every waiting message; see `BusAdmin.purge`."""
        return self._bus.run(
            lambda connection: (
                connection.execute(
                    "DELETE FROM broker.message WHERE queue = %s AND claimed_by IS NULL", (queue,)
                ).rowcount
            )
        )

    def close(self) -> None:
        """Close the connection."""
        self._bus.close()


def _must_exist(connection: Connection, queue: str) -> None:
    if connection.execute("SELECT 1 FROM broker.queue WHERE name = %s", (queue,)).fetchone() is None:
        raise NotFound(f"no queue {queue!r}")
