"""What somebody has to read in the application, and the devices that are told."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hubs.ux_hub.notification.errors import NotificationNotFound
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.schemas import InboxItem, InboxList
from hubs.ux_hub.notification.service.subscribing import SubscriptionService
from shared.core.clock import utc_now


class Inbox:
    """The application's notifications of one person at a time."""

    def __init__(self, subscriptions: SubscriptionService, repository: NotificationRepository) -> None:
        self._subscriptions = subscriptions
        self._repository = repository

    def _own(self, subject: str) -> UUID:
        return self._subscriptions.subscriber_of(subject).id

    def list(self, subject: str, limit: int, *, unread: bool = False) -> InboxList:
        """Return notifications, the newest first, and how many are unread."""
        own = self._own(subject)
        rows = self._repository.inbox(own, limit, unread=unread)
        return InboxList(
            data=[_item(entry, match) for entry, match in rows], unread=self._repository.count_unread(own)
        )

    def get(self, subject: str, notification_id: UUID) -> InboxItem:
        """Return one notification. Raises: NotificationNotFound."""
        found = self._repository.find_in_inbox(self._own(subject), notification_id)
        if found is None:
            raise NotificationNotFound("no such notification")
        return _item(*found)

    def mark(self, subject: str, notification_id: UUID | None, *, is_read: bool) -> int:
        """Mark one as read or unread, or all as read; return how many are unread now.

        Raises: NotificationNotFound.
        """
        own = self._own(subject)
        named = None if notification_id is None else [notification_id]
        changed = self._repository.mark_read(own, named, utc_now() if is_read else None)
        if named and not changed:
            raise NotificationNotFound("no such notification")
        return self._repository.count_unread(own)

    def delete(self, subject: str, notification_id: UUID) -> None:
        """Remove one. Raises: NotificationNotFound."""
        if not self._repository.forget_in_inbox(self._own(subject), [notification_id]):
            raise NotificationNotFound("no such notification")

    def clear(self, subject: str) -> None:
        """Remove all."""
        self._repository.forget_in_inbox(self._own(subject), None)

    def forget_device(self, subject: str, endpoint: str) -> None:
        """Send a device of one's own nothing more; somebody else's is left alone."""
        if any(one.endpoint == endpoint for one in self._repository.browsers(self._own(subject))):
            self._repository.forget_browser(endpoint)


def _item(entry: Any, match: Any) -> InboxItem:
    names = ("id", "kind", "title_en", "title_fr", "detail_en", "detail_fr", "url", "occurred_at")
    return InboxItem(**{name: getattr(match, name) for name in names}, read_at=entry.read_at)
