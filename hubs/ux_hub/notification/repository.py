"""Every query of notifications."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.ux_hub.notification.models import (
    Delivery,
    LedgerEntry,
    Match,
    PushBrowser,
    Subscriber,
    Subscription,
    Webhook,
    WebhookAttempt,
)
from shared.core.ids import new_id


class NotificationRepository:
    """Subscribers, what they want, what there was, and what became of it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: object) -> None:
        """Keep a new row."""
        self._session.add(row)
        self._session.flush()

    # --- subscribers and subscriptions

    def find_subscriber(self, subscriber_id: UUID) -> Subscriber | None:
        """Return a subscriber, or None."""
        return self._session.get(Subscriber, subscriber_id)

    def find_by_subject(self, subject: str) -> Subscriber | None:
        """Return the subscriber of an account, or None."""
        return self._session.scalar(select(Subscriber).where(Subscriber.subject == subject))

    def find_by_email(self, email_key: str) -> Subscriber | None:
        """Return the subscriber of an address, or None."""
        return self._session.scalar(select(Subscriber).where(Subscriber.email_key == email_key))

    def subscriptions(self, subscriber_id: UUID) -> Sequence[Subscription]:
        """Return what a subscriber wants to hear of, newest first."""
        wanted = select(Subscription).where(Subscription.subscriber_id == subscriber_id)
        return self._session.scalars(wanted.order_by(Subscription.id.desc())).all()

    def find_subscription(self, subscription_id: UUID) -> Subscription | None:
        """Return a subscription, or None."""
        return self._session.get(Subscription, subscription_id)

    def find_by_feed_token(self, token: str) -> Subscription | None:
        """Return the subscription of a feed, or None."""
        return self._session.scalar(select(Subscription).where(Subscription.feed_token == token))

    def find_same(self, subscriber_id: UUID, kind: str, target: str) -> Subscription | None:
        """Return a subscriber's subscription to the same thing, or None."""
        return self._session.scalar(
            select(Subscription).where(
                Subscription.subscriber_id == subscriber_id,
                Subscription.kind == kind,
                Subscription.target == target,
            )
        )

    def delete(self, row: object) -> None:
        """Remove a row."""
        self._session.delete(row)
        self._session.flush()

    def active(self) -> Sequence[tuple[Subscription, Subscriber]]:
        """Return every subscription that may fire, with its subscriber."""
        wanted = (
            select(Subscription, Subscriber)
            .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
            .where(Subscription.is_active, Subscriber.is_paused.is_(False))
            .order_by(Subscription.id)
        )
        return [(row[0], row[1]) for row in self._session.execute(wanted)]

    # --- what there was to hear

    def add_match(self, values: dict[str, Any]) -> UUID:
        """Note that a subscription fired, once per item; return the match."""
        statement = insert(Match).values(id=new_id(), **values)
        again = statement.on_conflict_do_update(
            index_elements=["subscription_id", "item_key"], set_={"item_key": statement.excluded.item_key}
        )
        return self._session.execute(again.returning(Match.id)).scalar_one()

    def add_to_ledger(self, rows: Iterable[dict[str, Any]]) -> int:
        """Note that subscribers are to be told; who was told of an item on a channel is not told again."""
        listed = list(rows)
        if not listed:
            return 0
        statement = insert(LedgerEntry).values(listed).on_conflict_do_nothing()
        return len(self._session.execute(statement.returning(LedgerEntry.item_key)).all())

    def matches(self, subscription_id: UUID, limit: int) -> Sequence[Match]:
        """Return what a subscription fired for, newest first."""
        wanted = select(Match).where(Match.subscription_id == subscription_id)
        return self._session.scalars(
            wanted.order_by(Match.occurred_at.desc(), Match.id.desc()).limit(limit)
        ).all()

    def inbox(self, subscriber_id: UUID, limit: int, *, unread: bool) -> Sequence[tuple[LedgerEntry, Match]]:
        """Return what there is to read in the application, newest first."""
        wanted = (
            select(LedgerEntry, Match)
            .join(Match, Match.id == LedgerEntry.match_id)
            .where(LedgerEntry.subscriber_id == subscriber_id, LedgerEntry.channel == "app")
            .order_by(Match.occurred_at.desc(), Match.id.desc())
            .limit(limit)
        )
        if unread:
            wanted = wanted.where(LedgerEntry.read_at.is_(None))
        return [(row[0], row[1]) for row in self._session.execute(wanted)]

    def count_unread(self, subscriber_id: UUID) -> int:
        """Return how many items in the application are unread."""
        return self._session.scalar(
            select(func.count()).select_from(LedgerEntry).where(
                LedgerEntry.subscriber_id == subscriber_id,
                LedgerEntry.channel == "app",
                LedgerEntry.read_at.is_(None),
            )
        ) or 0  # fmt: skip

    def mark_read(self, subscriber_id: UUID, match_ids: Iterable[UUID] | None, at: datetime | None) -> int:
        """Mark items in the application as read (or unread); all of them when none are named."""
        wanted = and_(LedgerEntry.subscriber_id == subscriber_id, LedgerEntry.channel == "app")
        change = update(LedgerEntry).where(wanted).values(read_at=at)
        if match_ids is not None:
            change = change.where(LedgerEntry.match_id.in_(list(match_ids)))
        else:
            change = change.where(LedgerEntry.read_at.is_(None))
        return len(self._session.execute(change.returning(LedgerEntry.item_key)).all())

    def find_in_inbox(self, subscriber_id: UUID, match_id: UUID) -> tuple[LedgerEntry, Match] | None:
        """Return an item in the application, or None."""
        wanted = (
            select(LedgerEntry, Match)
            .join(Match, Match.id == LedgerEntry.match_id)
            .where(
                LedgerEntry.subscriber_id == subscriber_id,
                LedgerEntry.channel == "app",
                LedgerEntry.match_id == match_id,
            )
        )
        found = self._session.execute(wanted).first()
        return (found[0], found[1]) if found else None

    def forget_in_inbox(self, subscriber_id: UUID, match_ids: Iterable[UUID] | None) -> int:
        """Remove items in the application, all of them when none are named; return how many."""
        gone = delete(LedgerEntry).where(
            LedgerEntry.subscriber_id == subscriber_id, LedgerEntry.channel == "app"
        )
        if match_ids is not None:
            gone = gone.where(LedgerEntry.match_id.in_(list(match_ids)))
        return len(self._session.execute(gone.returning(LedgerEntry.item_key)).all())

    # --- deliveries

    def due(self, now: datetime, limit: int) -> Sequence[tuple[LedgerEntry, Match]]:
        """Return ledger entries that nothing was made of yet, locked against other processes."""
        wanted = (
            select(LedgerEntry, Match)
            .join(Match, Match.id == LedgerEntry.match_id)
            .where(LedgerEntry.delivery_id.is_(None), LedgerEntry.due_at <= now, LedgerEntry.channel != "app")
            .order_by(
                LedgerEntry.subscriber_id, LedgerEntry.channel, LedgerEntry.due_at, LedgerEntry.match_id
            )
            .limit(limit)
            .with_for_update(of=LedgerEntry, skip_locked=True)
        )
        return [(row[0], row[1]) for row in self._session.execute(wanted)]

    def count_mail(self, target: str, since: datetime, template: str = "") -> int:
        """Return how many messages went (or are to go) to an address since a moment."""
        wanted = select(func.count()).select_from(Delivery).where(
            Delivery.channel == "email", Delivery.target == target, Delivery.created_at >= since
        )  # fmt: skip
        if template:
            wanted = wanted.where(Delivery.template == template)
        else:
            wanted = wanted.where(Delivery.template.in_(("alert", "digest")))
        return self._session.scalar(wanted) or 0

    def claim(
        self, now: datetime, limit: int, channels: Sequence[str], without: Collection[str] = ()
    ) -> Sequence[Delivery]:
        """Return deliveries whose time has come, but for some targets, locked against other processes."""
        wanted = (
            select(Delivery)
            .where(
                Delivery.state == "pending",
                Delivery.next_at <= now,
                Delivery.channel.in_(channels),
                Delivery.target.not_in(without),
            )
            .order_by(Delivery.next_at, Delivery.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._session.scalars(wanted).all()

    def lost(self, handed_before: datetime, limit: int) -> Sequence[Delivery]:
        """Return messages handed to a mailer so long ago that its folder must be gone."""
        wanted = select(Delivery).where(Delivery.state == "handed", Delivery.next_at <= handed_before)
        return self._session.scalars(wanted.limit(limit).with_for_update(skip_locked=True)).all()

    def find_delivery(self, delivery_id: UUID) -> Delivery | None:
        """Return a delivery, or None."""
        return self._session.get(Delivery, delivery_id)

    def deliveries(
        self, limit: int, *, state: str = "", subscriber_id: UUID | None = None
    ) -> Sequence[Delivery]:
        """Return deliveries, newest first."""
        wanted = select(Delivery).order_by(Delivery.id.desc()).limit(limit)
        if state:
            wanted = wanted.where(Delivery.state == state)
        if subscriber_id is not None:
            wanted = wanted.where(Delivery.subscriber_id == subscriber_id)
        return self._session.scalars(wanted).all()

    # --- webhooks and browsers

    def webhooks(self, subscriber_id: UUID) -> Sequence[Webhook]:
        """Return a subscriber's webhooks, newest first."""
        wanted = select(Webhook).where(Webhook.subscriber_id == subscriber_id)
        return self._session.scalars(wanted.order_by(Webhook.id.desc())).all()

    def find_webhook(self, webhook_id: UUID) -> Webhook | None:
        """Return a webhook, or None."""
        return self._session.get(Webhook, webhook_id)

    def attempts(self, webhook_id: UUID, limit: int) -> Sequence[WebhookAttempt]:
        """Return the calls of a webhook, newest first."""
        wanted = select(WebhookAttempt).where(WebhookAttempt.webhook_id == webhook_id)
        return self._session.scalars(wanted.order_by(WebhookAttempt.id.desc()).limit(limit)).all()

    def browsers(self, subscriber_id: UUID) -> Sequence[PushBrowser]:
        """Return a subscriber's browsers."""
        wanted = select(PushBrowser).where(PushBrowser.subscriber_id == subscriber_id)
        return self._session.scalars(wanted.order_by(PushBrowser.id)).all()

    def find_browser(self, browser_id: UUID) -> PushBrowser | None:
        """Return a browser, or None."""
        return self._session.get(PushBrowser, browser_id)

    def forget_browser(self, endpoint: str) -> None:
        """Forget a browser that takes no more."""
        self._session.execute(delete(PushBrowser).where(PushBrowser.endpoint == endpoint))

    def put_browser(self, values: dict[str, Any]) -> None:
        """Keep a browser; the same endpoint again replaces its keys and its owner."""
        statement = insert(PushBrowser).values(id=new_id(), **values)
        changed = {name: statement.excluded[name] for name in ("subscriber_id", "p256dh", "auth")}
        self._session.execute(statement.on_conflict_do_update(index_elements=["endpoint"], set_=changed))
