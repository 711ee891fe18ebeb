"""Wake the keeper of facts when the record changes."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hubs.intelligence_hub.analytics.loading import FactKeeper
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.contracts.events.civic import CHANGED_CLASSES
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer

QUEUE = QueueSpec(
    name="intelligence.analytics",
    topics=(CHANGED_CLASSES["vote_event"].topic, CHANGED_CLASSES["bill"].topic),
)


def start_keeping(resources: Resources) -> None:
    """Keep facts in a thread of this process, woken by events."""
    client = DataHubClient(resources.settings.hubs.data, resources.http, resources.tokens)
    keeper = FactKeeper(resources.sessionmaker, client)
    resources.put(keeper)
    thread = threading.Thread(target=keeper.run, args=(resources.stop,), name="fact-keeper", daemon=True)
    thread.start()

    def handle(_: Sequence[Delivery]) -> None:
        keeper.wake.set()

    consumer = Consumer(resources.bus, QUEUE, batch_handler=handle, batch_size=100, stop=resources.stop)
    consumer.start()
    resources.stack.callback(consumer.close)
    resources.stack.callback(keeper.wake.set)
