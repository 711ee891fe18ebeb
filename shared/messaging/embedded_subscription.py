"""One consumer of the embedded broker: claims rows under a number that lives as long as its connection."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from shared.core.errors import Unavailable
from shared.messaging.bus import Message, QueueSpec, Received, dead_queue, death_headers
from shared.messaging.embedded_schema import CONSUMER_LOCK, PRESENCE_LOCK, channel

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]
Declare = Callable[..., None]

RECLAIM_EVERY_S = 1.0
SWEEP_EVERY_S = 30.0

_CLAIM = """
WITH next AS (
    SELECT id FROM broker.message WHERE queue = %(queue)s AND claimed_by IS NULL
    ORDER BY priority, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
UPDATE broker.message m SET claimed_by = %(number)s, deliveries = m.deliveries + 1
FROM next WHERE m.id = next.id
RETURNING m.id, m.priority, m.message_id, m.topic, m.producer, m.correlation_id, m.headers, m.body,
          m.deliveries
"""
_RECLAIM = """
WITH orphans AS (
    SELECT id FROM broker.message
    WHERE queue = %(queue)s AND claimed_by IS NOT NULL
      AND claimed_by <> ALL((SELECT broker.live_consumers(%(lock)s))::bigint[])
    FOR UPDATE SKIP LOCKED)
UPDATE broker.message m SET claimed_by = NULL FROM orphans WHERE m.id = orphans.id
"""
_SWEEP = """
WITH gone AS (
    DELETE FROM broker.queue
    WHERE owner IS NOT NULL AND owner <> ALL((SELECT broker.live_consumers(%(lock)s))::bigint[])
    RETURNING name)
DELETE FROM broker.message WHERE queue IN (SELECT name FROM gone)
"""


def message_of(row: Sequence[Any]) -> Message:
    """Return the message in a row that begins with the columns of a claim."""
    return Message(
        id=row[2],
        topic=row[3],
        producer=row[4],
        correlation_id=row[5],
        headers=row[6],
        body=bytes(row[7]),
        priority=row[1],
    )


class EmbeddedSubscription:
    """The `Subscription` on PostgreSQL: one connection that claims, settles and listens."""

    def __init__(self, connection: Connection, spec: QueueSpec, prefetch: int, declare: Declare) -> None:
        self._connection = connection
        self._spec = spec
        self._prefetch = prefetch
        self._in_hand: set[int] = set()
        self._reclaimed_at = self._swept_at = float("-inf")
        # A lost acknowledgement only means another delivery, so consumers need not wait for the disk. A
        # queue's size changes faster than the planner's statistics: always the index.
        connection.execute(
            "SET synchronous_commit = off; SET enable_seqscan = off; SET enable_bitmapscan = off"
        )
        self.number = self._lock_number()
        self.queue = f"{spec.name}.{self.number}" if spec.is_broadcast else spec.name
        declare(connection, spec, name=self.queue, owner=self.number if spec.is_broadcast else None)
        connection.execute("SELECT pg_advisory_lock_shared(%s, hashtext(%s))", (PRESENCE_LOCK, self.queue))
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel(self.queue))))

    @property
    def is_open(self) -> bool:
        """Tell whether the connection is still known to be good."""
        return not (self._connection.closed or self._connection.broken)

    def receive(self, limit: int, timeout_s: float) -> list[Received]:
        """Claim up to ``limit`` messages, waiting for a NOTIFY when none wait; see `Subscription.receive`."""
        until = time.monotonic() + timeout_s
        with self._lost_is_unavailable():
            while True:
                self._mend()
                received = self._claim(min(limit, self._prefetch - len(self._in_hand)))
                left = until - time.monotonic()
                if received or left <= 0:
                    return received
                for _ in self._connection.notifies(timeout=min(left, RECLAIM_EVERY_S), stop_after=1):
                    pass

    def ack(self, received: Sequence[Received]) -> None:
        """Delete messages; see `Subscription.ack`."""
        tags = [one.tag for one in received]
        with self._lost_is_unavailable():
            self._connection.execute(
                "DELETE FROM broker.message WHERE id = ANY(%s) AND claimed_by = %s", (tags, self.number)
            )
        self._in_hand.difference_update(tags)

    def bury(self, received: Received, reason: str, error: str) -> None:
        """Move one message to the dead letters; see `Subscription.bury`."""
        with self._lost_is_unavailable():
            if self._spec.is_broadcast:
                self.ack([received])
                return
            headers = death_headers(received.message.headers, reason, error.replace("\x00", ""))
            self._connection.execute(
                "UPDATE broker.message"
                " SET queue = %s, claimed_by = NULL, headers = %s::jsonb, enqueued_at = now()"
                " WHERE id = %s AND claimed_by = %s",
                (dead_queue(self._spec.name), json.dumps(headers), received.tag, self.number),
            )
        self._in_hand.discard(received.tag)

    def close(self) -> None:
        """Give claimed rows back uncounted (their handler did not end) and close the connection."""
        with contextlib.suppress(psycopg.Error):
            if self._in_hand and self.is_open:
                self._connection.execute(
                    "UPDATE broker.message SET claimed_by = NULL, deliveries = deliveries - 1"
                    " WHERE id = ANY(%s) AND claimed_by = %s",
                    (list(self._in_hand), self.number),
                )
                self._connection.execute("SELECT pg_notify(%s, '')", (channel(self.queue),))
            if self._spec.is_broadcast and self.is_open:
                self._connection.execute("DELETE FROM broker.queue WHERE name = %s", (self.queue,))
                self._connection.execute("DELETE FROM broker.message WHERE queue = %s", (self.queue,))
        self._connection.close()

    def _lock_number(self) -> int:
        """Take a number that nobody holds; it is free again when the connection ends, however it ends."""
        while True:
            row = self._connection.execute("SELECT nextval('broker.consumer_number')").fetchone()
            number = int(row[0]) if row else 0
            got = self._connection.execute(
                "SELECT pg_try_advisory_lock(%s, %s::int)", (CONSUMER_LOCK, number)
            ).fetchone()
            if got and got[0]:
                return number

    def _claim(self, limit: int) -> list[Received]:
        if limit <= 0:
            return []
        rows = self._connection.execute(
            _CLAIM, {"queue": self.queue, "limit": limit, "number": self.number}
        ).fetchall()
        rows.sort(key=lambda row: (row[1], row[0]))
        self._in_hand.update(row[0] for row in rows)
        return [Received(tag=row[0], message=message_of(row), deliveries=row[8]) for row in rows]

    def _mend(self) -> None:
        """Free what dead consumers held; about once a second, because nobody announces a death."""
        now = time.monotonic()
        if now - self._reclaimed_at < RECLAIM_EVERY_S * 0.9:
            return
        self._reclaimed_at = now
        freed = self._connection.execute(_RECLAIM, {"queue": self.queue, "lock": CONSUMER_LOCK}).rowcount
        if freed:
            log.warning("%s: %d messages of a dead consumer are free again", self.queue, freed)
        if now - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = now
            self._connection.execute(_SWEEP, {"lock": CONSUMER_LOCK})

    @contextlib.contextmanager
    def _lost_is_unavailable(self) -> Any:
        try:
            yield
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise Unavailable(f"The embedded broker went away. ({str(error).strip()})") from error
