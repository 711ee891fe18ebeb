"""Every query about codes and consents."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.authorize.models import AuthorizationCode, Consent


class AuthorizeRepository:
    """The tables of codes and consents."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_code(self, code: AuthorizationCode) -> None:
        """Insert a code."""
        self._session.add(code)
        self._session.flush()

    def find_code(self, code_hash: str) -> AuthorizationCode | None:
        """Return a code, locked: of two exchanges at a time the second sees the first."""
        query = select(AuthorizationCode).where(AuthorizationCode.code_hash == code_hash)
        return self._session.scalar(query.with_for_update())

    def delete_codes_before(self, moment: datetime) -> None:
        """Drop codes that ran out before a moment."""
        self._session.execute(delete(AuthorizationCode).where(AuthorizationCode.expires_at < moment))

    def consented(self, user_id: UUID, client_id: str) -> frozenset[str]:
        """Return the scopes that somebody lets an application have."""
        found = self._session.get(Consent, (user_id, client_id))
        return frozenset(found.scopes) if found else frozenset()

    def consent(self, user_id: UUID, client_id: str, scopes: list[str], now: datetime) -> None:
        """Write down a consent."""
        query = insert(Consent).values(user_id=user_id, client_id=client_id, scopes=scopes, given_at=now)
        changes = {"scopes": query.excluded.scopes, "given_at": query.excluded.given_at}
        self._session.execute(
            query.on_conflict_do_update(index_elements=["user_id", "client_id"], set_=changes)
        )

    def withdraw(self, user_id: UUID, client_id: str) -> None:
        """Forget a consent."""
        chosen = (Consent.user_id == user_id) & (Consent.client_id == client_id)
        self._session.execute(delete(Consent).where(chosen))
