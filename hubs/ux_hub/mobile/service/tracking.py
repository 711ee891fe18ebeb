"""Following a record by its own address in place of a subscription's."""

from __future__ import annotations

from hubs.ux_hub.notification.schemas import SubscriptionCreate, SubscriptionRead
from hubs.ux_hub.notification.service.subscribing import SubscriptionService


class Tracking:
    """Following a record by its own address in place of a subscription's."""

    def __init__(self, subscriptions: SubscriptionService) -> None:
        self._subscriptions = subscriptions

    def track(self, subject: str, kind: str, key: str, name: str) -> SubscriptionRead:
        """Follow a record in the application; twice is once."""
        form = SubscriptionCreate.model_validate({"kind": kind, "target": key, "name": name[:200]})
        return SubscriptionRead.model_validate(self._subscriptions.create(subject, form))

    def untrack(self, subject: str, kind: str, key: str) -> None:
        """Follow a record no more; what was not followed stays so."""
        for row in self._subscriptions.list(subject):
            if (row.kind, row.target) == (kind, key):
                self._subscriptions.delete(subject, row.id)
