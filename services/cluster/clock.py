"""Time as the engine needs it: asked for and waited through one object, so that tests can own it."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol

from shared.core.clock import utc_now


class Clock(Protocol):
    """Tells the time and waits."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        ...


class WallClock:
    """The real clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return utc_now()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        time.sleep(seconds)
