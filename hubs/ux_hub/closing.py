"""What the event loop has to close: parts of the hub that live on it register here, the door closes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable


class Closing:
    """Asynchronous ends of parts, run at shutdown, the last one registered first."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], Awaitable[None]]] = []

    def add(self, callback: Callable[[], Awaitable[None]]) -> None:
        """Have something awaited at shutdown."""
        self._callbacks.append(callback)

    async def run(self) -> None:
        """Close everything."""
        while self._callbacks:
            await self._callbacks.pop()()
