"""What happens to jobs, as it happens: one LISTEN for a process, server-sent events for each watcher."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

import anyio.to_thread
import psycopg
from psycopg import sql
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.queue.repository.jobs import JOBS_CHANNEL, JobRepository
from hubs.business_hub.queue.schemas import JobLogRead, read_job
from hubs.business_hub.queue.states import ACTIVE
from shared.app import Resources
from shared.db.session import transaction
from shared.http.json import dumps
from shared.logging import get_logger

log = get_logger(__name__)
HEARTBEAT_S = 15.0
LONGEST_S = 900.0
_LISTEN_S = 1.0
_LOG_LINES = 200
_FORGOTTEN_AT = 10_000

Watcher = tuple[asyncio.AbstractEventLoop, "asyncio.Queue[UUID | None]"]


class JobFeed:
    """Ids of jobs that changed, for any number of watchers; listens only while somebody watches."""

    def __init__(self, engine: Engine, stop: threading.Event) -> None:
        self._engine = engine
        self._stop = stop
        self._lock = threading.Lock()
        self._watchers: set[Watcher] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[UUID | None]]:
        """Give a queue of job ids for the running event loop; None says that some may have been missed."""
        watcher: Watcher = (asyncio.get_running_loop(), asyncio.Queue())
        with self._lock:
            self._watchers.add(watcher)
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="job feed", daemon=True)
                self._thread.start()
        try:
            yield watcher[1]
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def _listen(self) -> None:
        connection: psycopg.Connection | None = None
        while True:
            with self._lock:
                if self._stop.is_set() or not self._watchers:
                    self._thread = None
                    break
            try:
                if connection is None or connection.closed:
                    connection = self._connected()
                    self._tell(None)
                for notice in connection.notifies(timeout=_LISTEN_S, stop_after=100):
                    self._tell(UUID(notice.payload))
            except (psycopg.Error, SQLAlchemyError) as error:
                log.warning("the feed of jobs is interrupted", error=str(error))
                if connection is not None:
                    connection.close()
                self._stop.wait(_LISTEN_S)
        if connection is not None:
            connection.close()

    def _connected(self) -> psycopg.Connection:
        pooled = self._engine.raw_connection()
        raw = pooled.driver_connection
        assert isinstance(raw, psycopg.Connection)
        # Taken out of the pool: it listens for as long as somebody watches.
        pooled.detach()
        raw.rollback()
        raw.autocommit = True
        raw.execute(sql.SQL("LISTEN {}").format(sql.Identifier(JOBS_CHANNEL)))
        return raw

    def _tell(self, job_id: UUID | None) -> None:
        with self._lock:
            watchers = list(self._watchers)
        for loop, queue in watchers:
            # A watcher that does not read is not waited for: it is told that it missed something.
            item = None if queue.qsize() > _FORGOTTEN_AT else job_id
            try:
                loop.call_soon_threadsafe(queue.put_nowait, item)
            except RuntimeError:
                continue


async def stream_job(resources: Resources, job_id: UUID, after: int) -> AsyncIterator[bytes]:
    """Yield a job's state and log lines as server-sent events until it has ended; ids are those of log lines.

    A watcher that comes back with ``Last-Event-ID`` goes on after that line.
    """
    feed = resources.get(JobFeed)
    ends_at = asyncio.get_running_loop().time() + LONGEST_S
    shown = b""
    with feed.watch() as changed:
        yield b"retry: 2000\n\n"
        while asyncio.get_running_loop().time() < ends_at and not resources.stop.is_set():
            state, lines = await anyio.to_thread.run_sync(_look, resources, job_id, after)
            for line in lines:
                after = line.id
                yield _event("log", line, line.id)
            if state is None:
                return
            body, is_live = state
            if body != shown:
                shown = body
                yield b"event: job\nid: %d\ndata: %s\n\n" % (after, body)
            if len(lines) == _LOG_LINES:
                continue
            if not is_live:
                yield b"event: end\ndata: {}\n\n"
                return
            if not await _has_changed(changed, job_id):
                yield b": still here\n\n"


def _look(
    resources: Resources, job_id: UUID, after: int
) -> tuple[tuple[bytes, bool] | None, list[JobLogRead]]:
    with transaction(resources.sessionmaker) as session:
        jobs = JobRepository(session)
        job = jobs.find(job_id)
        if job is None:
            return None, []
        # The job first: whatever it says has happened, its log lines are there to be read.
        state = (dumps(read_job(job)), job.state in ACTIVE)
        return state, [JobLogRead.model_validate(line) for line in jobs.log_after(job_id, after, _LOG_LINES)]


async def _has_changed(changed: asyncio.Queue[UUID | None], job_id: UUID) -> bool:
    """Wait for news of a job, at most until the next heartbeat; what came together is one piece of news."""
    loop = asyncio.get_running_loop()
    until = loop.time() + HEARTBEAT_S
    while (left := until - loop.time()) > 0:
        try:
            item = await asyncio.wait_for(changed.get(), left)
        except TimeoutError:
            return False
        while not changed.empty():
            following = changed.get_nowait()
            item = item if item in {None, job_id} else following
        if item in {None, job_id}:
            return True
    return False


def _event(name: str, model: BaseModel, number: int) -> bytes:
    return b"event: %s\nid: %d\ndata: %s\n\n" % (name.encode(), number, dumps(model))
