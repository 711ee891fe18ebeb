"""Every query about signing keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, text
from sqlalchemy.orm import Session

from hubs.security_hub.keys.models import SigningKey

_LOCK = 0x6F70_5E02


class SigningKeyRepository:
    """The table of signing keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Hold off other processes that would rotate, until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def list(self) -> Sequence[SigningKey]:
        """Return all keys, the latest to sign first."""
        return list(
            self._session.scalars(select(SigningKey).order_by(SigningKey.active_from.desc(), SigningKey.kid))
        )

    def list_published(self, now: datetime) -> Sequence[SigningKey]:
        """Return the keys whose signatures count now, the latest to sign first."""
        is_live = or_(SigningKey.expires_at.is_(None), SigningKey.expires_at > now)
        query = select(SigningKey).where(SigningKey.revoked_at.is_(None), is_live)
        return list(self._session.scalars(query.order_by(SigningKey.active_from.desc(), SigningKey.kid)))

    def find(self, kid: str) -> SigningKey | None:
        """Return one key."""
        return self._session.get(SigningKey, kid)

    def add(self, key: SigningKey) -> None:
        """Insert a key."""
        self._session.add(key)

    def delete_before(self, moment: datetime) -> int:
        """Delete the keys that stopped being published before a moment and return how many."""
        gone = delete(SigningKey).where(SigningKey.expires_at < moment).returning(SigningKey.kid)
        return len(self._session.scalars(gone).all())
