"""Events that somebody may want to hear of: the record changed, a source was read, a hub has mail to send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hubs.ux_hub.base import inbox
from hubs.ux_hub.notification.dispatching import Dispatcher
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.service.telling import TellingService, run_happening
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.contracts.events.civic import CHANGED_CLASSES, RecordsChanged
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.notices import NoticeRequestedV1
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer
from shared.outbox.inbox import Inbox

QUEUE = QueueSpec(
    name="ux.notification",
    topics=(
        *(cls.topic for cls in CHANGED_CLASSES.values()),
        ImportFinishedV1.topic,
        NoticeRequestedV1.topic,
    ),
)
_COLLECTIONS = {"vote_event": "votes", "person": "people", "bill_text": "bill-texts", "speech": "speeches"}


def start_notification(resources: Resources) -> None:
    """Consume in a thread of this process."""

    def handle(deliveries: Sequence[Delivery]) -> None:
        note_events(resources, deliveries)
        resources.get(Dispatcher).wake()

    consumer = Consumer(
        resources.bus, QUEUE, batch_handler=handle, batch_size=20, batch_wait_s=0.05, stop=resources.stop
    )
    consumer.start()
    resources.stack.callback(consumer.close)


def note_events(resources: Resources, deliveries: Sequence[Delivery]) -> None:
    """Handle events in one transaction, each once."""
    data = DataHubClient(resources.settings.hubs.data, resources.http, None)

    def load(kind: str, record_id: str) -> dict[str, Any]:
        try:
            return data.get(_COLLECTIONS.get(kind, f"{kind}s"), record_id)
        except AppError as error:
            if error.status in (404, 410):
                return {}
            raise

    with transaction(resources.sessionmaker) as session:
        fresh = Inbox(session, inbox, QUEUE.name).unseen(delivery.message_id for delivery in deliveries)
        telling = TellingService(NotificationRepository(session), load)
        for delivery in deliveries:
            event = delivery.event
            if event.id not in fresh:
                continue
            fresh.discard(event.id)
            if isinstance(event, NoticeRequestedV1):
                telling.notice(event)
            elif isinstance(event, ImportFinishedV1):
                telling.tell([run_happening(event)])
            elif isinstance(event, RecordsChanged):
                telling.tell(telling.happenings(event, str(event.id)))
