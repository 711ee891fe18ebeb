"""Tables: who hears of what, what there was to hear, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hubs.ux_hub.base import Model
from shared.db.base import HasId, HasTimestamps


class Subscriber(HasId, HasTimestamps, Model):
    """A person (or one address) that hears of things; an address counts once it was confirmed."""

    __tablename__ = "subscribers"
    subject: Mapped[str | None] = mapped_column(unique=True)
    """Subject of the account; none for an address that subscribed without one."""
    email: Mapped[str | None]
    email_key: Mapped[str | None] = mapped_column(unique=True)
    email_confirmed_at: Mapped[datetime | None]
    email_suppressed_at: Mapped[datetime | None]
    """When the address bounced or complained: nothing more is sent there."""
    suppressed_reason: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    time_zone: Mapped[str] = mapped_column(default="America/Toronto")
    quiet_from: Mapped[str] = mapped_column(default="")
    """Local time (HH:MM) from which nothing is sent; empty: never quiet."""
    quiet_until: Mapped[str] = mapped_column(default="")
    is_paused: Mapped[bool] = mapped_column(default=False)


class Subscription(HasId, HasTimestamps, Model):
    """What a subscriber wants to hear of, how, and how often."""

    __tablename__ = "subscriptions"
    __table_args__ = (Index(None, "kind", "target"),)
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("ux.subscribers.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    target: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    channels: Mapped[list[str]] = mapped_column(default=list)
    frequency: Mapped[str] = mapped_column(default="instant")
    is_active: Mapped[bool] = mapped_column(default=True)
    feed_token: Mapped[str] = mapped_column(unique=True)


class Match(HasId, Model):
    """Something that happened, under a subscription that wanted it: read by feeds."""

    __tablename__ = "matches"
    __table_args__ = (
        UniqueConstraint("subscription_id", "item_key"),
        Index(None, "subscription_id", "occurred_at"),
    )
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("ux.subscriptions.id", ondelete="CASCADE"))
    item_key: Mapped[str]
    kind: Mapped[str]
    title_en: Mapped[str]
    title_fr: Mapped[str]
    detail_en: Mapped[str] = mapped_column(default="")
    detail_fr: Mapped[str] = mapped_column(default="")
    url: Mapped[str]
    occurred_at: Mapped[datetime]


class LedgerEntry(Model):
    """That a subscriber is told of an item on a channel: written once, so told once."""

    __tablename__ = "ledger"
    __table_args__ = (Index("ix_ledger_due", "due_at", postgresql_where=text("delivery_id IS NULL")),)
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("ux.subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    channel: Mapped[str] = mapped_column(primary_key=True)
    """email, push, app, or webhook:<id>."""
    item_key: Mapped[str] = mapped_column(primary_key=True)
    match_id: Mapped[UUID] = mapped_column(ForeignKey("ux.matches.id", ondelete="CASCADE"))
    subscription_id: Mapped[UUID]
    due_at: Mapped[datetime]
    delivery_id: Mapped[UUID | None] = mapped_column(index=True)
    read_at: Mapped[datetime | None]
    """For the channel app: when it was read."""


class Delivery(HasId, Model):
    """One message to one address, webhook or browser, and what became of it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_waiting", "next_at", postgresql_where=text("state IN ('pending', 'handed')")),
    )
    subscriber_id: Mapped[UUID | None] = mapped_column(index=True)
    channel: Mapped[str]
    target: Mapped[str] = mapped_column(index=True)
    template: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default="pending", server_default="pending")
    """pending, handed (to the mailer), sent, dead or suppressed."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    status_code: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(default="")


class Webhook(HasId, HasTimestamps, Model):
    """An address that is called; the secret before the last rotation signs along for a day."""

    __tablename__ = "webhooks"
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("ux.subscribers.id", ondelete="CASCADE"), index=True
    )
    url: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    secret: Mapped[str]
    former_secret: Mapped[str | None]
    former_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str] = mapped_column(default="")
    failing_since: Mapped[datetime | None]


class WebhookAttempt(HasId, Model):
    """One call of a webhook: the delivery log."""

    __tablename__ = "webhook_attempts"
    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("ux.webhooks.id", ondelete="CASCADE"), index=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("ux.deliveries.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    status_code: Mapped[int | None]
    error: Mapped[str] = mapped_column(default="")
    milliseconds: Mapped[int]


class PushBrowser(HasId, Model):
    """A browser that takes Web Push."""

    __tablename__ = "push_browsers"
    subscriber_id: Mapped[UUID] = mapped_column(
        ForeignKey("ux.subscribers.id", ondelete="CASCADE"), index=True
    )
    endpoint: Mapped[str] = mapped_column(unique=True)
    p256dh: Mapped[str]
    auth: Mapped[str]
    created_at: Mapped[datetime]
