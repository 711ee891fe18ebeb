"""Every query about API keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hubs.security_hub.apikeys.models import ApiKey


class ApiKeyRepository:
    """The table of API keys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: ApiKey) -> None:
        """Insert a key."""
        self._session.add(key)
        self._session.flush()

    def find_by_hash(self, key_hash: str) -> ApiKey | None:
        """Return the key with a hash."""
        return self._session.scalar(select(ApiKey).where(ApiKey.key_hash == key_hash))

    def find(self, key_id: UUID, owner: UUID | str) -> ApiKey | None:
        """Return one key of an owner."""
        return self._session.scalar(select(ApiKey).where(ApiKey.id == key_id, _of(owner)))

    def list(self, owner: UUID | str) -> Sequence[ApiKey]:
        """Return an owner's keys, the newest first."""
        return self._session.scalars(select(ApiKey).where(_of(owner)).order_by(ApiKey.id.desc())).all()

    def count_live(self, owner: UUID | str, now: datetime) -> int:
        """Return how many keys of an owner count now."""
        is_live = ApiKey.revoked_at.is_(None) & or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
        return self._session.scalar(select(func.count()).where(_of(owner), is_live)) or 0


def _of(owner: UUID | str) -> ColumnElement[bool]:
    return ApiKey.owner_id == owner if isinstance(owner, UUID) else ApiKey.client_id == owner
