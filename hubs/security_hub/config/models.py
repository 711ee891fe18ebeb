"""Tables: what may be configured, what is, and everything that ever was."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasTimestamps


class ConfigKey(HasTimestamps, Model):
    """One thing that may be configured: whose it is, what values it takes, what it is without any."""

    __tablename__ = "config_keys"
    key: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(index=True)
    title_en: Mapped[str]
    title_fr: Mapped[str]
    schema: Mapped[dict[str, Any]]
    default: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    is_secret: Mapped[bool]
    is_personal: Mapped[bool]
    """Whether people may have a value of their own."""
    is_live: Mapped[bool]
    """Whether a change is safe to apply without a restart."""


class ConfigValue(Model):
    """The value of a key in one scope; an empty environment is every environment, no user is everybody."""

    __tablename__ = "config_values"
    __table_args__ = (UniqueConstraint("key", "environment", "user_id", postgresql_nulls_not_distinct=True),)
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey("security.config_keys.key", ondelete="CASCADE"))
    environment: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"))
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    sealed: Mapped[str | None]
    """In place of ``value`` for a secret."""
    version: Mapped[int]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)


class ConfigVersion(Model):
    """One change of one value; never altered. Its number orders all changes."""

    __tablename__ = "config_versions"
    __table_args__ = (Index(None, "key", "environment", "user_id", "version"),)
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str]
    environment: Mapped[str]
    user_id: Mapped[UUID | None]
    version: Mapped[int]
    is_set: Mapped[bool]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=False))
    sealed: Mapped[str | None]
    reason: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
