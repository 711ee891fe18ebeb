"""The targets of this installation and the thread that polls them."""

from __future__ import annotations

import contextlib
import threading

from hubs.ops_hub.health.incidents import IncidentBook
from hubs.ops_hub.health.service import HealthService, Target, http_check, poll_until
from shared.app import Resources
from shared.core.errors import NotFound
from shared.messaging.bus import EventBus

_HUBS_BELOW = {
    "ux": ("security", "data", "business", "intelligence"),
    "security": ("postgresql",),
    "data": ("postgresql",),
    "business": ("postgresql", "broker", "data"),
    "intelligence": ("postgresql", "broker"),
}


def start_watching(resources: Resources) -> None:
    """Watch every other hub, the database and the broker until the hub ends."""
    urls = resources.settings.hubs
    targets = [
        Target(name, http_check(resources.http, f"{getattr(urls, name)}/readyz"), below)
        for name, below in _HUBS_BELOW.items()
    ]
    targets.append(Target("postgresql", resources.checks["database"]))
    bus = resources.open_bus()
    resources.stack.callback(bus.close)
    below_broker = () if resources.settings.rabbit.url else ("postgresql",)
    targets.append(Target("broker", lambda: _broker_answers(bus), below_broker))
    service = HealthService(targets)
    resources.put(service)
    book = IncidentBook(resources.sessionmaker)
    thread = threading.Thread(
        target=poll_until, args=(service, resources.stop, book.note), name="health-poller", daemon=True
    )
    thread.start()
    resources.stack.callback(thread.join, 5)


def _broker_answers(bus: EventBus) -> None:
    # A queue that nobody has declared yet is an answer too.
    with contextlib.suppress(NotFound):
        bus.depth("business.etl")
