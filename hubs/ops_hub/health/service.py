"""Polling: ask every target at once, remember what it said, and find the root of a failure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from hubs.ops_hub.health.names import name_of
from hubs.ops_hub.health.schemas import HealthRead, State, TargetRead
from hubs.ops_hub.health.targets import Degraded, Failed, NotKnown, Outcome, Target
from shared.core.clock import utc_now
from shared.core.errors import AppError, NotFound
from shared.logging import get_logger

log = get_logger(__name__)
AFTERMATH = timedelta(seconds=20)
"""How long after the recovery of a root its dependants may still need to come back."""
SOON_S = 1.0

Listener = Callable[[HealthRead], None]


class HealthService:
    """Hold the state of all targets; ``poll`` refreshes it, ``read`` answers at once from memory."""

    def __init__(
        self,
        targets: list[Target],
        clock: Callable[[], datetime] = utc_now,
        *,
        timeout_s: float = 2.0,
        start_grace_s: float = 0.0,
    ) -> None:
        self._targets = {target.name: target for target in targets}
        self._clock = clock
        self._timeout_s = timeout_s
        self._settled_at = clock() + timedelta(seconds=start_grace_s)
        self._lock = threading.Lock()
        self._polled_at: datetime | None = None
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(targets)), thread_name_prefix="check")
        self._in_flight: dict[str, Future[Outcome]] = {}
        self._due: dict[str, float] = {}
        self._below = {name: self._closure(name) for name in self._targets}
        self.listeners: list[Listener] = []
        """Told the outcome of every look; they must not wait for anything."""

    def close(self) -> None:
        """Let go of the threads; a check that hangs is left behind."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def poll(self) -> None:
        """Check every target that is due, all at the same time; one that stays silent has failed."""
        asked = self._ask()
        done, _ = wait(asked.values(), timeout=self._timeout_s)
        now = self._clock()
        with self._lock:
            for name, future in asked.items():
                target = self._targets[name]
                if future in done:
                    self._in_flight.pop(name, None)
                    outcome = future.result()
                else:
                    # A circumstance that takes long to find out is not known yet; a silent process is down.
                    state: State = "unknown" if target.kind == "check" else "down"
                    outcome = Outcome(state, f"did not answer within {self._timeout_s:g} s")
                target.note(outcome, now, is_settling=now < self._settled_at)
            self._polled_at = now
            self._explain(now)

    def run(self, stop: threading.Event, every_s: float) -> None:
        """Poll until told to stop, sooner where a state is in doubt; the thread's body."""
        while not stop.is_set():
            self.poll()
            health = self.read()
            for listener in self.listeners:
                try:
                    listener(health)
                except Exception:
                    log.exception("a listener failed")
            is_in_doubt = any(target.is_in_doubt for target in self._targets.values())
            stop.wait(min(SOON_S, every_s) if is_in_doubt else every_s)

    def read(self) -> HealthRead:
        """Return the whole, with the root of what fails."""
        with self._lock:
            now = self._clock()
            rows = [self._row(target, now) for target in self._targets.values()]
            polled_at = self._polled_at
        roots = [row.name for row in rows if row.state == "down" and not row.caused_by]
        score = sum({"up": 1.0, "degraded": 0.5}.get(row.state, 0.0) for row in rows)
        return HealthRead(
            state=_overall(rows),
            score=round(100 * score / len(rows)) if rows else 0,
            roots=roots,
            targets=rows,
            checked_at=polled_at,
        )

    def get(self, name: str) -> TargetRead:
        """Return one target.

        Raises: NotFound.
        """
        for row in self.read().targets:
            if row.name == name:
                return row
        raise NotFound(f"no target {name!r}", known=sorted(self._targets))

    def _ask(self) -> dict[str, Future[Outcome]]:
        moment = time.monotonic()
        asked: dict[str, Future[Outcome]] = {}
        for name, target in self._targets.items():
            # A check that still hangs is not asked twice: it goes on failing until it returns.
            if name in self._in_flight:
                asked[name] = self._in_flight[name]
            elif self._due.get(name, 0.0) <= moment or target.is_in_doubt:
                self._due[name] = moment + target.every_s
                asked[name] = self._in_flight[name] = self._pool.submit(run_check, target)
        return asked

    def _closure(self, name: str) -> set[str]:
        found: set[str] = set()
        waiting = list(self._targets[name].depends_on)
        while waiting:
            below = waiting.pop()
            if below in self._targets and below not in found:
                found.add(below)
                waiting += self._targets[below].depends_on
        return found - {name}

    def _explain(self, now: datetime) -> None:
        for target in self._targets.values():
            if target.state != "down":
                target.explained_by.clear()
                continue
            for below in (self._below[target.name] | target.blames) & set(self._targets) - {target.name}:
                # In doubt is enough: whoever stands on it may notice a moment before we do.
                if self._targets[below].state == "down" or self._targets[below].failures:
                    target.explained_by[below] = now
            for below, at in list(target.explained_by.items()):
                if now - at > AFTERMATH:
                    del target.explained_by[below]

    def _causes(self, target: Target) -> list[str]:
        if target.state != "down":
            return []
        causes = set(target.explained_by)
        # Only the lowest explain: what is itself explained by another is a consequence too.
        return sorted(name for name in causes if not causes & set(self._targets[name].explained_by))

    def _dependants(self, name: str) -> list[str]:
        return sorted(
            other
            for other, target in self._targets.items()
            if name in self._below[other]
            or name in target.uses
            or any(name in self._below.get(used, ()) for used in target.uses)
        )

    def _row(self, target: Target, now: datetime) -> TargetRead:
        ordered = sorted(target.latencies)
        label_en, label_fr = name_of(target.name)
        return TargetRead(
            name=target.name,
            label_en=label_en,
            label_fr=label_fr,
            kind=target.kind,
            state=target.state,
            reason=target.reason,
            is_flapping=target.is_flapping(now),
            latency_ms=target.latency_ms,
            latency_p50_ms=ordered[len(ordered) // 2] if ordered else None,
            latency_p99_ms=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] if ordered else None,
            checked_at=target.checked_at,
            since=target.since,
            depends_on=list(target.depends_on),
            uses=list(target.uses),
            dependants=self._dependants(target.name),
            caused_by=self._causes(target),
        )


def _overall(rows: list[TargetRead]) -> State:
    hubs = [row for row in rows if row.kind == "hub"] or rows
    if hubs and all(row.state == "down" for row in hubs):
        return "down"
    if any(row.state in ("down", "degraded") for row in rows):
        return "degraded"
    return "up" if rows and all(row.state == "up" for row in rows) else "unknown"


def run_check(target: Target) -> Outcome:
    """Run a target's check and return what it means; a probe may fail in any way that its target can."""
    start = time.perf_counter()

    def outcome(state: State, reason: str = "", blames: frozenset[str] = frozenset()) -> Outcome:
        return Outcome(state, reason, round((time.perf_counter() - start) * 1000, 2), blames)

    try:
        target.check()
    except Degraded as warning:
        return outcome("degraded", str(warning))
    except NotKnown as reason:
        return outcome("unknown", str(reason))
    except Failed as failure:
        return outcome("down", failure.reason, failure.blames)
    except AppError as error:
        return outcome("down", error.detail)
    except Exception as error:  # noqa: BLE001 - each way is a state, not a crash
        text = str(error).splitlines()[0][:200] if str(error) else ""
        return outcome("down", f"{type(error).__name__}: {text}")
    return outcome("up")
