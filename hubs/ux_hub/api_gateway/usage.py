"""What the door answered, published as sums per route template: no cookie, address, account or path is in it.

The sums are differences of the counters that Prometheus reads, so that counting costs a request nothing.
"""

from __future__ import annotations

import threading
from collections import Counter

from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.contracts.events.usage import RouteUse, UsageCountedV1
from shared.core.clock import utc_now
from shared.core.errors import Unavailable
from shared.http.middleware import HttpMetrics
from shared.logging import get_logger
from shared.messaging.bus import EventBus, Message

log = get_logger(__name__)
# Machines that look after the platform, and what a page brings along, are no use that anybody made of it.
_NOT_USE = ("/healthz", "/readyz", "/livez", "/metrics", "/static/", "/favicon.ico", "/internal/")


class UsageCounter:
    """Knows what was told of already."""

    def __init__(self, metrics: HttpMetrics, bus: EventBus, producer: str) -> None:
        self._metrics = metrics
        self._bus = bus
        self._producer = producer
        self._told: Counter[tuple[str, int]] = Counter()
        self._unsent: Message | None = None

    def tell(self) -> None:
        """Publish what was answered since the last time; what the bus does not take waits for the next.

        A message that may have been taken is sent again with its id, by which its reader knows it.
        """
        try:
            if self._unsent is not None:
                self._bus.send([self._unsent])
                self._unsent = None
            answered = self._answered()
            if fresh := answered - self._told:
                self._unsent = Message.of(self._event(fresh))
                self._told = answered
                self._bus.send([self._unsent])
                self._unsent = None
        except Unavailable as error:
            log.info("use of the platform is told later", error=error.detail)

    def _answered(self) -> Counter[tuple[str, int]]:
        found: Counter[tuple[str, int]] = Counter()
        for (_, route, status), requests in self._metrics.totals().items():
            if not route.startswith(_NOT_USE):
                found[route, status // 100] += requests
        return found

    def _event(self, fresh: Counter[tuple[str, int]]) -> UsageCountedV1:
        routes = tuple(
            RouteUse(route=route, status=status, requests=requests)
            for (route, status), requests in sorted(fresh.items())
        )
        return UsageCountedV1(producer=self._producer, ended_at=utc_now(), routes=routes)


def start_counting(resources: Resources) -> None:
    """Tell of the platform's use in a thread of this process, and once more at its end."""
    every_s = UxSettings.of(resources.settings).gateway.usage_every_s
    if not every_s:
        return
    counter = UsageCounter(resources.http_metrics, resources.bus, f"{resources.hub}_hub")

    def run() -> None:
        while not resources.stop.wait(every_s):
            counter.tell()
        counter.tell()

    thread = threading.Thread(target=run, name="usage", daemon=True)
    thread.start()
    resources.stack.callback(thread.join, 5)
