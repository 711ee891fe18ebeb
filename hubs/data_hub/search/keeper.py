"""The keeper: the one thread that writes the index, after the change feed, and builds anew what is lost."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hubs.data_hub.database.service.feeding import SEARCHABLE, FeedingService
from hubs.data_hub.memory import give_back
from hubs.data_hub.search.documents import index_fields
from hubs.data_hub.search.errors import IndexNotReady
from hubs.data_hub.search.generation import Generation
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.logging import get_logger

log = get_logger(__name__)

CURRENT_FILE = "current.json"
STEP = 500
COMMIT_S = 1.5
"""How often (seconds) a backlog is committed while it is worked off: each commit makes a segment to merge."""
BUILD_STEP = 2_000
POLL_S = 5.0
SLICE_S = 0.5
REST_S = 0.6
REST_SHARE = 3.0
"""After work the keeper rests this many times as long, `REST_S` seconds at most: batches of a load are
indexed together, which leaves the processor to the load, and a single change is found as soon as ever."""
LOAD_CHANGES = 4 * STEP
LOAD_REST_S = 6.0
"""A load is under way when so many changes wait and more come: it has the processor to itself for so long
(seconds), unless it ends before, and what it brings is indexed in one go, with few commits and merges."""
ROUND_S = 20.0
RETRY_S = 1.0


@dataclass
class KeeperState:
    """What the keeper is doing; ``expected`` and ``indexed`` count records while it builds."""

    is_building: bool = True
    indexed: int = 0
    expected: int = 0
    position: int = -1
    """Of the change feed; -1 before the index stands."""
    rebuilds: int = 0
    problem: str = ""
    reason: str = field(default="opening")

    @property
    def progress(self) -> float:
        """Return how much of the build is done, from 0 to 1."""
        return min(1.0, self.indexed / self.expected) if self.expected else 0.0


class IndexKeeper:
    """Holds the current generation and keeps it equal to the record."""

    def __init__(
        self,
        root: Path,
        heap_bytes: int,
        feeding: FeedingService,
        listen: Callable[[], Listener],
        stop: threading.Event | None = None,
        in_between: Callable[[], None] = lambda: None,
    ) -> None:
        """``in_between`` is called every twenty seconds or so, between steps."""
        self.state = KeeperState()
        self._root = root
        self._heap = heap_bytes
        self._feeding = feeding
        self._listen = listen
        self._stop = stop or threading.Event()
        self._current: Generation | None = None
        self._committed_at = 0.0
        self._is_behind = False
        self._rebuild_asked = threading.Event()
        self._in_between = in_between
        self._next_round = time.monotonic() + ROUND_S
        self._applied = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open or build the index in a thread; searches answer 503 until it stands."""
        self._thread = threading.Thread(target=self.run, name="search index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the step in hand."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(30)

    def generation(self) -> Generation:
        """Return the generation that answers searches.

        Raises: IndexNotReady with the progress of the build.
        """
        current = self._current
        if current is None:
            state = self.state
            raise IndexNotReady(
                f"the search index is being built ({state.indexed} of {state.expected or 'unknown'} records)",
                headers={"Retry-After": "2"},
                indexed=state.indexed,
                expected=state.expected,
                progress=round(state.progress, 3),
            )
        return current

    @property
    def documents(self) -> int:
        """Return how many records the index holds, 0 while there is none."""
        current = self._current
        return current.documents if current is not None else 0

    def ask_rebuild(self) -> None:
        """Have a new generation built beside the one that goes on answering."""
        self._rebuild_asked.set()

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until the index holds the changes up to a position; False when it takes longer (seconds)."""
        with self._applied:
            return self._applied.wait_for(lambda: self.state.position >= position, timeout_s)

    def run(self) -> None:
        """Keep the index until stopped, through every loss of the database or of the index."""
        while not self._stop.is_set():
            try:
                with self._listen() as listener:
                    self._open()
                    self._follow(listener)
            except (AppError, SQLAlchemyError, psycopg.Error) as error:
                self._note("the database is away", error)
            except (OSError, ValueError) as error:
                # tantivy says ValueError for everything, damage included: what is derived can be made again.
                self._note("the index is damaged", error)
                self._drop_current()
            except Exception as error:  # noqa: BLE001 - without this thread nothing new would ever be found again
                self._note("unforeseen", error)
            self._stop.wait(RETRY_S)
        if self._current is not None:
            self._current.close()

    def _note(self, what: str, error: Exception) -> None:
        self.state.problem = f"{what}: {type(error).__name__}: {error}"[:500]
        if not self._stop.is_set():
            log.warning("search index", problem=self.state.problem)

    def _follow(self, listener: Listener) -> None:
        self.state.problem = ""
        while not self._stop.is_set():
            newest = self._let_load_pass()
            before, began = self.state.position, time.monotonic()
            while not self._stop.is_set() and not self._step(newest):
                pass
            if self.state.position != before:
                # What was just indexed was just loaded, in this process: both are over for now.
                give_back()
                self._stop.wait(min(REST_S, REST_SHARE * (time.monotonic() - began)))
            if self._rebuild_asked.is_set():
                self._rebuild_asked.clear()
                self._build("asked for")
                continue
            self._idle()
            if not self._is_behind:
                listener.wait(POLL_S, self._stop)

    def _let_load_pass(self) -> int:
        """Wait until a load ends, or for some seconds of it; return the position of the newest change."""
        began, seen = time.monotonic(), 0
        newest = self._feeding.position()
        while newest - self.state.position >= LOAD_CHANGES and newest > seen:
            if self._stop.wait(REST_S) or time.monotonic() - began >= LOAD_REST_S:
                break
            seen, newest = newest, self._feeding.position()
        return newest

    def _idle(self) -> None:
        if time.monotonic() >= self._next_round:
            self._next_round = time.monotonic() + ROUND_S
            self._in_between()
            # Requests come with large answers now and then: what they took goes back as well.
            give_back()

    def _step(self, newest: int) -> bool:
        """Apply the next changes; True when all up to the newest are committed, or there are no more."""
        current = self._current
        assert current is not None
        step = self._feeding.step(current.reached, STEP)
        if step.position > current.reached:
            if current.reached == current.position:
                self._committed_at = time.monotonic()
            current.remove(str(record_id) for record_id in step.gone)
            current.add(index_fields(feed) for feed in step.feeds)
            current.reached = step.position
        is_over = step.is_last or current.reached >= newest
        self._is_behind = not step.is_last
        if is_over or time.monotonic() - self._committed_at >= COMMIT_S:
            if current.reached > current.position:
                current.commit(current.reached)
                self._committed_at = time.monotonic()
            self._arrive(current.position)
        return is_over

    def _arrive(self, position: int) -> None:
        with self._applied:
            self.state.position = position
            self._applied.notify_all()

    def _open(self) -> None:
        if self._current is not None:
            return
        self._root.mkdir(parents=True, exist_ok=True)
        name = self._read_current()
        if name and (self._root / name).is_dir():
            try:
                generation = Generation(self._root / name, self._heap)
                # An index that opens may still be cut short: reading its documents shows it.
                _probe(generation)
            except (OSError, ValueError) as error:
                self._note("the index cannot be opened", error)
                shutil.rmtree(self._root / name, ignore_errors=True)
            else:
                if generation.position <= self._feeding.position():
                    self._current = generation
                    self.state.is_building = False
                    self._sweep(keep=name)
                    return
                # The database was restored to an earlier state.
                generation.close()
        self._build("missing")

    def _build(self, reason: str) -> None:
        """Build a generation from the record, then let it answer."""
        state = self.state
        state.is_building, state.reason, state.indexed = True, reason, 0
        state.expected = sum(self._feeding.counts().values())
        position = self._feeding.position()
        name = f"g-{new_id()}"
        generation = Generation(self._root / name, self._heap)
        try:
            for kind in SEARCHABLE:
                self._copy(kind, generation)
            generation.commit(position)
        except BaseException:
            generation.close()
            shutil.rmtree(self._root / name, ignore_errors=True)
            raise
        self._promote(name, generation)
        log.info("search index built", reason=reason, records=state.indexed)

    def _copy(self, kind: str, generation: Generation) -> None:
        after: UUID | None = None
        while feeds := self._feeding.scan(kind, after, BUILD_STEP):
            if self._stop.is_set():
                raise OSError("stopped while building")
            self.state.indexed += generation.insert(index_fields(feed) for feed in feeds)
            after = feeds[-1].row["id"]

    def _promote(self, name: str, generation: Generation) -> None:
        draft = self._root / f".{CURRENT_FILE}"
        draft.write_bytes(orjson.dumps({"generation": name}))
        draft.replace(self._root / CURRENT_FILE)
        old, self._current = self._current, generation
        self.state.is_building = False
        self.state.rebuilds += 1
        self._arrive(generation.position)
        if old is not None:
            old.close()
        self._sweep(keep=name)

    def _drop_current(self) -> None:
        current, self._current = self._current, None
        self.state.is_building = True
        if current is not None:
            shutil.rmtree(current.folder, ignore_errors=True)

    def _sweep(self, keep: str) -> None:
        # Searches in flight hold their files open; removing names does not disturb them.
        for folder in self._root.glob("g-*"):
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)

    def _read_current(self) -> str:
        try:
            said: dict[str, Any] = orjson.loads((self._root / CURRENT_FILE).read_bytes())
            return str(said["generation"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def _probe(generation: Generation) -> None:
    import tantivy

    searcher = generation.reader().searcher()
    every = tantivy.Query.all_query()
    for _, address in searcher.search(every, limit=3, order_by_field="order").hits:
        searcher.doc(address)
    searcher.aggregate(every, {"types": {"terms": {"field": "type"}}})


class Listener:
    """Waits for the database to say that something changed."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Return at the next notice, after the timeout (seconds), or within a second of ``stop``.

        Raises: psycopg.Error when the connection is lost.
        """
        until = time.monotonic() + timeout_s
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            for _ in self._connection.notifies(timeout=min(left, SLICE_S), stop_after=1):
                return

    def __enter__(self) -> Listener:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()


def listener_on(engine: Engine, channel: str) -> Listener:
    """Open a connection of its own that listens to a channel.

    Raises: SQLAlchemyError, psycopg.Error.
    """
    pooled = engine.raw_connection()
    raw = pooled.driver_connection
    assert isinstance(raw, psycopg.Connection)
    # Taken out of the pool for good: it listens for as long as the keeper lives.
    pooled.detach()
    raw.rollback()
    raw.autocommit = True
    raw.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
    return Listener(raw)
