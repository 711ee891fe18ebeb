"""Questions asked once and answered once: second factors, passkeys, sign-ins at another provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.challenges.errors import BadChallenge
from hubs.security_hub.challenges.models import Challenge
from hubs.security_hub.challenges.repository import ChallengeRepository
from hubs.security_hub.tokens.service import opaque_token, token_hash
from shared.app import Resources
from shared.core.clock import utc_now
from shared.db.session import transaction

LIFETIME_S = 300


@dataclass(frozen=True)
class Asked:
    """A question that waits for its answer."""

    user_id: UUID | None
    payload: dict[str, Any]


class ChallengeService:
    """Questions and their one answer."""

    def __init__(self, repository: ChallengeRepository, now: Callable[[], datetime] = utc_now) -> None:
        self._repository = repository
        self._now = now

    def ask(self, purpose: str, payload: dict[str, Any], user_id: UUID | None = None) -> str:
        """Ask something; the answer must come with the returned token within five minutes."""
        token = opaque_token("opq")
        challenge = Challenge(
            token_hash=token_hash(token),
            purpose=purpose,
            user_id=user_id,
            payload=payload,
            expires_at=self._now() + timedelta(seconds=LIFETIME_S),
        )
        self._repository.add(challenge, self._now())
        return token

    def look(self, token: str, purpose: str) -> Asked:
        """Return a question without answering it.

        Raises: BadChallenge.
        """
        return self._asked(self._find(token, purpose, is_locked=False))

    def answer(self, token: str, purpose: str) -> Asked:
        """Return a question and forget it: of two answers the second finds nothing.

        Raises: BadChallenge.
        """
        challenge = self._find(token, purpose, is_locked=True)
        asked = self._asked(challenge)
        self._repository.delete(challenge)
        return asked

    def _find(self, token: str, purpose: str, *, is_locked: bool) -> Challenge:
        found = self._repository.find(token_hash(token), purpose, self._now(), is_locked=is_locked)
        if found is None:
            raise BadChallenge("this has run out or was answered already; start again")
        return found

    @staticmethod
    def _asked(challenge: Challenge) -> Asked:
        return Asked(challenge.user_id, dict(challenge.payload))


def build(session: Session, resources: Resources) -> ChallengeService:
    """Return the service for one transaction."""
    del resources
    return ChallengeService(ChallengeRepository(session))


def take_answer(resources: Resources, token: str, purpose: str) -> Asked:
    """Use up a question in a transaction of its own, so that it is gone however the answer turns out.

    Raises: BadChallenge.
    """
    with transaction(resources.sessionmaker) as session:
        return build(session, resources).answer(token, purpose)
