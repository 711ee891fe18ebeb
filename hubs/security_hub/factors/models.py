"""Tables: secrets of one-time codes, and recovery codes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now


class TotpSecret(Model):
    """The sealed secret that somebody shares with an authenticator."""

    __tablename__ = "totp_secrets"
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("security.users.id", ondelete="CASCADE"), primary_key=True
    )
    sealed_secret: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger(), default=0)
    """The newest time step whose code was taken; it and earlier ones are refused from then on."""


class RecoveryCode(Model):
    """A code for the day the authenticator is lost; works once."""

    __tablename__ = "recovery_codes"
    code_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]
