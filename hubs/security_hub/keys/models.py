"""Tables: the keys that sign tokens and bundles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now


class SigningKey(Model):
    """One key pair: published from its creation to ``expires_at``, signing from ``active_from`` until the
    next.
    """

    __tablename__ = "signing_keys"
    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    sealed_private: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    active_from: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
