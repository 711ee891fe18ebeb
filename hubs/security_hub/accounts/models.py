"""Tables: people with an account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId, HasTimestamps


class User(HasId, HasTimestamps, Model):
    """A person; ``email_key`` and ``name_key`` are what must be unique, however the text was typed."""

    __tablename__ = "users"
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    email_verified_at: Mapped[datetime | None]
    username: Mapped[str | None]
    name_key: Mapped[str | None] = mapped_column(unique=True)
    display_name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class MailToken(Model):
    """A link sent by mail: verifies an address or resets a password, once."""

    __tablename__ = "mail_tokens"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    """The address it was sent to; a link sent to an address since replaced is void."""
    password_hash: Mapped[str | None]
    """Of the one who asked for the account: another's link must not bring another's password to life."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
