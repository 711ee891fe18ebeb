"""The platform's use is told in sums: each request once, nothing of whoever made it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from hubs.ux_hub.api_gateway.usage import UsageCounter
from shared.contracts.events.usage import UsageCountedV1
from shared.core.errors import Unavailable
from shared.http.middleware import HttpMetrics
from shared.messaging.bus import Message, decode


class Bus:
    """Takes messages, or takes them and then fails to say so."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.is_away = False

    def send(self, messages: Sequence[Message], *, mandatory: bool = False) -> None:
        self.sent += messages
        if self.is_away:
            raise Unavailable("the broker is away")


@pytest.fixture
def metrics() -> HttpMetrics:
    return HttpMetrics("ux", CollectorRegistry())


def told(bus: Bus) -> list[dict[tuple[str, int], int]]:
    events = {message.id: decode(message.topic, message.body) for message in bus.sent}
    assert all(isinstance(event, UsageCountedV1) for event in events.values())
    return [{(use.route, use.status): use.requests for use in event.routes} for event in events.values()]


def test_each_answer_is_told_once_by_route_and_class_of_status(metrics) -> None:
    bus = Bus()
    counter = UsageCounter(metrics, bus, "ux_hub")
    counter.tell()
    assert not bus.sent
    for method, route, status in (
        ("GET", "/api/v1/bills", 200), ("HEAD", "/api/v1/bills", 206), ("GET", "/api/v1/bills", 404),
        ("GET", "/{lang:lang}/votes/{item}", 200), ("GET", "/healthz", 200), ("GET", "/metrics", 200),
        ("GET", "/static/{digest}/{name}", 200),
    ):  # fmt: skip
        metrics.observe(method, route, status, 0.01)
    counter.tell()
    counter.tell()
    metrics.observe("GET", "/api/v1/bills", 503, 0.01)
    metrics.observe("GET", "/api/v1/bills", 200, 0.01)
    counter.tell()
    assert told(bus) == [
        {("/api/v1/bills", 2): 2, ("/api/v1/bills", 4): 1, ("/{lang:lang}/votes/{item}", 2): 1},
        {("/api/v1/bills", 2): 1, ("/api/v1/bills", 5): 1},
    ]


def test_what_the_broker_may_not_have_taken_goes_again_as_the_same_message(metrics) -> None:
    bus = Bus()
    counter = UsageCounter(metrics, bus, "ux_hub")
    metrics.observe("GET", "/api/v1/bills", 200, 0.01)
    bus.is_away = True
    counter.tell()
    metrics.observe("GET", "/api/v1/bills", 200, 0.01)
    counter.tell()
    bus.is_away = False
    counter.tell()
    first, again, once_more, second = bus.sent
    assert first == again == once_more
    assert second.id != first.id
    assert told(bus) == [{("/api/v1/bills", 2): 1}, {("/api/v1/bills", 2): 1}]
