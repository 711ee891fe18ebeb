"""Every query about sealing keys."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hubs.security_hub.vault.models import SealingKey

_LOCK = 0x6F70_5E01


class SealingKeyRepository:
    """The table of sealing keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Hold off other processes that would make keys, until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def list(self) -> Sequence[SealingKey]:
        """Return all keys, oldest first."""
        return list(self._session.scalars(select(SealingKey).order_by(SealingKey.id)))

    def add(self, key: SealingKey) -> None:
        """Insert a key and learn its number."""
        self._session.add(key)
        self._session.flush()
