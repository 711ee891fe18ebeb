"""What governments are called: records name them by OCD id, people by name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hubs.ux_hub.web.service.language import Lang, other
from shared.core.errors import AppError
from shared.logging import get_logger

log = get_logger(__name__)
KEPT_S = 600.0
RETRY_S = 30.0
"""Seconds before a register that did not answer is asked again; the names of before stand meanwhile."""
_PREFIX = "ocd-jurisdiction/"


class Governments:
    """Names by OCD id in both languages, from the register of sources; one thread asks, no other waits."""

    def __init__(
        self, read: Callable[[], Sequence[Mapping[str, Any]]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._until = float("-inf")
        self._names: Mapping[str, Mapping[str, str]] = {}

    def find(self, ocd_id: str, lang: Lang) -> str:
        """Return a government's name, the other language's where this one has none, empty when unknown."""
        if self._clock() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._lock.release()
        known = self._names.get(ocd_id, {})
        return known.get(lang) or known.get(other(lang)) or ""

    def name(self, ocd_id: str, lang: Lang) -> str:
        """Return a government's name, or what of its id tells it from others."""
        return self.find(ocd_id, lang) or ocd_id.removeprefix(_PREFIX)

    def _ask(self) -> None:
        try:
            rows = self._read()
        except AppError as error:
            log.info("governments stay without their names", error=error.detail)
            self._until = self._clock() + RETRY_S
            return
        self._names = {
            row["jurisdiction"]: {"en": row.get("jurisdiction_en", ""), "fr": row.get("jurisdiction_fr", "")}
            for row in rows
            if row.get("jurisdiction")
        }
        self._until = self._clock() + KEPT_S
