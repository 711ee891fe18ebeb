"""What can be wrong with a request about notifications."""

from __future__ import annotations

from shared.core.errors import BadRequest, NotFound


class SubscriptionNotFound(NotFound):
    """The caller has no such subscription."""


class NotificationNotFound(NotFound):
    """The caller has nothing of that id to read."""


class WebhookNotFound(NotFound):
    """The caller has no such webhook."""


class DeliveryNotFound(NotFound):
    """There is no such delivery."""


class BadLink(BadRequest):
    """The link was not made here, or it was altered."""
