"""Asking the search process: it is started with the hub, and started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import hubs
from hubs.data_hub.search.wire import (
    FRAME,
    Found,
    IndexState,
    SearchRequest,
    SuggestRequest,
    question,
    read_answer,
)
from shared.core.errors import Unavailable
from shared.logging import get_logger

log = get_logger(__name__)

PROCESSES = 2
"""Searches that run at a time, each in a process of its own: one interpreter does not fill two processors."""
ANSWER_S = 20.0
"""A search that takes longer is given up, and the process with it."""
RESTART_S = 1.0
"""At least so long (seconds) lies between two starts."""
_END_S = 5.0
_TRIES = 3
_AGAIN = {"Retry-After": "1"}


class SearchProcess:
    """The process that reads the index for searches; all but `start` and `close` in one event loop."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None
        self._sockets: list[socket.socket] = []
        self._free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
        self._lines: list[_Line] = []
        self._connecting = asyncio.Lock()
        self._started_at = -RESTART_S
        self._is_closed = False
        self._asked = 0
        self._guard = threading.Lock()
        self.starts = 0

    @property
    def pid(self) -> int:
        """Return the process's id, 0 when there is none."""
        return self._process.pid if self._process is not None else 0

    def start(self) -> None:
        """Start the process; it reads what is asked when it is up.

        Raises: OSError when the system has no room for one.
        """
        with self._guard:
            if self._is_closed:
                raise OSError("closed")
            self._end()
            pairs = [socket.socketpair() for _ in range(PROCESSES)]
            theirs = [pair[1] for pair in pairs]
            numbers = [each.fileno() for each in theirs]
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "hubs.data_hub.search.worker", self._root, *map(str, numbers)],
                    stdin=subprocess.DEVNULL,
                    pass_fds=numbers,
                    process_group=0,
                    env=_environment(),
                )
            finally:
                # Ours alone must not keep them open: the end of the process shows as the end of its lines.
                for each in theirs:
                    each.close()
            self._sockets = [pair[0] for pair in pairs]
            self._started_at = time.monotonic()
            self.starts += 1

    def close(self) -> None:
        """End the process."""
        with self._guard:
            self._is_closed = True
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        for each in self._sockets:
            each.close()
        self._sockets = []
        if process is not None:
            # They write nothing, so there is nothing that they could leave half done.
            _kill(process)
            process.wait(_END_S)

    async def ask(self, state: IndexState, request: SearchRequest | SuggestRequest) -> Found:
        """Return what the index says.

        Raises: QueryRefused; NoIndex when it cannot be opened; Unavailable when the process is away;
        SearchFailed.
        """
        self._asked += 1
        try:
            return read_answer(await self._exchange(question(state, request, is_alone=self._asked == 1)))
        finally:
            self._asked -= 1

    async def _exchange(self, body: bytes) -> bytes:
        for tries_left in reversed(range(_TRIES)):
            line = await self._line()
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await line.ask(body)
            except ConnectionError:
                # It may have ended because of another search.
                if not tries_left:
                    raise Unavailable("the search process ended", headers=_AGAIN) from None
            except TimeoutError:
                log.warning("search given up", after_s=ANSWER_S)
                line.abort()
                raise Unavailable("the search took too long; ask for less at once", headers=_AGAIN) from None
        raise AssertionError

    async def _line(self) -> _Line:
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    if not self._is_whole():
                        await self._connect()
                    line = await self._free.get()
                    if line.is_open:
                        return line
        except TimeoutError:
            raise Unavailable("too many searches at once", headers=_AGAIN) from None

    def _is_whole(self) -> bool:
        return len(self._lines) == PROCESSES and all(line.is_open for line in self._lines)

    async def _connect(self) -> None:
        async with self._connecting:
            if self._is_whole():
                return
            if not self._sockets:
                # One of them has ended: the other is ended as well, and what it was asked is asked again.
                for line in self._lines:
                    line.abort()
                log.warning("search process ended; starting another", starts=self.starts)
                await asyncio.sleep(self._started_at + RESTART_S - time.monotonic())
                try:
                    await asyncio.to_thread(self.start)
                except OSError as error:
                    # The next who waits must try as well: nothing else would wake it.
                    self._free.put_nowait(_Line(self._free.put_nowait))
                    raise Unavailable(f"no search process: {error}", headers=_AGAIN) from None
            ready, self._sockets = self._sockets, []
            loop = asyncio.get_running_loop()
            self._lines = []
            for each in ready:
                _, line = await loop.create_connection(lambda: _Line(self._free.put_nowait), sock=each)
                self._lines.append(line)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # It leads a group, in which is what it forked.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _environment() -> dict[str, str]:
    """Return what it takes to run this code; who reads everybody's queries needs no setting and no secret."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("OP_")}
    root = str(Path(next(iter(hubs.__path__))).resolve().parent)
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, (root, kept.get("PYTHONPATH", ""))))}


class _Line(asyncio.Protocol):
    """One connection to the process: a question at a time, and then its answer."""

    def __init__(self, tell_free: Callable[[_Line], None]) -> None:
        self.is_open = False
        self._tell_free = tell_free
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[bytes] | None = None
        self._received = bytearray()

    def ask(self, body: bytes) -> asyncio.Future[bytes]:
        """Send a question; the answer is the future's result, ConnectionError when the process ends."""
        assert self._transport is not None
        assert self._waiting is None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(FRAME.pack(len(body)) + body)
        return self._waiting

    def abort(self) -> None:
        """Give the connection up; whoever waits for an answer is told."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take questions."""
        # uvloop's is of no class of asyncio's.
        self._transport, self.is_open = cast(asyncio.Transport, transport), True
        self._tell_free(self)

    def data_received(self, data: bytes) -> None:
        """Collect an answer; when it is whole, hand it over and take the next question."""
        received = self._received
        received += data
        if len(received) < FRAME.size or len(received) - FRAME.size < FRAME.unpack_from(received)[0]:
            return
        waiting, self._waiting = self._waiting, None
        # Who asked may have gone meanwhile: then the answer is nobody's.
        if waiting is not None and not waiting.done():
            waiting.set_result(bytes(received[FRAME.size :]))
        self._received = bytearray()
        self._tell_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits for an answer, and who waits for a line."""
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the search process ended"))
        self._waiting = None
        self._tell_free(self)
