"""Tables: feature flags, their former states, and how often each answer was given."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasTimestamps


class Flag(HasTimestamps, Model):
    """One feature flag."""

    __tablename__ = "flags"
    key: Mapped[str] = mapped_column(primary_key=True)
    title_en: Mapped[str]
    title_fr: Mapped[str]
    definition: Mapped[dict[str, Any]]
    """Variants, default, rules, environments: see ``FlagDefinition``."""
    is_killed: Mapped[bool]
    """The kill switch: everybody gets the ``off`` variant, whatever the rules say."""
    is_public: Mapped[bool]
    """Whether anonymous callers (browsers) may ask."""
    salt: Mapped[str]
    expires_on: Mapped[date | None]
    version: Mapped[int]
    changed_by: Mapped[str]


class FlagVersion(Model):
    """A flag as it was after one change."""

    __tablename__ = "flag_versions"
    key: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    definition: Mapped[dict[str, Any]]
    is_killed: Mapped[bool]
    reason: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)


class FlagUse(Model):
    """How often a variant was answered on one day (UTC)."""

    __tablename__ = "flag_uses"
    key: Mapped[str] = mapped_column(ForeignKey("security.flags.key", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    variant: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger())
