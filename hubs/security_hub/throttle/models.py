"""Tables: counts of attempts, under keys that name nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model


class Attempts(Model):
    """How often something was tried within a window; ``key`` is a keyed hash of who and what."""

    __tablename__ = "attempts"
    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    resets_at: Mapped[datetime] = mapped_column(index=True)
