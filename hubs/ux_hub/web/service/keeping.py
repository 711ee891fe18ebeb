"""What the pages asked a moment ago, kept for a moment: many pages ask the same."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlencode

from hubs.ux_hub.web.service.record import Caller
from shared.http.json import loads

MAX_BYTES = 4 * 2**20
_MAX_ENTRY_BYTES = 512 * 2**10
_SLOW = {"/api/v1/sessions": 6, "/api/v1/jurisdictions": 6, "/api/v1/organizations": 6}
"""Vocabularies, which hardly move, are kept this many times longer."""


class Readable(Caller, Protocol):
    """A hub whose answers can be had as the bytes that they were."""

    def read(self, path: str, *, params: dict[str, Any] | None = None) -> bytes:
        """Return the JSON of the answer to a GET.

        Raises: AppError.
        """
        ...


class KeptAnswers:
    """A hub that is not asked twice within some seconds; failures are never kept.

    Answers are kept as bytes: decoded they take ten times the memory, and no page can change another's.
    """

    def __init__(
        self,
        hub: Readable,
        seconds: float,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self.size = 0

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None) -> Any:
        """Return the decoded answer, from memory while it is fresh.

        Raises: AppError as the hub does.
        """
        if self._seconds <= 0 or method != "GET":
            return self._hub.request(method, path, params=params)
        key = f"{path}?{urlencode(sorted((params or {}).items()))}"
        with self._lock:
            found = self._kept.get(key)
            if found is not None and self._clock() < found[0]:
                self._kept.move_to_end(key)
                return loads(found[1])
        # The moment before the question counts: what changes while the hub answers is not yet in it.
        until = self._clock() + self._seconds * _SLOW.get(path, 1)
        body = self._hub.read(path, params=params)
        self._keep(key, until, body)
        return loads(body)

    def _keep(self, key: str, until: float, body: bytes) -> None:
        with self._lock:
            if (old := self._kept.pop(key, None)) is not None:
                self.size -= len(old[1])
            if len(body) > min(_MAX_ENTRY_BYTES, self._max_bytes):
                return
            self._kept[key] = (until, body)
            self.size += len(body)
            while self.size > self._max_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self.size -= len(gone)
