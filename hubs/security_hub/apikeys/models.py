"""Tables: API keys."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now
from shared.db.base import HasId


class ApiKey(HasId, Model):
    """One key of a person or a service account; the key itself is known to its holder alone."""

    __tablename__ = "api_keys"
    owner_id: Mapped[UUID | None] = mapped_column(index=True)
    """A person; None for a service account."""
    client_id: Mapped[str | None] = mapped_column(index=True)
    """A service account; None for a person."""
    name: Mapped[str]
    hint: Mapped[str]
    """The first characters, by which its holder recognises it."""
    key_hash: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None]
