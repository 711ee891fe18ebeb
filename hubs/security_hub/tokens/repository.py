"""Every query about revoked tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.tokens.models import RevokedToken


class RevokedTokenRepository:
    """The table of revoked access tokens."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, jti: str, expires_at: datetime) -> None:
        """Note a token as revoked; twice is once."""
        values = insert(RevokedToken).values(jti=jti, expires_at=expires_at)
        self._session.execute(values.on_conflict_do_nothing())

    def holds(self, jti: str) -> bool:
        """Tell whether a token was revoked."""
        return self._session.get(RevokedToken, jti) is not None

    def delete_before(self, moment: datetime) -> None:
        """Drop what has run out."""
        self._session.execute(delete(RevokedToken).where(RevokedToken.expires_at < moment))
