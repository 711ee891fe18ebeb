"""Every query about sessions, grants and refresh tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.sessions.models import Grant, KnownOrigin, RefreshToken, UserSession


class SessionRepository:
    """The tables of sessions and what hangs on them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: UserSession | Grant | RefreshToken) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def find_live(self, session_id: UUID, now: datetime) -> UserSession | None:
        """Return a session that counts now."""
        return self._session.scalar(select(UserSession).where(UserSession.id == session_id, _is_live(now)))

    def find_by_cookie(self, cookie_hash: str, now: datetime) -> UserSession | None:
        """Return the session of a browser cookie, if it counts now."""
        return self._session.scalar(
            select(UserSession).where(UserSession.cookie_hash == cookie_hash, _is_live(now))
        )

    def list_live(self, user_id: UUID, now: datetime) -> list[UserSession]:
        """Return somebody's sessions, the newest first."""
        query = select(UserSession).where(UserSession.user_id == user_id, _is_live(now))
        return list(self._session.scalars(query.order_by(UserSession.id.desc())))

    def count_live(self, now: datetime) -> int:
        """Return how many sessions count now."""
        return self._session.scalar(select(func.count()).select_from(UserSession).where(_is_live(now))) or 0

    def revoke(
        self, user_id: UUID, now: datetime, reason: str, *, session_id: UUID | None, sparing: UUID | None
    ) -> int:
        """End one or all sessions of somebody, and the grants that hang on them; return how many sessions
        ended.
        """
        chosen = [UserSession.user_id == user_id, UserSession.revoked_at.is_(None)]
        if session_id is not None:
            chosen.append(UserSession.id == session_id)
        if sparing is not None:
            chosen.append(UserSession.id != sparing)
        query = update(UserSession).where(*chosen).values(revoked_at=now, revoked_reason=reason)
        ended = list(self._session.scalars(query.returning(UserSession.id)))
        hanging = and_(Grant.session_id.in_(ended), Grant.revoked_at.is_(None), Grant.is_offline.is_(False))
        self._session.execute(update(Grant).where(hanging).values(revoked_at=now, revoked_reason=reason))
        return len(ended)

    def revoke_grants(
        self, user_id: UUID, now: datetime, reason: str, *, client_id: str | None = None
    ) -> int:
        """End somebody's grants, of one client or all, and return how many."""
        chosen = [Grant.user_id == user_id, Grant.revoked_at.is_(None)]
        if client_id is not None:
            chosen.append(Grant.client_id == client_id)
        query = update(Grant).where(*chosen).values(revoked_at=now, revoked_reason=reason)
        return len(self._session.scalars(query.returning(Grant.id)).all())

    def find_grant(self, grant_id: UUID) -> Grant | None:
        """Return a grant, live or not."""
        return self._session.get(Grant, grant_id)

    def list_grants(self, user_id: UUID, now: datetime) -> list[Grant]:
        """Return somebody's live grants, the newest first."""
        query = select(Grant).where(
            Grant.user_id == user_id, Grant.revoked_at.is_(None), Grant.expires_at > now
        )
        return list(self._session.scalars(query.order_by(Grant.id.desc())))

    def find_refresh(self, token_hash: str) -> tuple[RefreshToken, Grant] | None:
        """Return a refresh token and its grant, locked, so that a second use sees the first."""
        query = (
            select(RefreshToken, Grant)
            .join(Grant, RefreshToken.grant_id == Grant.id)
            .where(RefreshToken.token_hash == token_hash)
            .with_for_update()
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else (row[0], row[1])

    def note_origin(self, user_id: UUID, origin: str, now: datetime) -> bool:
        """Remember a device or network of somebody; tell whether it is new."""
        query = insert(KnownOrigin).values(user_id=user_id, origin=origin, seen_at=now)
        if self._session.scalar(query.on_conflict_do_nothing().returning(KnownOrigin.id)) is not None:
            return True
        both = (KnownOrigin.user_id == user_id) & (KnownOrigin.origin == origin)
        self._session.execute(update(KnownOrigin).where(both).values(seen_at=now))
        return False

    def knows_origin(self, user_id: UUID, origin: str, since: datetime) -> bool:
        """Tell whether somebody signed in from there since a moment."""
        query = select(KnownOrigin.id).where(
            KnownOrigin.user_id == user_id, KnownOrigin.origin == origin, KnownOrigin.seen_at >= since
        )
        return self._session.scalar(query) is not None

    def forget_origins(self, user_id: UUID) -> None:
        """Trust no device or network of somebody any more."""
        self._session.execute(delete(KnownOrigin).where(KnownOrigin.user_id == user_id))

    def delete_before(self, moment: datetime) -> int:
        """Delete sessions and grants that ended before a moment and return how many sessions."""
        over = or_(UserSession.expires_at < moment, UserSession.revoked_at < moment)
        self._session.execute(delete(Grant).where(or_(Grant.expires_at < moment, Grant.revoked_at < moment)))
        self._session.execute(delete(KnownOrigin).where(KnownOrigin.seen_at < moment))
        # A session may end before a grant that outlives it.
        kept = select(Grant.session_id).where(Grant.session_id.is_not(None))
        gone = delete(UserSession).where(over, UserSession.id.not_in(kept)).returning(UserSession.id)
        return len(self._session.scalars(gone).all())


def _is_live(now: datetime) -> ColumnElement[bool]:
    return and_(UserSession.revoked_at.is_(None), UserSession.expires_at > now)
