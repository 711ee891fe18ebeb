"""Decisions are logged by a thread of their own: a decision never waits for the database."""

from __future__ import annotations

import queue
import threading
import time
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.opa.repository import DecisionRepository
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_WAITING = 20_000
_BATCH = 500
_WITHIN_S = 0.5
_PRUNE_EVERY_S = 3_600.0


class Logbook:
    """Takes decisions from any thread; what does not fit is dropped and counted."""

    def __init__(self, sessions: sessionmaker[Session], registry: CollectorRegistry, keep: timedelta) -> None:
        self._sessions = sessions
        self._keep = keep
        self._rows: queue.Queue[dict[str, Any]] = queue.Queue(_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)
        self.outcomes = Counter("policy_decisions", "Decisions by outcome.", ("outcome",), registry=registry)
        self.seconds = Histogram(
            "policy_decision_seconds",
            "Seconds of one evaluation.",
            buckets=(0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1),
            registry=registry,
        )
        self.dropped = Counter(
            "policy_decisions_unlogged", "Decisions that the log could not take.", registry=registry
        )

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """Write what waits, then end."""
        self._stop.set()
        self._thread.join(10)

    def note(self, row: dict[str, Any]) -> None:
        """Keep a decision; never waits."""
        try:
            self._rows.put_nowait(row)
        except queue.Full:
            self.dropped.inc()

    def _run(self) -> None:
        pruned = time.monotonic()
        while True:
            stopping = self._stop.wait(_WITHIN_S)
            rows: list[dict[str, Any]] = []
            while len(rows) < _BATCH and not self._rows.empty():
                rows.append(self._rows.get_nowait())
            try:
                if rows:
                    with transaction(self._sessions) as session:
                        DecisionRepository(session).add(rows)
                if time.monotonic() - pruned > _PRUNE_EVERY_S:
                    pruned = time.monotonic()
                    with transaction(self._sessions) as session:
                        DecisionRepository(session).prune(utc_now() - self._keep)
            except AppError as error:
                self.dropped.inc(len(rows))
                log.warning("decisions were not logged", count=len(rows), error=error.detail)
            if stopping and self._rows.empty():
                return
