"""Changes as they are committed, in whichever process: streams and long polls wait here, not on the
database.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from shared.app import Resources
from shared.http.json import dumps
from shared.logging import get_logger

log = get_logger(__name__)
CHANNEL = "security:changes"
_WAIT_S = 1.0
_RETRY_S = 2.0
HEARTBEAT_S = 15.0


def announce(session: Session, topic: str) -> None:
    """Tell every process, when this transaction commits, that something of a topic changed."""
    session.execute(select(func.pg_notify(CHANNEL, topic)))


class Feed:
    """Counts the changes of each topic and wakes those who wait; thread-safe."""

    def __init__(self, engine: Engine, stop: threading.Event) -> None:
        self._engine = engine
        self._stop = stop
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen in a thread, through every loss of the database."""
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait for the thread to end; whoever waits is let go."""
        self._stop.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(5.0)

    def count(self, topic: str) -> int:
        """Return a number that grows with every change of a topic."""
        with self._lock:
            return self._counts.get(topic, 0) + self._counts.get("", 0)

    def note(self, topic: str) -> None:
        """Count a change; the empty topic means that anything may have changed."""
        with self._lock:
            self._counts[topic] = self._counts.get(topic, 0) + 1
        self._wake()

    async def wait(self, topic: str, seen: int, timeout_s: float) -> int:
        """Return the topic's number as soon as it differs from ``seen``, at the latest after the timeout."""
        loop = asyncio.get_running_loop()
        event = asyncio.Event()
        entry = (loop, event)
        with self._lock:
            self._waiting.add(entry)
        try:
            until = loop.time() + timeout_s
            while self.count(topic) == seen and not self._stop.is_set():
                left = until - loop.time()
                if left <= 0:
                    break
                event.clear()
                if self.count(topic) != seen:
                    break
                try:
                    async with asyncio.timeout(left):
                        await event.wait()
                except TimeoutError:
                    break
        finally:
            with self._lock:
                self._waiting.discard(entry)
        return self.count(topic)

    @property
    def is_stopping(self) -> bool:
        """Tell whether the process is shutting down, so that streams must end."""
        return self._stop.is_set()

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def _run(self) -> None:
        while not self._stop.is_set():
            connection: psycopg.Connection[Any] | None = None
            try:
                connection = self._listen()
                # What was announced while nobody listened was missed: anything may have changed.
                self.note("")
                while not self._stop.is_set():
                    for notice in connection.notifies(timeout=_WAIT_S):
                        self.note(notice.payload)
            except (psycopg.Error, SQLAlchemyError, OSError) as error:
                log.warning("changes cannot be heard", error=str(error))
                self._stop.wait(_RETRY_S)
            finally:
                if connection is not None:
                    connection.close()
        # The process is told to end: streams must, or the server would wait for them.
        self._wake()

    def _listen(self) -> psycopg.Connection[Any]:
        pooled = self._engine.raw_connection()
        raw = pooled.driver_connection
        assert isinstance(raw, psycopg.Connection)
        # Taken out of the pool for good: it listens for as long as it lives.
        pooled.detach()
        raw.rollback()
        raw.autocommit = True
        raw.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        return raw


async def server_sent_events(
    feed: Feed, topic: str, event_of: Callable[[], Any], *, seen: int | None = None
) -> AsyncIterator[bytes]:
    """Yield an event now and after every change of a topic, and a comment now and then to keep the line
    open.
    """
    count = feed.count(topic) if seen is None else seen
    yield b"retry: 3000\n\n"
    yield b"data: " + dumps(await asyncio.to_thread(event_of)) + b"\n\n"
    while not feed.is_stopping:
        newer = await feed.wait(topic, count, HEARTBEAT_S)
        if newer == count:
            yield b": still here\n\n"
            continue
        count = newer
        yield b"data: " + dumps(await asyncio.to_thread(event_of)) + b"\n\n"


STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


def open_feed(resources: Resources) -> None:
    """Start hearing of changes."""
    feed = Feed(resources.engine, resources.stop)
    feed.start()
    resources.put(feed)
    resources.stack.callback(feed.close)
