"""Tables: passkeys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId


class Passkey(HasId, Model):
    """One credential of one person; only its public half is known here."""

    __tablename__ = "passkeys"
    user_id: Mapped[UUID] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[str]
    sign_count: Mapped[int] = mapped_column(BigInteger())
    name: Mapped[str]
    is_backed_up: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]
