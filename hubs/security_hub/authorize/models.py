"""Tables: authorization codes, and what people have consented to."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now


class AuthorizationCode(Model):
    """A code on its way through a browser; exchanged once, within a minute, by whoever began the journey."""

    __tablename__ = "authorization_codes"
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("security.sessions.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str]
    is_redirect_given: Mapped[bool]
    """Whether the request named its redirect URI; then the exchange must name the same."""
    code_challenge: Mapped[str]
    scopes: Mapped[list[str]]
    resources: Mapped[list[str]]
    nonce: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    grant_id: Mapped[UUID | None]


class Consent(Model):
    """What a person lets an application have without being asked again."""

    __tablename__ = "consents"
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("security.users.id", ondelete="CASCADE"), primary_key=True
    )
    client_id: Mapped[str] = mapped_column(primary_key=True)
    scopes: Mapped[list[str]]
    given_at: Mapped[datetime] = mapped_column(default=utc_now)
