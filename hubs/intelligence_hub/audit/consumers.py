"""Audit events of every hub, appended in batches; an event that comes twice is one entry."""

from __future__ import annotations

from collections.abc import Sequence

from hubs.intelligence_hub.audit.schemas import EntryCreate
from hubs.intelligence_hub.audit.writer import AuditWriter
from shared.app import Resources
from shared.contracts.events.auditing import AuditRecordedV1
from shared.messaging.bus import Delivery, QueueSpec
from shared.messaging.consumer import Consumer

QUEUE = QueueSpec(name="intelligence.audit", topics=(AuditRecordedV1.topic,))


def start_consumer(resources: Resources) -> None:
    """Append what arrives in a thread of this process."""
    writer = resources.get(AuditWriter)

    def handle(deliveries: Sequence[Delivery]) -> None:
        writer.append([entry_of(delivery) for delivery in deliveries])

    consumer = Consumer(
        resources.bus, QUEUE, batch_handler=handle, batch_size=200, batch_wait_s=0.05, stop=resources.stop
    )
    consumer.start()
    resources.stack.callback(consumer.close)


def entry_of(delivery: Delivery) -> EntryCreate:
    """Return the entry that an audit event asks for."""
    event = delivery.event
    assert isinstance(event, AuditRecordedV1)
    return EntryCreate(**event.model_dump(exclude={"correlation_id"}), clock_source=event.producer)
