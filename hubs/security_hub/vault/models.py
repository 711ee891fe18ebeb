"""Tables: the keys that seal secrets, themselves sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now


class SealingKey(Model):
    """One data key, wrapped under the key that derives from the root secret; the newest one seals."""

    __tablename__ = "sealing_keys"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    wrapped: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
