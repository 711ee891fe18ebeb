"""Tables: questions that wait for one answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model


class Challenge(Model):
    """One question; its token is known to the asked one alone, and it is deleted with the answer."""

    __tablename__ = "challenges"
    token_hash: Mapped[str] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("security.users.id", ondelete="CASCADE"))
    payload: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime] = mapped_column(index=True)
