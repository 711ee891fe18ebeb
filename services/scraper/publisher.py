"""Publishing in a thread of its own: crawling goes on while the bus confirms."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from shared.contracts.envelope import Event
from shared.messaging.failures import backoff, is_unavailable

log = logging.getLogger(__name__)

Confirmed = Callable[[], None]


class Bus(Protocol):
    """The part of the event bus that the scraper uses."""

    def publish(self, events: Sequence[Event]) -> None:
        """Return when every event is safely with the broker."""


class PublishingStopped(Exception):
    """The run is to end now; what is not confirmed stays unpublished."""


class Publisher:
    """Sends events in order; waits out a broker that is away; keeps at most ``depth`` groups in hand."""

    def __init__(self, bus: Bus, depth: int = 8) -> None:
        self._bus = bus
        self._queue: queue.Queue[tuple[Sequence[Event], Confirmed] | None] = queue.Queue(depth)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def send(self, events: Sequence[Event], confirmed: Confirmed = lambda: None) -> None:
        """Queue events; ``confirmed`` is called in the publisher's thread once the broker has them.

        Raises: PublishingStopped when the run is to end or the broker refused an event for good.
        """
        self._put((events, confirmed))

    def _put(self, item: tuple[Sequence[Event], Confirmed] | None) -> None:
        while True:
            if self._error is not None or self._stop.is_set():
                raise PublishingStopped(str(self._error or "stopping"))
            try:
                # A short timeout lets signals and the end of the run through while the broker is away.
                self._queue.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                self._deliver(*item)
            except BaseException as error:  # noqa: BLE001 - told to the crawl, which ends the run
                self._error = error
                return

    def _deliver(self, events: Sequence[Event], confirmed: Confirmed) -> None:
        for wait in backoff(0.2, 10.0):
            if self._stop.is_set():
                raise PublishingStopped("stopping")
            try:
                if events:
                    self._bus.publish(events)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("waiting for the bus: %s", error)
                self._stop.wait(wait)
            else:
                confirmed()
                return

    def settle(self) -> None:
        """Return when everything sent so far is confirmed.

        Raises: PublishingStopped when that cannot be.
        """
        done = threading.Event()
        self.send([], done.set)
        while not done.wait(0.1):
            if self._error is not None or self._stop.is_set():
                raise PublishingStopped(str(self._error or "stopping"))

    def finish(self) -> None:
        """Return when everything sent is confirmed.

        Raises: PublishingStopped when that cannot be.
        """
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise PublishingStopped(str(self._error))

    def abandon(self) -> None:
        """Stop without waiting for the broker."""
        self._stop.set()
