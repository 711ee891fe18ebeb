"""Tables: access tokens that were disowned before their time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model


class RevokedToken(Model):
    """The id of a revoked access token, kept until the token would have run out anyway."""

    __tablename__ = "revoked_tokens"
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
