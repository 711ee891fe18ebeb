"""Tables: sign-ins, what applications were granted in them, and the refresh tokens that prolong both."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId


class UserSession(HasId, Model):
    """One sign-in of one person on one device."""

    __tablename__ = "sessions"
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    cookie_hash: Mapped[str | None] = mapped_column(unique=True)
    """Hash of the browser cookie; None for a sign-in through the API."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    authenticated_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str] = mapped_column(default="")
    methods: Mapped[list[str]]
    """How it was proven: pwd, otp, hwk (RFC 8176)."""
    address: Mapped[str]
    user_agent: Mapped[str]


class Grant(HasId, Model):
    """What one application may do for one person, until the person, the session or time ends it."""

    __tablename__ = "grants"
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("security.sessions.id", ondelete="CASCADE"), index=True
    )
    client_id: Mapped[str] = mapped_column(index=True)
    scopes: Mapped[list[str]]
    resources: Mapped[list[str]]
    is_offline: Mapped[bool] = mapped_column(default=False)
    """Outlives the session (scope offline_access)."""
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str] = mapped_column(default="")


class RefreshToken(Model):
    """One refresh token; used once, then another takes its place."""

    __tablename__ = "refresh_tokens"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("security.grants.id", ondelete="CASCADE"), index=True)
    issued_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class KnownOrigin(Model):
    """A device or network from which somebody signed in: a keyed hash, never the address itself."""

    __tablename__ = "known_origins"
    __table_args__ = (UniqueConstraint("user_id", "origin"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"))
    origin: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)
