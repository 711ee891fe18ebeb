"""Decisions are logged by a thread of their own: none waits for the database, nor to be masked."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy.orm import Session, sessionmaker

from hubs.intelligence_hub.opa.engine import Answer
from hubs.intelligence_hub.opa.masking import masked
from hubs.intelligence_hub.opa.repository import DecisionRepository
from shared.core.clock import utc_now
from shared.core.errors import AppError, Invalid
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
OWN = "intelligence_hub"
_WAITING = 20_000
_WAITING_BYTES = 8 * 2**20
_BATCH = 500
_WITHIN_S = 0.5
_PRUNE_EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Made:
    """A decision as it was made; what of it is kept, the log's thread works out."""

    decision_id: str
    path: tuple[str, ...]
    answer: Answer
    input: Any
    has_input: bool
    requested_by: str
    made_at: datetime
    trace_id: str

    def row(self) -> dict[str, Any]:
        """Return the row of the log, without sensitive members."""
        kept, erased = masked(self.input) if self.has_input else (None, [])
        result, hidden = masked(self.answer.value, "/result")
        bundles = self.answer.provenance.get("bundles", {})
        return {
            "source": OWN,
            "decision_id": self.decision_id,
            "path": "/".join(self.path),
            "made_at": self.made_at,
            "input": kept,
            "result": result,
            "is_defined": self.answer.is_defined,
            "erased": [*erased, *hidden],
            "requested_by": self.requested_by,
            "revision": ",".join(str(bundle.get("revision", "")) for bundle in bundles.values()),
            "duration_ms": round(self.answer.seconds * 1000, 3),
            "trace_id": self.trace_id,
        }


class Logbook:
    """Takes decisions from any thread; what does not fit is dropped and counted."""

    def __init__(self, sessions: sessionmaker[Session], registry: CollectorRegistry, keep: timedelta) -> None:
        self._sessions = sessions
        self._keep = keep
        self._made: queue.SimpleQueue[Made] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._held_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="decision-log", daemon=True)
        outcomes = Counter("policy_decisions", "Decisions by outcome.", ("outcome",), registry=registry)
        names = ("allow", "deny", "document", "undefined", "error")
        self._outcomes = {name: outcomes.labels(name) for name in names}
        self._seconds = Histogram(
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

    def failed(self) -> None:
        """Count a question that got no decision."""
        self._outcomes["error"].inc()

    def note(self, made: Made) -> None:
        """Count and keep a decision; never waits."""
        self._seconds.observe(made.answer.seconds)
        self._outcomes[_outcome(made.answer)].inc()
        size = made.answer.size_bytes
        with self._lock:
            # One alone is taken whatever its size.
            fits = not self._held_bytes or self._held_bytes + size <= _WAITING_BYTES
            if fits and self._made.qsize() < _WAITING:
                self._held_bytes += size
                self._made.put(made)
                return
        self.dropped.inc()

    def _next_row(self) -> dict[str, Any]:
        made = self._made.get_nowait()
        with self._lock:
            self._held_bytes -= made.answer.size_bytes
        # Gives way: many rows in one go would hold up whoever decides for the interpreter's turn of 5 ms.
        time.sleep(0)
        return made.row()

    def _run(self) -> None:
        pruned = time.monotonic()
        is_behind = False
        while True:
            stopping = self._stop.wait(0 if is_behind else _WITHIN_S)
            rows: list[dict[str, Any]] = []
            while len(rows) < _BATCH and not self._made.empty():
                rows.append(self._next_row())
            is_behind = len(rows) == _BATCH
            self._write(rows)
            if time.monotonic() - pruned > _PRUNE_EVERY_S:
                pruned = time.monotonic()
                self._prune()
            if stopping and self._made.empty():
                return

    def _write(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        try:
            with transaction(self._sessions) as session:
                DecisionRepository(session).add(rows)
        except Invalid as error:
            # A value that the database does not keep, a NUL character say, costs its own row alone.
            if len(rows) > 1:
                self._write(rows[: len(rows) // 2])
                self._write(rows[len(rows) // 2 :])
            else:
                self._drop(rows, error)
        except AppError as error:
            self._drop(rows, error)

    def _drop(self, rows: list[dict[str, Any]], error: AppError) -> None:
        self.dropped.inc(len(rows))
        log.warning("decisions were not logged", count=len(rows), error=error.detail)

    def _prune(self) -> None:
        try:
            with transaction(self._sessions) as session:
                DecisionRepository(session).prune(utc_now() - self._keep)
        except AppError as error:
            log.warning("old decisions were not dropped", error=error.detail)


def _outcome(answer: Answer) -> str:
    if not answer.is_defined:
        return "undefined"
    if isinstance(answer.value, bool):
        return "allow" if answer.value else "deny"
    return "document"
