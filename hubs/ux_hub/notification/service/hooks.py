"""Webhooks and browsers of a person: made, listed, rotated, tried, forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.ux_hub.notification.calling import check_url, new_secret
from hubs.ux_hub.notification.errors import WebhookNotFound
from hubs.ux_hub.notification.models import Delivery, Webhook, WebhookAttempt
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.schemas import PushBrowserCreate, WebhookCreate
from hubs.ux_hub.notification.service.links import Links
from hubs.ux_hub.notification.service.subscribing import SubscriptionService
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.core.clock import utc_now
from shared.core.errors import Invalid

_OVERLAP = timedelta(hours=24)
_MAX_HOOKS = 20


class HookService:
    """What is called when something a person follows happens."""

    def __init__(
        self, repository: NotificationRepository, subscribers: SubscriptionService, settings: UxSettings
    ) -> None:
        self._repository = repository
        self._subscribers = subscribers
        self._allow_private = settings.environment != "production" and settings.alerts.allow_private_targets

    def list(self, subject: str) -> Sequence[Webhook]:
        """Return the caller's webhooks, newest first."""
        return self._repository.webhooks(self._subscribers.subscriber_of(subject).id)

    def create(self, subject: str, form: WebhookCreate) -> Webhook:
        """Make a webhook with a fresh secret.

        Raises: Invalid for an address that may not be called.
        """
        check_url(form.url, allow_private=self._allow_private)
        subscriber = self._subscribers.subscriber_of(subject)
        if len(self._repository.webhooks(subscriber.id)) >= _MAX_HOOKS:
            raise Invalid(f"at most {_MAX_HOOKS} webhooks")
        row = Webhook(
            subscriber_id=subscriber.id, url=form.url, description=form.description, secret=new_secret()
        )
        self._repository.add(row)
        return row

    def get(self, subject: str, webhook_id: UUID) -> Webhook:
        """Return one of the caller's webhooks.

        Raises: WebhookNotFound.
        """
        row = self._repository.find_webhook(webhook_id)
        if row is None or row.subscriber_id != self._subscribers.subscriber_of(subject).id:
            raise WebhookNotFound("no such webhook")
        return row

    def rotate(self, subject: str, webhook_id: UUID) -> Webhook:
        """Give a webhook a new secret; the old one signs along for a day.

        Raises: WebhookNotFound.
        """
        row = self.get(subject, webhook_id)
        row.former_secret, row.former_until = row.secret, utc_now() + _OVERLAP
        row.secret = new_secret()
        return row

    def enable(self, subject: str, webhook_id: UUID) -> Webhook:
        """Switch a webhook on again.

        Raises: WebhookNotFound.
        """
        row = self.get(subject, webhook_id)
        row.disabled_at, row.disabled_reason, row.failing_since = None, "", None
        return row

    def try_out(self, subject: str, webhook_id: UUID) -> Delivery:
        """Send a sample.

        Raises: WebhookNotFound.
        """
        row = self.get(subject, webhook_id)
        now = utc_now()
        delivery = Delivery(
            subscriber_id=row.subscriber_id, channel="webhook", target=str(row.id), template="test",
            values={"items": [], "count": 0, "title": "Test"}, next_at=now, created_at=now, state="pending",
        )  # fmt: skip
        self._repository.add(delivery)
        return delivery

    def delete(self, subject: str, webhook_id: UUID) -> None:
        """Forget a webhook.

        Raises: WebhookNotFound.
        """
        self._repository.delete(self.get(subject, webhook_id))

    def attempts(self, subject: str, webhook_id: UUID, limit: int) -> Sequence[WebhookAttempt]:
        """Return the delivery log of a webhook, newest first.

        Raises: WebhookNotFound.
        """
        return self._repository.attempts(self.get(subject, webhook_id).id, limit)

    def add_browser(self, subject: str, form: PushBrowserCreate) -> None:
        """Let a browser of the caller take Web Push.

        Raises: Invalid for an endpoint that may not be called.
        """
        check_url(form.endpoint, allow_private=self._allow_private)
        self._repository.put_browser(
            {
                "subscriber_id": self._subscribers.subscriber_of(subject).id,
                "endpoint": form.endpoint,
                "p256dh": form.keys["p256dh"],
                "auth": form.keys["auth"],
                "created_at": utc_now(),
            }
        )


def build(session: Session, resources: Resources) -> HookService:
    """Return the service for one transaction."""
    settings = UxSettings.of(resources.settings)
    repository = NotificationRepository(session)
    return HookService(repository, SubscriptionService(repository, Links(settings)), settings)
