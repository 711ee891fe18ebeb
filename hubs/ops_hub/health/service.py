"""Polling: ask every target at once, remember what it said, and find the root of a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from hubs.ops_hub.health.schemas import HealthRead, State, TargetRead
from shared.core.clock import utc_now
from shared.core.errors import AppError, NotFound
from shared.logging import get_logger

log = get_logger(__name__)
_CHECK_TIMEOUT_S = 4.0
_POLL_EVERY_S = 3.0
_FAILURES_BEFORE_DOWN = 2

Check = Callable[[], None]
"""Returns when the target is well; raises with the reason when it is not."""


@dataclass
class Target:
    """Something that is watched, and what it cannot do without."""

    name: str
    check: Check
    depends_on: tuple[str, ...] = ()
    state: State = "unknown"
    reason: str = ""
    latency_ms: float | None = None
    checked_at: datetime | None = None
    since: datetime | None = None
    failures: int = 0
    history: list[float] = field(default_factory=list)


class HealthService:
    """Hold the state of all targets; ``poll`` refreshes it, ``read`` answers at once from memory."""

    def __init__(self, targets: list[Target], clock: Callable[[], datetime] = utc_now) -> None:
        self._targets = {target.name: target for target in targets}
        self._clock = clock
        self._lock = threading.Lock()
        self._polled_at: datetime | None = None

    def poll(self) -> None:
        """Check every target, all at the same time."""
        with ThreadPoolExecutor(max_workers=max(1, len(self._targets))) as pool:
            outcomes = dict(pool.map(_run, self._targets.values()))
        now = self._clock()
        with self._lock:
            for name, (reason, latency_ms) in outcomes.items():
                _note(self._targets[name], reason, latency_ms, now)
            self._polled_at = now

    def read(self) -> HealthRead:
        """Return the whole, with the root of what fails."""
        with self._lock:
            down = {name for name, target in self._targets.items() if target.state == "down"}
            rows = [self._row(target, down) for target in self._targets.values()]
        roots = [row.name for row in rows if row.state == "down" and not row.caused_by]
        up = sum(row.state == "up" for row in rows)
        score = round(100 * up / len(rows)) if rows else 0
        state: State = "up" if up == len(rows) else "degraded" if up else "down"
        if any(row.state == "unknown" for row in rows):
            state = "unknown"
        return HealthRead(state=state, score=score, roots=roots, targets=rows, checked_at=self._polled_at)

    def get(self, name: str) -> TargetRead:
        """Return one target.

        Raises: NotFound.
        """
        for row in self.read().targets:
            if row.name == name:
                return row
        raise NotFound(f"no target {name!r}", known=sorted(self._targets))

    def _row(self, target: Target, down: set[str]) -> TargetRead:
        causes = self._failing_below(target.name, down, set()) if target.state == "down" else set()
        return TargetRead(
            name=target.name,
            state=target.state,
            reason=target.reason,
            latency_ms=target.latency_ms,
            checked_at=target.checked_at,
            since=target.since,
            depends_on=list(target.depends_on),
            caused_by=sorted(causes),
        )

    def _failing_below(self, name: str, down: set[str], seen: set[str]) -> set[str]:
        found = set()
        for dependency in self._targets[name].depends_on:
            if dependency in self._targets and dependency not in seen:
                seen.add(dependency)
                below = self._failing_below(dependency, down, seen)
                found |= below or ({dependency} & down)
        return found


def _run(target: Target) -> tuple[str, tuple[str, float]]:
    start = time.perf_counter()
    reason = ""
    try:
        target.check()
    except AppError as error:
        reason = error.detail
    # A probe may fail in any way its target can; each way is a state, not a crash.
    except Exception as error:  # noqa: BLE001
        reason = f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}"
    return target.name, (reason, round((time.perf_counter() - start) * 1000, 2))


def _note(target: Target, reason: str, latency_ms: float, now: datetime) -> None:
    target.failures = target.failures + 1 if reason else 0
    # One failed check is a hiccup; two in a row are a state.
    state: State = "up" if not reason else target.state
    if target.failures >= _FAILURES_BEFORE_DOWN or (reason and target.state == "unknown"):
        state = "down"
    if state != target.state:
        log.info("target changed", target=target.name, before=target.state, after=state, reason=reason)
        target.since = now
    target.state, target.reason = state, reason
    target.latency_ms, target.checked_at = latency_ms, now


def http_check(client: httpx.Client, url: str) -> Check:
    """Return a check that wants 200 from a readiness address; the problem's detail is the reason."""

    def check() -> None:
        answer = client.get(url, timeout=_CHECK_TIMEOUT_S)
        if answer.status_code == 200:
            return
        try:
            detail = str(answer.json().get("detail", ""))
        except ValueError:
            detail = ""
        raise NotFound(detail or f"answered {answer.status_code}")

    return check


def poll_until(service: HealthService, stop: threading.Event, tell: Callable[[HealthRead], None]) -> None:
    """Poll until told to stop, telling each outcome; the thread's body."""
    while not stop.is_set():
        service.poll()
        tell(service.read())
        stop.wait(_POLL_EVERY_S)
