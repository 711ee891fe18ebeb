"""Wake the keeper of facts when the record changes; keep what runs yield and how the platform is used."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hubs.intelligence_hub.analytics.loading import FactKeeper
from hubs.intelligence_hub.analytics.service import build
from hubs.intelligence_hub.base import inbox
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.contracts.envelope import Event
from shared.contracts.events.civic import CHANGED_CLASSES
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.scraping import ScrapeFinishedV1
from shared.contracts.events.usage import UsageCountedV1
from shared.db.session import transaction
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.outbox.inbox import Inbox

_KINDS = ("vote_event", "bill", "organization", "debate", "speech", "event")
QUEUE = QueueSpec(
    name="intelligence.analytics",
    topics=(
        *(CHANGED_CLASSES[kind].topic for kind in _KINDS),
        ScrapeFinishedV1.topic,
        ImportFinishedV1.topic,
        UsageCountedV1.topic,
    ),
)


def start_keeping(resources: Resources) -> None:
    """Keep facts in a thread of this process, woken by events."""
    client = DataHubClient(resources.settings.hubs.data, resources.http, resources.tokens)
    keeper = FactKeeper(resources.sessionmaker, client)
    resources.put(keeper)
    thread = threading.Thread(target=keeper.run, args=(resources.stop,), name="fact-keeper", daemon=True)
    thread.start()

    def handle(deliveries: Sequence[Delivery]) -> None:
        events = {str(delivery.message_id): delivery.event for delivery in deliveries}
        if noted := {key: event for key, event in events.items() if is_noted(event)}:
            with transaction(resources.sessionmaker) as session:
                unseen = Inbox(session, inbox, QUEUE.name).unseen(list(noted))
                service = build(session)
                for key in unseen:
                    service.note(noted[str(key)])
        if any(not isinstance(event, UsageCountedV1) for event in events.values()):
            keeper.wake.set()

    consumer = Consumer(resources.bus, QUEUE, batch_handler=handle, batch_size=100, stop=resources.stop)
    consumer.start()
    resources.stack.callback(consumer.close)
    resources.stack.callback(keeper.wake.set)


def is_noted(event: Event) -> bool:
    """Tell whether an event is a fact itself; the others only say that the record changed."""
    return isinstance(event, ScrapeFinishedV1 | ImportFinishedV1 | UsageCountedV1)
