"""Subscriptions and preferences: what people ask for, with an address that counts once confirmed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.ux_hub.notification.errors import SubscriptionNotFound
from hubs.ux_hub.notification.matching import Happening, says
from hubs.ux_hub.notification.models import Delivery, Match, Subscriber, Subscription
from hubs.ux_hub.notification.repository import NotificationRepository
from hubs.ux_hub.notification.schemas import (
    BackTest,
    MailSubscriptionCreate,
    PreferencesUpdate,
    SubscriptionCreate,
    SubscriptionUpdate,
)
from hubs.ux_hub.notification.service.links import CONFIRM, UNSUBSCRIBE, Links
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.clients.data_hub import DataHubClient
from shared.core.clock import utc_now
from shared.core.errors import AppError, Invalid, TooManyRequests

_MAX_SUBSCRIPTIONS = 500
_CONFIRMATIONS_PER_DAY = 3
_EXAMPLES = 10
_BACK_TEST_ROWS = 5_000


def email_key(address: str) -> str:
    """Return what makes two spellings of an address the same."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local.casefold()}@{domain.casefold()}"


class SubscriptionService:
    """What one person (or one address) wants to hear of."""

    def __init__(
        self, repository: NotificationRepository, links: Links, data: DataHubClient | None = None
    ) -> None:
        self._repository = repository
        self._links = links
        self._data = data

    def subscriber_of(self, subject: str, language: str = "en") -> Subscriber:
        """Return the subscriber of an account, made at first use."""
        found = self._repository.find_by_subject(subject)
        if found is None:
            found = Subscriber(
                subject=subject, language=language, time_zone="America/Toronto", is_paused=False
            )
            self._repository.add(found)
        return found

    def list(self, subject: str) -> Sequence[Subscription]:
        """Return the caller's subscriptions, newest first."""
        return self._repository.subscriptions(self.subscriber_of(subject).id)

    def create(self, subject: str, form: SubscriptionCreate) -> Subscription:
        """Subscribe; the same thing again changes the subscription that is there.

        Raises: Invalid when there are too many, or mail is wanted without a confirmed address.
        """
        subscriber = self.subscriber_of(subject)
        if "email" in form.channels and subscriber.email_confirmed_at is None:
            raise Invalid("confirm an e-mail address in your preferences first")
        return self._subscribe(subscriber, form, is_active=True)

    def _subscribe(
        self, subscriber: Subscriber, form: SubscriptionCreate, *, is_active: bool
    ) -> Subscription:
        same = self._repository.find_same(subscriber.id, form.kind, form.target)
        if same is not None:
            same.channels, same.frequency = list(dict.fromkeys(form.channels)), form.frequency
            same.name = form.name or same.name
            same.is_active = same.is_active or is_active
            same.updated_at = utc_now()
            return same
        if len(self._repository.subscriptions(subscriber.id)) >= _MAX_SUBSCRIPTIONS:
            raise Invalid(f"at most {_MAX_SUBSCRIPTIONS} subscriptions")
        row = Subscription(
            subscriber_id=subscriber.id,
            kind=form.kind,
            target=form.target,
            name=form.name,
            channels=list(dict.fromkeys(form.channels)),
            frequency=form.frequency,
            is_active=is_active,
            feed_token=secrets.token_urlsafe(24),
        )
        self._repository.add(row)
        return row

    def create_by_mail(self, form: MailSubscriptionCreate) -> None:
        """Subscribe an address without an account; it hears nothing before it confirms (double opt-in).

        Raises: TooManyRequests when the address was asked to confirm too often.
        """
        key = email_key(form.email)
        subscriber = self._repository.find_by_email(key)
        if subscriber is None:
            subscriber = Subscriber(
                email=form.email,
                email_key=key,
                language=form.language,
                time_zone="America/Toronto",
                is_paused=False,
            )
            self._repository.add(subscriber)
        if subscriber.email_suppressed_at is not None:
            return  # an address that bounced or complained is not written to, and nobody is told
        same = self._repository.find_same(subscriber.id, form.kind, form.target)
        if same is not None and same.is_active:
            return
        row = self._subscribe(subscriber, form, is_active=False)
        self._ask_to_confirm(subscriber, row.id, form.name or form.target, form.language)

    def _ask_to_confirm(
        self, subscriber: Subscriber, subscription_id: UUID | None, title: str, language: str
    ) -> None:
        now = utc_now()
        asked = self._repository.count_mail(
            str(subscriber.email), now - timedelta(days=1), "confirm-subscription"
        )
        if asked >= _CONFIRMATIONS_PER_DAY:
            raise TooManyRequests("this address was asked to confirm often enough for today")
        values: dict[str, Any] = {
            "title": title,
            "url": self._links.url(CONFIRM, subscriber.id, subscription_id, email_key(str(subscriber.email))),
        }
        self._repository.add(
            Delivery(
                subscriber_id=subscriber.id, channel="email", target=str(subscriber.email), language=language,
                template="confirm-subscription", values=values, next_at=now, created_at=now, state="pending",
            )
        )  # fmt: skip

    def confirm(self, token: str) -> None:
        """Take a confirmation link: the address that it was sent to counts, and its subscription begins.

        Raises: BadLink, also for the address that was there before; Invalid when another account has it.
        """
        subscriber_id, subscription_id = self._links.read(CONFIRM, token, self._address_of)
        subscriber = self._repository.find_subscriber(subscriber_id)
        if subscriber is None:
            return
        key = email_key(str(subscriber.email))
        other = self._repository.find_by_email(key)
        if other is not None and other.id != subscriber.id:
            # Whoever reads this address has come with an account: what it followed without one ends.
            if other.subject is not None:
                raise Invalid("this address is in use")
            other.email_key, other.email = None, None
            other.is_paused = True
            self._repository.add(other)
        subscriber.email_key = key
        subscriber.email_confirmed_at = subscriber.email_confirmed_at or utc_now()
        if subscription_id is not None:
            row = self._repository.find_subscription(subscription_id)
            if row is not None and row.subscriber_id == subscriber_id:
                row.is_active = True

    def _address_of(self, subscriber_id: UUID) -> str:
        subscriber = self._repository.find_subscriber(subscriber_id)
        return email_key(subscriber.email) if subscriber is not None and subscriber.email else ""

    def unsubscribe(self, token: str) -> None:
        """Take an unsubscribe link: its subscription ends, or all mail when it names none.

        Raises: BadLink.
        """
        subscriber_id, subscription_id = self._links.read(UNSUBSCRIBE, token)
        for row in self._repository.subscriptions(subscriber_id):
            if subscription_id is None or row.id == subscription_id:
                row.channels = [channel for channel in row.channels if channel != "email"]
                row.is_active = row.is_active and bool(row.channels)

    def get(self, subject: str, subscription_id: UUID) -> Subscription:
        """Return one of the caller's subscriptions.

        Raises: SubscriptionNotFound.
        """
        row = self._repository.find_subscription(subscription_id)
        if row is None or row.subscriber_id != self.subscriber_of(subject).id:
            raise SubscriptionNotFound("no such subscription")
        return row

    def update(self, subject: str, subscription_id: UUID, form: SubscriptionUpdate) -> Subscription:
        """Change a subscription.

        Raises: SubscriptionNotFound.
        """
        row = self.get(subject, subscription_id)
        if "email" in (form.channels or ()) and self.subscriber_of(subject).email_confirmed_at is None:
            raise Invalid("confirm an e-mail address in your preferences first")
        for name, value in form.model_dump(exclude_none=True).items():
            setattr(row, name, value)
        row.updated_at = utc_now()
        return row

    def delete(self, subject: str, subscription_id: UUID) -> None:
        """End a subscription.

        Raises: SubscriptionNotFound.
        """
        self._repository.delete(self.get(subject, subscription_id))

    def update_preferences(self, subject: str, form: PreferencesUpdate) -> Subscriber:
        """Change how the caller is told; a new address has to be confirmed by the mail sent to it.

        Raises: Invalid when the address belongs to somebody else's subscriptions.
        """
        subscriber = self.subscriber_of(subject)
        changes = form.model_dump(exclude_none=True)
        address = changes.pop("email", None)
        for name, value in changes.items():
            setattr(subscriber, name, value)
        if address is not None and email_key(address) != subscriber.email_key:
            other = self._repository.find_by_email(email_key(address))
            if other is not None and other.subject is not None:
                raise Invalid("this address is in use")
            # The address is its owner's, who may follow without an account, until the mail is answered.
            subscriber.email, subscriber.email_key = address, None
            subscriber.email_confirmed_at = subscriber.email_suppressed_at = None
            self._ask_to_confirm(subscriber, None, "OpenPolicy", subscriber.language)
        subscriber.updated_at = utc_now()
        return subscriber

    def back_test(self, form: SubscriptionCreate, days: int) -> BackTest:
        """Return how often a subscription would have fired in the last days, by the change feed."""
        assert self._data is not None
        since = (utc_now() - timedelta(days=days)).isoformat()
        asked: dict[str, Any] = {"since": since, "limit": 1_000}
        count, looked = 0, 0
        examples: list[dict[str, Any]] = []
        while looked < _BACK_TEST_ROWS:
            found = self._data.request("GET", "/api/v1/changes", params=asked)
            for row in found["data"]:
                said = says(form.kind, form.target, happening_of(row, self._data))
                if said is not None:
                    count += 1
                    if len(examples) < _EXAMPLES:
                        examples.append(
                            {"at": row["changed_at"], "title_en": said.title_en, "title_fr": said.title_fr}
                        )
            looked += len(found["data"])
            if not found.get("next"):
                break
            asked = {"after": found["meta"]["position"], "limit": 1_000}
        return BackTest(days=days, count=count, examples=examples)

    def feed(self, token: str, limit: int = 50) -> tuple[Subscription, Sequence[Match]]:
        """Return a subscription by the token of its feed, and what it fired for.

        Raises: SubscriptionNotFound.
        """
        row = self._repository.find_by_feed_token(token)
        if row is None:
            raise SubscriptionNotFound("no such feed")
        return row, self._repository.matches(row.id, limit)


def happening_of(row: dict[str, Any], data: DataHubClient) -> Happening:
    """Return a row of the change feed as something that may concern a subscription."""
    collection = {"vote_event": "votes", "person": "people", "bill_text": "bill-texts", "speech": "speeches"}
    path = collection.get(row["type"], f"{row['type']}s")

    def load() -> dict[str, Any]:
        try:
            return data.get(path, row["id"])
        except AppError as error:
            if error.status in (404, 410):
                return {}
            raise

    return Happening(
        kind=row["type"],
        key=row["key"],
        record_id=row["id"],
        change=row["change"],
        jurisdiction=row["jurisdiction"],
        title_en=row["title_en"],
        title_fr=row["title_fr"],
        occurred_at=datetime.fromisoformat(row["changed_at"]),
        message_id=str(row.get("seq", "")),
        fields={name: (pair[0], pair[1]) for name, pair in row["fields"].items()},
        source_id=row.get("source_id") or "",
        load=load,
    )


def build(session: Session, resources: Resources) -> SubscriptionService:
    """Return the service for one transaction."""
    data = DataHubClient(resources.settings.hubs.data, resources.http, None)
    return SubscriptionService(
        NotificationRepository(session), Links(UxSettings.of(resources.settings)), data
    )
