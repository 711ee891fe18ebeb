"""Tables: policies and their versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId, HasTimestamps


class Policy(HasId, HasTimestamps, Model):
    """Rules under one root of the document tree, in one bundle."""

    __tablename__ = "policies"
    name: Mapped[str] = mapped_column(unique=True)
    title_en: Mapped[str]
    title_fr: Mapped[str]
    bundle: Mapped[str]
    root: Mapped[str] = mapped_column(unique=True)
    category: Mapped[str]
    tags: Mapped[list[str]]
    published_version: Mapped[int | None]
    created_by: Mapped[str]


class PolicyVersion(HasId, Model):
    """One version of a policy's files; its content never changes."""

    __tablename__ = "policy_versions"
    __table_args__ = (UniqueConstraint("policy_id", "version"),)
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("security.policies.id", ondelete="CASCADE"))
    version: Mapped[int]
    sources: Mapped[dict[str, Any]]
    tests: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]]
    content_hash: Mapped[str]
    message: Mapped[str]
    state: Mapped[str]
    """draft, in-review, approved, rejected, published or superseded."""
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    reviewer: Mapped[str]
    review_note: Mapped[str]
    reviewed_at: Mapped[datetime | None]
    published_by: Mapped[str]
    published_at: Mapped[datetime | None]
    test_report: Mapped[dict[str, Any] | None]
