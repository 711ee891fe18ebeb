"""Every query about passkeys."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hubs.security_hub.passkeys.models import Passkey


class PasskeyRepository:
    """The table of passkeys."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, passkey: Passkey) -> None:
        """Insert a passkey."""
        self._session.add(passkey)
        self._session.flush()

    def find_by_credential(self, credential_id: str) -> Passkey | None:
        """Return the passkey with a credential id, locked for its counter."""
        query = select(Passkey).where(Passkey.credential_id == credential_id)
        return self._session.scalar(query.with_for_update())

    def find(self, user_id: UUID, passkey_id: UUID) -> Passkey | None:
        """Return one passkey of somebody."""
        return self._session.scalar(
            select(Passkey).where(Passkey.user_id == user_id, Passkey.id == passkey_id)
        )

    def list(self, user_id: UUID) -> Sequence[Passkey]:
        """Return somebody's passkeys, the oldest first."""
        return self._session.scalars(
            select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
        ).all()

    def delete(self, passkey: Passkey) -> None:
        """Delete a passkey."""
        self._session.delete(passkey)
