"""The relay: a thread that sends committed outbox rows in order, and deletes them once the bus has confirmed.

A crash between the confirm and the commit sends rows again; the inboxes of the consumers absorb that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg import sql
from sqlalchemy import Engine, Table
from sqlalchemy.exc import SQLAlchemyError

from shared.core.errors import Unavailable
from shared.messaging.bus import EventBus, Message, Unpublished
from shared.messaging.failures import backoff
from shared.outbox.models import wake_channel
from shared.outbox.outbox import OutboxLag

log = logging.getLogger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]

WINDOW = 500
WINDOW_BYTES = 4 * 2**20
IDLE_S = 1.0
RETRY_FIRST_S = 0.2
RETRY_CAP_S = 15.0
UNROUTED_RETRY_S = 5.0
MEASURE_EVERY_S = 10.0

# One relay sends at a time, so that order holds however many processes a hub has.
_TRY_LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
_NEXT = sql.SQL(
    "SELECT id, message_id, topic, body, producer, correlation_id, priority, headers, is_mandatory"
    " FROM (SELECT id, sum(octet_length(body)) OVER (ORDER BY id) - octet_length(body) AS size_before"
    "       FROM {table} WHERE not_before IS NULL OR not_before <= now() ORDER BY id LIMIT %s) AS next"
    " JOIN {table} USING (id) WHERE size_before < %s ORDER BY id"
)
_DELETE = sql.SQL("DELETE FROM {table} WHERE id = ANY(%s)")
_POSTPONE = sql.SQL(
    "UPDATE {table} SET attempts = attempts + 1, not_before = now() + make_interval(secs => %s)"
    " WHERE id = ANY(%s)"
)
_LAG = sql.SQL(
    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM {table}"
)


@dataclass(slots=True)
class RelayState:
    """Counts since the start, for metrics and readiness; no ``problem``: the last window went.

    ``waiting`` and ``oldest_age_s`` are what the outbox held when it was last measured, seconds ago at most.
    """

    waiting: int = 0
    oldest_age_s: float = 0.0
    sent: int = 0
    windows: int = 0
    unrouted: int = 0
    problem: str = ""


RELAYS: WeakSet[Relay] = WeakSet()
"""The relays of this process, for its metrics."""


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    message: Message
    is_mandatory: bool


class Relay:
    """Sends one hub's outbox over a database connection of its own, until stopped."""

    def __init__(
        self,
        engine: Engine,
        table: Table,
        bus: EventBus,
        *,
        stop: threading.Event | None = None,
        window: int = WINDOW,
    ) -> None:
        self.state = RelayState()
        self.stop_event = stop or threading.Event()
        self._engine = engine
        self._bus = bus
        self._window = window
        self._channel = wake_channel(table.schema)
        self._schema = table.schema or ""
        names = [table.schema, table.name] if table.schema else [table.name]
        self._table = sql.Identifier(*names)
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._measured_at = float("-inf")
        RELAYS.add(self)

    @property
    def schema(self) -> str:
        """Return the schema whose outbox this is: the hub's name."""
        return self._schema

    def start(self) -> None:
        """Send in a thread; returns at once, whether or not database and bus are there."""
        self._thread = threading.Thread(target=self.run, name=f"relay {self._channel}", daemon=True)
        self._thread.start()

    def close(self, deadline_s: float = 15.0) -> bool:
        """Ask to stop and wait ``deadline_s`` seconds for the window in hand; False when it still runs."""
        self.stop_event.set()
        if self._thread is not None:
            self._thread.join(deadline_s)
            return not self._thread.is_alive()
        return True

    def run(self) -> None:
        """Send until stopped, through every loss of the bus or the database."""
        waits = backoff(RETRY_FIRST_S, RETRY_CAP_S)
        while not self.stop_event.is_set():
            try:
                self._measure()
                sent = self.send_window()
                waits = backoff(RETRY_FIRST_S, RETRY_CAP_S)
                if not sent:
                    self._wait()
            except (Unavailable, psycopg.Error, SQLAlchemyError) as error:
                self.state.problem = f"{type(error).__name__}: {error}"
                log.warning("%s: not sent, trying again: %s", self._channel, error)
                if isinstance(error, psycopg.Error | SQLAlchemyError):
                    self._disconnect()
                self.stop_event.wait(next(waits))
        self._disconnect()

    def send_window(self) -> int:
        """Send the next rows and return how many were looked at (0: none, or another relay is at work).

        Raises: Unavailable when the bus takes nothing more for now; psycopg.Error, SQLAlchemyError.
        """
        connection = self._connected()
        failure: Unpublished | None = None
        with connection.transaction():
            locked = connection.execute(_TRY_LOCK, (self._channel,)).fetchone()
            if not (locked and locked[0]):
                return 0
            rows = self._next(connection)
            if not rows:
                self.state.problem = ""
                return 0
            done: list[int] = []
            postponed: list[int] = []
            for is_mandatory, run in _runs(rows):
                try:
                    self._bus.send([row.message for row in run], mandatory=is_mandatory)
                    done += [row.id for row in run]
                except Unpublished as error:
                    sent, unrouted = _outcome(run, error)
                    done += sent
                    postponed += unrouted
                    if error.refused:
                        failure = error
                        break
                except Unavailable as error:
                    failure = Unpublished(error.detail)
                    break
            if done:
                connection.execute(_DELETE.format(table=self._table), (done,))
            if postponed:
                log.warning("%s: no queue wants %d mandatory messages yet", self._channel, len(postponed))
                connection.execute(_POSTPONE.format(table=self._table), (UNROUTED_RETRY_S, postponed))
        self.state.sent += len(done)
        self.state.unrouted += len(postponed)
        self.state.windows += 1
        if failure is not None:
            raise failure
        self.state.problem = ""
        return len(rows)

    def lag(self) -> OutboxLag:
        """Return how far behind the relay is, asked over the engine's pool.

        Raises: SQLAlchemyError.
        """
        with self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            row = raw.execute(_LAG.format(table=self._table)).fetchone()
        assert row is not None
        return OutboxLag(count=row[0], oldest_age_s=max(0.0, float(row[1])))

    def _measure(self) -> None:
        now = time.monotonic()
        if now - self._measured_at < MEASURE_EVERY_S:
            return
        row = self._connected().execute(_LAG.format(table=self._table)).fetchone()
        assert row is not None
        self.state.waiting, self.state.oldest_age_s = row[0], max(0.0, float(row[1]))
        self._measured_at = now

    def _next(self, connection: Connection) -> list[_Row]:
        found = connection.execute(_NEXT.format(table=self._table), (self._window, WINDOW_BYTES)).fetchall()
        return [
            _Row(
                id=row[0],
                message=Message(
                    id=str(row[1]),
                    topic=row[2],
                    body=bytes(row[3]),
                    producer=row[4],
                    correlation_id=row[5],
                    priority=row[6],
                    headers=row[7],
                ),
                is_mandatory=row[8],
            )
            for row in found
        ]

    def _wait(self) -> None:
        """Wait for a NOTIFY, at most a second."""
        until = time.monotonic() + IDLE_S
        for _ in self._connected().notifies(timeout=max(0.0, until - time.monotonic()), stop_after=1):
            pass

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            pooled = self._engine.raw_connection()
            raw = pooled.driver_connection
            assert isinstance(raw, psycopg.Connection)
            # Taken out of the pool for good: it listens for as long as the relay lives.
            pooled.detach()
            raw.rollback()
            raw.autocommit = True
            raw.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            self._connection = raw
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _runs(rows: Sequence[_Row]) -> list[tuple[bool, list[_Row]]]:
    """Split rows, in order, where mandatory ones begin or end."""
    runs: list[tuple[bool, list[_Row]]] = []
    for row in rows:
        if not runs or runs[-1][0] != row.is_mandatory:
            runs.append((row.is_mandatory, []))
        runs[-1][1].append(row)
    return runs


def _outcome(run: Sequence[_Row], error: Unpublished) -> tuple[list[int], list[int]]:
    """Return the ids that are safely sent and those that no queue wants.

    From the first refused message on everything is sent again, so that order holds in the full queue.
    """
    sent: list[int] = []
    unrouted: list[int] = []
    for row in run:
        if row.message.id in error.refused:
            break
        (unrouted if row.message.id in error.returned else sent).append(row.id)
    return sent, unrouted
