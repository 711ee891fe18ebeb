"""Publishing inside a transaction: an event is a row until its transaction commits and the relay sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Table, func, insert, select
from sqlalchemy.orm import Session

from shared.contracts.envelope import Event
from shared.messaging.bus import Message
from shared.outbox.models import wake_channel


class Outbox:
    """The outbox of one transaction: ``Outbox(session, models.outbox).publish(event)``."""

    def __init__(self, session: Session, table: Table) -> None:
        self._session = session
        self._table = table

    def publish(
        self,
        *events: Event,
        priority: int | None = None,
        headers: Mapping[str, str] | None = None,
        mandatory: bool = False,
    ) -> None:
        """Have events sent, in this order, if and when the caller's transaction commits.

        A ``mandatory`` event stays here until some queue wants it; the bus drops others that nobody wants.
        """
        if not events:
            return
        messages = [Message.of(event, priority=priority, headers=headers) for event in events]
        rows = [
            {
                "message_id": UUID(m.id),
                "topic": m.topic,
                "body": m.body,
                "producer": m.producer,
                "correlation_id": m.correlation_id,
                "priority": m.priority,
                "headers": dict(m.headers),
                "is_mandatory": mandatory,
            }
            for m in messages
        ]
        self._session.execute(insert(self._table), rows)
        self._session.execute(select(func.pg_notify(wake_channel(self._table.schema), "")))


@dataclass(frozen=True, slots=True)
class OutboxLag:
    """How far the relay is behind: rows not yet sent, and the age of the oldest in seconds."""

    count: int
    oldest_age_s: float


def outbox_lag(session: Session, table: Table) -> OutboxLag:
    """Return how much still waits to be sent."""
    age = func.extract("epoch", func.clock_timestamp() - func.min(table.c.created_at))
    count, oldest = session.execute(select(func.count(), age).select_from(table)).one()
    return OutboxLag(count=count, oldest_age_s=max(0.0, float(oldest or 0.0)))
