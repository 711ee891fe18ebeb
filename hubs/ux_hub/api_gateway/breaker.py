"""A circuit breaker per upstream: after failures in a row it answers for the hub, then lets one try."""

from __future__ import annotations

import time
from collections.abc import Callable

CLOSED, HALF_OPEN, OPEN = 0, 1, 2


class Breaker:
    """Closed: all pass. Open: none, for ``open_s`` seconds. Half-open: one at a time until one succeeds."""

    __slots__ = ("_clock", "_failures", "_limit", "_open_s", "_open_until", "_probing", "state")

    def __init__(self, failures: int, open_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.state = CLOSED
        self._limit = failures
        self._open_s = open_s
        self._clock = clock
        self._failures = 0
        self._open_until = 0.0
        self._probing = False

    def may_pass(self) -> bool:
        """Tell whether a request may try; in the half-open state, the caller is the one that tries."""
        if self.state == CLOSED:
            return True
        if self.state == OPEN:
            if self._clock() < self._open_until:
                return False
            self.state = HALF_OPEN
            self._probing = False
        if self._probing:
            return False
        self._probing = True
        return True

    def succeeded(self) -> None:
        """Note an answer: the circuit closes."""
        self._failures = 0
        self._probing = False
        self.state = CLOSED

    def failed(self) -> None:
        """Note that no answer came; the failure of a trial opens the circuit again."""
        self._failures += 1
        if self.state == HALF_OPEN or self._failures >= self._limit:
            self.state = OPEN
            self._open_until = self._clock() + self._open_s
        self._probing = False

    def gave_up(self) -> None:
        """Note that the caller left before the outcome was known."""
        self._probing = False

    def read_state(self) -> float:
        """Return the state as a number, for a gauge."""
        return float(self.state)

    @property
    def retry_after_s(self) -> int:
        """Return the whole seconds until a request may try again, at least 1."""
        return max(1, round(self._open_until - self._clock()))
