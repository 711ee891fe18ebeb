"""Every query about challenges."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hubs.security_hub.challenges.models import Challenge


class ChallengeRepository:
    """The table of challenges."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, challenge: Challenge, now: datetime) -> None:
        """Insert a question, dropping those that have run out."""
        self._session.execute(delete(Challenge).where(Challenge.expires_at < now))
        self._session.add(challenge)
        self._session.flush()

    def find(self, token_hash: str, purpose: str, now: datetime, *, is_locked: bool) -> Challenge | None:
        """Return a question that still waits."""
        query = select(Challenge).where(
            Challenge.token_hash == token_hash, Challenge.purpose == purpose, Challenge.expires_at > now
        )
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def delete(self, challenge: Challenge) -> None:
        """Delete a question with its answer."""
        self._session.delete(challenge)
        self._session.flush()

    def delete_of(self, user_id: UUID, purpose: str) -> None:
        """Delete somebody's waiting questions of one kind."""
        chosen = (Challenge.user_id == user_id) & (Challenge.purpose == purpose)
        self._session.execute(delete(Challenge).where(chosen))
