"""Tables: external providers, and which of their people are ours."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId, HasTimestamps


class Provider(HasId, HasTimestamps, Model):
    """An OpenID Connect provider that we are a client of."""

    __tablename__ = "providers"
    slug: Mapped[str] = mapped_column(unique=True)
    name_en: Mapped[str]
    name_fr: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed_secret: Mapped[str]
    scopes: Mapped[list[str]]
    may_register: Mapped[bool]
    """Whether people unknown here get an account."""
    is_enabled: Mapped[bool]


class Identity(HasId, Model):
    """One person of a provider, and whose account that is here."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("provider_id", "subject"),)
    provider_id: Mapped[UUID] = mapped_column(ForeignKey("security.providers.id", ondelete="CASCADE"))
    subject: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    linked_at: Mapped[datetime] = mapped_column(default=utc_now)
