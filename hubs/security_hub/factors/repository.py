"""Every query about second factors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hubs.security_hub.factors.models import RecoveryCode, TotpSecret


class FactorRepository:
    """The tables of second factors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find_totp(self, user_id: UUID, *, is_locked: bool = False) -> TotpSecret | None:
        """Return somebody's secret; locked, so that a code counts once however often it comes at a time."""
        query = select(TotpSecret).where(TotpSecret.user_id == user_id)
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def list_totp(self) -> Iterable[TotpSecret]:
        """Return every secret, to seal it anew."""
        return self._session.scalars(select(TotpSecret).order_by(TotpSecret.user_id))

    def set_totp(self, secret: TotpSecret) -> None:
        """Replace somebody's secret."""
        self.delete_totp(secret.user_id)
        self._session.add(secret)
        self._session.flush()

    def delete_totp(self, user_id: UUID) -> None:
        """Delete somebody's secret."""
        self._session.execute(delete(TotpSecret).where(TotpSecret.user_id == user_id))

    def set_codes(self, user_id: UUID, hashes: Iterable[str]) -> None:
        """Replace somebody's recovery codes."""
        self._session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        self._session.add_all(RecoveryCode(user_id=user_id, code_hash=code_hash) for code_hash in hashes)
        self._session.flush()

    def use_code(self, user_id: UUID, code_hash: str, now: datetime) -> bool:
        """Use a recovery code; tell whether it was one that was not used before."""
        query = update(RecoveryCode).where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        return self._session.scalar(query.values(used_at=now).returning(RecoveryCode.code_hash)) is not None

    def codes_left(self, user_id: UUID) -> int:
        """Return how many recovery codes somebody has left."""
        query = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        return self._session.scalar(query) or 0
