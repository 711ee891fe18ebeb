"""The search processes: they read the index, answer questions, and write nothing.

The hub starts one with the sockets to listen on; it forks itself for each but the first, so that they share
what they have read by then. Each answers one question at a time, has its own interpreter to itself and no
framework in it. They end when the hub closes their sockets or is gone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from hubs.data_hub.memory import give_back
from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.service import SearchService
from hubs.data_hub.search.wire import (
    FRAME,
    MAX_FRAME,
    IndexState,
    NoIndex,
    SearchFailed,
    SearchRequest,
    answer,
    read_question,
    refusal,
)
from shared.core.allocator import tune_allocator

IDLE_S = 2.0
"""After so long without a question, what the last ones took is given back."""
LATER_S = 60.0
"""How often after that it is seen whether the index has been replaced: its files take room until then."""
RENEWED_EVERY = 32
"""Questions after which the searcher is opened anew, which takes a millisecond."""


class SearchWorker:
    """Answers questions about the indexes in a folder, of which the last one asked about is open."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._service: SearchService | None = None
        self._seen: IndexState | None = None
        self._asked = 0

    def serve(self, line: socket.socket) -> None:
        """Answer one question after the other until the other side is gone."""
        with contextlib.suppress(ConnectionError), line:
            while True:
                patience = IDLE_S
                while not select.select([line], [], [], patience)[0]:
                    self.rest()
                    patience = LATER_S
                body = receive(line)
                if body is None:
                    return
                reply = self.reply(body)
                line.sendall(FRAME.pack(len(reply)) + reply)

    def rest(self) -> None:
        """Give back what questions took; the next one costs a little more."""
        if self._service is not None:
            try:
                self._service.reader.reload()
                self._service.reader.let_go()
            except (OSError, ValueError):
                # Another generation has taken its place, and its files are gone.
                self._service = self._seen = None
        give_back()

    def reply(self, body: bytes) -> bytes:
        """Return the answer to a question."""
        try:
            state, is_alone, request = read_question(body)
            service = self._open(state)
            if isinstance(request, SearchRequest):
                return answer(service.search(request, state, is_alone=is_alone))
            return answer(service.suggest(request))
        except (QueryRefused, NoIndex) as error:
            return refusal(error)
        except Exception:  # noqa: BLE001 - the hub logs it; the next question may be a better one
            return refusal(SearchFailed(traceback.format_exc(limit=-8)))

    def _open(self, state: IndexState) -> SearchService:
        service, seen = self._service, self._seen
        self._asked += 1
        try:
            if service is None or seen is None or seen.generation != state.generation:
                service = SearchService(IndexReader(self._root / state.generation))
            elif state.position > seen.position or self._asked % RENEWED_EVERY == 0:
                service.reader.reload()
            else:
                return service
        except (OSError, ValueError) as error:
            raise NoIndex(f"{type(error).__name__}: {error}") from None
        self._service, self._seen = service, state
        return service


def receive(line: socket.socket) -> bytes | None:
    """Return the next question, None when the other side is gone.

    Raises: ConnectionError.
    """
    head = _exactly(line, FRAME.size)
    if head is None:
        return None
    [length] = FRAME.unpack(head)
    if length > MAX_FRAME:
        raise ConnectionError(f"a question of {length} bytes")
    return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytes | None:
    found = b""
    while len(found) < length:
        part = line.recv(length - len(found))
        if not part:
            return None
        found += part
    return found


def main(arguments: list[str]) -> None:
    """Serve the sockets that were inherited, each in a process: ``<folder> <descriptor> ...``."""
    # Nobody waits for the forked ones.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    tune_allocator()
    lines = [socket.socket(fileno=int(number)) for number in arguments[1:]]
    # What is not looked through is not written to, and stays shared.
    gc.collect()
    gc.freeze()
    mine = _fork(lines)
    for line in lines:
        if line is not mine:
            line.close()
    SearchWorker(Path(arguments[0])).serve(mine)


def _fork(lines: Sequence[socket.socket]) -> socket.socket:
    for line in lines[1:]:
        if os.fork() == 0:
            return line
    return lines[0]


if __name__ == "__main__":
    main(sys.argv[1:])
