"""How many whole listings a process sends at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.core.errors import TooManyRequests

MOST_AT_ONCE = 2


class WholeListings:
    """How many whole listings this process is sending: few, as each keeps it as busy as a crawl does."""

    def __init__(self) -> None:
        self._under_way = 0

    def require_place(self) -> None:
        """Let another one begin.

        Raises: TooManyRequests when as many as may be are under way.
        """
        if self._under_way >= MOST_AT_ONCE:
            raise TooManyRequests(
                "limit=all: others read whole listings just now; try again, or take pages",
                headers={"Retry-After": "15"},
            )

    @contextmanager
    def place(self) -> Iterator[None]:
        """Count one for as long as it is under way."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
