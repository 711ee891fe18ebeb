"""What is watched: one target's state from the outcomes of its checks, with flaps damped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hubs.ops_hub.health.schemas import Kind, State
from shared.logging import get_logger

log = get_logger(__name__)
CONFIRMATIONS = 2
"""Failed checks in a row until a target is down, and good ones until it is up again."""
FLAPS = 4
FLAP_WINDOW = timedelta(minutes=10)
FLAP_REST = timedelta(minutes=1)
_KEPT_LATENCIES = 200


class Degraded(Exception):
    """It works, but somebody should look at it; the text says why."""


class NotKnown(Exception):
    """It cannot be told now: whoever would know is away, and is watched as a target of its own."""


class Failed(Exception):
    """It does not work; ``blames`` are the names of what the target itself says it is missing."""

    def __init__(self, reason: str, blames: frozenset[str] = frozenset()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.blames = blames


Check = Callable[[], None]
"""Returns when the target is well; raises Degraded or (anything else) with the reason when it is not."""


@dataclass(frozen=True)
class Outcome:
    """What one check said."""

    state: State
    reason: str = ""
    latency_ms: float | None = None
    blames: frozenset[str] = frozenset()


@dataclass
class Target:
    """Something that is watched; it cannot work without ``depends_on``, and works worse without ``uses``."""

    name: str
    check: Check
    depends_on: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    kind: Kind = "process"
    every_s: float = 0.0
    """Seconds between two checks; 0: at every look."""
    confirmations: int = CONFIRMATIONS
    state: State = "unknown"
    reason: str = ""
    latency_ms: float | None = None
    checked_at: datetime | None = None
    since: datetime | None = None
    failures: int = 0
    successes: int = 0
    blames: frozenset[str] = frozenset()
    explained_by: dict[str, datetime] = field(default_factory=dict)
    changes: deque[datetime] = field(default_factory=lambda: deque(maxlen=2 * FLAPS))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_LATENCIES))

    def is_flapping(self, now: datetime) -> bool:
        """Tell whether it has come and gone so often of late that its next return is not believed at once."""
        return len([at for at in self.changes if now - at <= FLAP_WINDOW]) >= FLAPS

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether the next check will decide: then it is worth to look again soon."""
        if self.state == "down":
            return self.successes > 0
        return self.failures > 0

    def note(self, outcome: Outcome, now: datetime, *, is_settling: bool = False) -> None:
        """Take the outcome of a check; while the platform settles, what was never up is not yet down."""
        if outcome.state == "unknown":
            return
        self.checked_at, self.latency_ms, self.blames = now, outcome.latency_ms, outcome.blames
        if outcome.latency_ms is not None:
            self.latencies.append(outcome.latency_ms)
        is_bad = outcome.state == "down"
        self.failures = self.failures + 1 if is_bad else 0
        self.successes = 0 if is_bad else self.successes + 1
        if is_bad:
            is_early = self.state == "unknown" and is_settling
            if self.state == "down" or (self.failures >= self.confirmations and not is_early):
                self._enter("down", outcome.reason, now)
            return
        if self.state == "down":
            if self.successes < self.confirmations:
                return
            # What went with something else is believed when it comes back with it, however it behaved before.
            is_own = not self.explained_by
            if is_own and self.is_flapping(now) and self.changes and now - self.changes[-1] < FLAP_REST:
                self.reason = f"comes and goes: {len(self.changes)} changes within ten minutes"
                return
        self._enter(outcome.state, outcome.reason, now)

    def _enter(self, state: State, reason: str, now: datetime) -> None:
        if state != self.state:
            log.info("target changed", target=self.name, before=self.state, after=state, reason=reason)
            self.since = now
            if self.state == "down" and self.explained_by and self.changes:
                # It went with something else and came back with it: that is no flap of its own.
                self.changes.pop()
            elif "down" in (state, self.state) and self.state != "unknown":
                self.changes.append(now)
        self.state, self.reason = state, reason
