"""Telling others: every change goes to the change feed and, in messages of at most 500, to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from hubs.data_hub.database.repository.ledger import LedgerRepository
from shared.contracts.envelope import Event
from shared.contracts.events.civic import CHANGED_CLASSES, RecordChange
from shared.logging import request_id_var

PRODUCER = "data_hub.database"
MAX_CHANGES = 500


class Publisher(Protocol):
    """Where events are left for the relay."""

    def publish(self, *events: Event) -> None:
        """Have events sent if and when the transaction commits."""


class Announcer:
    """Announces the changes of one transaction; called last, as the feed's order is held until the commit."""

    def __init__(self, ledger: LedgerRepository, publisher: Publisher) -> None:
        self._ledger = ledger
        self._publisher = publisher

    def announce(
        self,
        kind: str,
        changes: Sequence[dict[str, Any]],
        run_id: UUID | None,
        source_id: str,
        at: datetime,
    ) -> None:
        """Publish changes of one kind and append them to the feed."""
        if not changes:
            return
        cls = CHANGED_CLASSES[kind]
        correlation = request_id_var.get() or None
        self._publisher.publish(
            *(
                cls(
                    producer=PRODUCER,
                    correlation_id=correlation,
                    run_id=run_id,
                    source_id=source_id,
                    changes=tuple(_event_change(c) for c in changes[start : start + MAX_CHANGES]),
                )
                for start in range(0, len(changes), MAX_CHANGES)
            )
        )
        common = {"source_id": source_id, "run_id": run_id, "changed_at": at}
        self._ledger.insert_changes([{**change, **common} for change in changes])


def _event_change(change: dict[str, Any]) -> RecordChange:
    return RecordChange(
        id=change["record_id"],
        key=change["key"],
        change=change["change"],
        jurisdiction=change["jurisdiction"],
        title_en=change["title_en"],
        title_fr=change["title_fr"],
        fields={name: (values[0], values[1]) for name, values in change["fields"].items()},
    )
