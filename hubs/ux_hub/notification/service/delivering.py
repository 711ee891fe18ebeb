"""From the ledger to messages, and from messages to what became of them."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.ux_hub.notification.calling import Called
from hubs.ux_hub.notification.errors import DeliveryNotFound
from hubs.ux_hub.notification.models import Delivery, LedgerEntry, Match, Subscriber, WebhookAttempt
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.service.links import UNSUBSCRIBE, Links
from hubs.ux_hub.notification.service.subscribing import email_key
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.core.clock import utc_now

_BATCH = 200
_ITEMS_PER_MESSAGE = 50
_MAIL_RETRIES_S = (60, 300, 1_800, 7_200, 21_600, 43_200)
_LOST_AFTER = timedelta(hours=1)
_DISABLE_AFTER = timedelta(days=5)
_HARD = range(500, 600)


def _item(match: Match) -> dict[str, Any]:
    return {
        "id": str(match.id),
        "kind": match.kind,
        "title_en": match.title_en,
        "title_fr": match.title_fr,
        "detail_en": match.detail_en,
        "detail_fr": match.detail_fr,
        "url": match.url,
        "occurred_at": match.occurred_at.isoformat(),
    }


class DeliveryService:
    """Plans messages, hands them out once, and notes what became of each."""

    def __init__(self, repository: NotificationRepository, links: Links, settings: UxSettings) -> None:
        self._repository = repository
        self._links = links
        self._settings = settings

    def plan(self, now: datetime) -> int:
        """Make one message per subscriber and channel of what is due; return how many."""
        made = 0
        due = self._repository.due(now, _BATCH)
        for (subscriber_id, channel), group in groupby(due, key=lambda r: (r[0].subscriber_id, r[0].channel)):
            rows = list(group)
            subscriber = self._repository.find_subscriber(subscriber_id)
            assert subscriber is not None
            for start in range(0, len(rows), _ITEMS_PER_MESSAGE):
                made += self._message(subscriber, channel, rows[start : start + _ITEMS_PER_MESSAGE], now)
        return made

    def _message(
        self, subscriber: Subscriber, channel: str, rows: list[tuple[LedgerEntry, Match]], now: datetime
    ) -> int:
        kind, _, address = channel.partition(":")
        target = str(subscriber.email) if kind == "email" else address
        if kind == "email":
            sent = self._repository.count_mail(target, now - timedelta(days=1))
            if sent >= self._settings.alerts.mail_per_day:
                # Over the cap: what is left waits and leaves together.
                for entry, _match in rows:
                    entry.due_at = now + timedelta(hours=1)
                return 0
        items = [_item(match) for _, match in rows]
        language = subscriber.language
        values: dict[str, Any] = {"items": items, "count": len(items), "title": items[0][f"title_{language}"]}
        if kind == "email":
            only = {entry.subscription_id for entry, _ in rows}
            subscription_id = only.pop() if len(only) == 1 else None
            values["unsubscribe_url"] = self._links.url(UNSUBSCRIBE, subscriber.id, subscription_id)
        delivery = Delivery(
            subscriber_id=subscriber.id, channel=kind, target=target, language=language, values=values,
            template="alert" if len(items) == 1 else "digest", next_at=now, created_at=now, state="pending",
        )  # fmt: skip
        self._repository.add(delivery)
        for entry, _match in rows:
            entry.delivery_id = delivery.id
        return 1

    def claim_mail(self, now: datetime, limit: int) -> Sequence[Delivery]:
        """Return mail whose time has come; it stays locked until this transaction ends."""
        return self._repository.claim(now, limit, ("email",))

    def lease(self, now: datetime, busy: Collection[str], lasting: timedelta) -> Delivery | None:
        """Return a webhook or push delivery whose time has come and whose target is not busy.

        Nobody else gets it while the lease lasts; a process that dies with it leaves it to the next one.
        """
        for delivery in self._repository.claim(now, 1, ("webhook", "push"), busy):
            delivery.next_at = now + lasting
            return delivery
        return None

    def get(self, delivery_id: UUID) -> Delivery:
        """Return a delivery.

        Raises: DeliveryNotFound.
        """
        delivery = self._repository.find_delivery(delivery_id)
        if delivery is None:
            raise DeliveryNotFound("no such delivery")
        return delivery

    def is_suppressed(self, address: str) -> bool:
        """Tell whether nothing may be sent to an address."""
        known = self._repository.find_by_email(email_key(address))
        return known is not None and known.email_suppressed_at is not None

    def handed(self, delivery: Delivery, now: datetime) -> None:
        """Note that the mailer has a message; with no word for an hour it is sent anew."""
        delivery.state = "handed"
        delivery.attempts += 1
        delivery.next_at = now + _LOST_AFTER

    def recover(self, now: datetime) -> int:
        """Take back messages that a mailer's folder took with it."""
        lost = self._repository.lost(now, _BATCH)
        for delivery in lost:
            delivery.state, delivery.next_at = "pending", now
        return len(lost)

    def mail_result(self, delivery_id: UUID, outcome: dict[str, Any]) -> None:
        """Note what the mail server said: taken, refused for good (a bounce) or for now."""
        delivery = self._repository.find_delivery(delivery_id)
        if delivery is None or delivery.state not in ("handed", "pending"):
            return
        now = utc_now()
        if outcome["is_sent"]:
            self.sent(delivery, now, 250)
            return
        delivery.status_code, delivery.last_error = int(outcome["code"]), str(outcome["error"])
        if int(outcome["code"]) in _HARD:
            delivery.state = "dead"
            if int(outcome["code"]) in (550, 551, 553):
                self.bounced(delivery.target, f"{outcome['code']} {outcome['error']}"[:200])
        elif delivery.attempts > len(_MAIL_RETRIES_S):
            delivery.state = "dead"
        else:
            wait = _MAIL_RETRIES_S[min(delivery.attempts, len(_MAIL_RETRIES_S)) - 1]
            delivery.state, delivery.next_at = "pending", now + timedelta(seconds=wait)

    def sent(self, delivery: Delivery, now: datetime, status: int) -> None:
        """Note that a message was taken; what it said for one reader only (links) is forgotten."""
        delivery.state, delivery.sent_at, delivery.status_code, delivery.last_error = "sent", now, status, ""
        if not delivery.values.get("items"):
            delivery.values = {}

    def bounced(self, address: str, reason: str) -> bool:
        """Suppress an address for good; tell whether it is known."""
        known = self._repository.find_by_email(email_key(address))
        if known is None:
            return False
        known.email_suppressed_at = known.email_suppressed_at or utc_now()
        known.suppressed_reason = known.suppressed_reason or reason
        return True

    def called(self, delivery: Delivery, called: Called) -> None:
        """Note what a webhook answered: taken, tried again by the schedule, or switched off."""
        now = utc_now()
        delivery.attempts += 1
        delivery.status_code, delivery.last_error = called.status or None, called.error
        hook = self._repository.find_webhook(UUID(delivery.target))
        if hook is None:
            delivery.state = "dead"
            return
        self._repository.add(
            WebhookAttempt(
                webhook_id=hook.id, delivery_id=delivery.id, at=now, status_code=called.status or None,
                error=called.error, milliseconds=called.milliseconds,
            )
        )  # fmt: skip
        if 200 <= called.status < 300:
            hook.failing_since = None
            self.sent(delivery, now, called.status)
            return
        hook.failing_since = hook.failing_since or now
        if called.status == 410:
            hook.disabled_at, hook.disabled_reason = now, "410 Gone"
        elif now - hook.failing_since > _DISABLE_AFTER:
            hook.disabled_at, hook.disabled_reason = now, "failing for five days"
        self._retry(delivery, called, now)

    def _retry(self, delivery: Delivery, called: Called, now: datetime) -> None:
        schedule = self._settings.alerts.webhook_retries_s
        if called.status == 410 or delivery.attempts >= len(schedule):
            delivery.state = "dead"
            return
        wait = max(schedule[delivery.attempts] * random.uniform(1.0, 1.1), called.retry_after_s)
        delivery.next_at = now + timedelta(seconds=wait)

    def pushed(self, delivery: Delivery, called: Called, endpoint: str) -> None:
        """Note what a push service answered; a browser that is gone is forgotten."""
        now = utc_now()
        delivery.attempts += 1
        delivery.status_code, delivery.last_error = called.status or None, called.error
        if 200 <= called.status < 300:
            self.sent(delivery, now, called.status)
        elif called.status in (404, 410):
            self._repository.forget_browser(endpoint)
            delivery.state = "dead"
        else:
            self._retry(delivery, called, now)

    def dead(self, delivery: Delivery, reason: str, state: str = "dead") -> None:
        """Give a message up."""
        delivery.state, delivery.last_error = state, reason

    def replay(self, delivery_id: UUID) -> Delivery:
        """Send a message once more, dead or not, as a new attempt.

        Raises: DeliveryNotFound.
        """
        delivery = self.get(delivery_id)
        delivery.state, delivery.attempts, delivery.next_at = "pending", 0, utc_now()
        return delivery


def build(session: Session, resources: Resources) -> DeliveryService:
    """Return the service for one transaction."""
    settings = UxSettings.of(resources.settings)
    return DeliveryService(NotificationRepository(session), Links(settings), settings)
