"""Every query about accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from hubs.security_hub.accounts.models import MailToken, User
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice, paginate


class UserRepository:
    """The table of accounts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, user: User) -> None:
        """Insert an account."""
        self._session.add(user)
        self._session.flush()

    def find(self, user_id: UUID, *, is_locked: bool = False) -> User | None:
        """Return an account that was not deleted; locked: nobody else changes it until the transaction
        ends.
        """
        query = select(User).where(User.id == user_id, User.deleted_at.is_(None))
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def find_by_email(self, key: str) -> User | None:
        """Return the account with an address."""
        return self._session.scalar(select(User).where(User.email_key == key, User.deleted_at.is_(None)))

    def find_by_name(self, key: str) -> User | None:
        """Return the account with a user name."""
        return self._session.scalar(select(User).where(User.name_key == key, User.deleted_at.is_(None)))

    def page(
        self, codec: CursorCodec, limit: int, cursor: str | None, search: str, is_active: bool | None
    ) -> Slice[User]:
        """Return accounts, the newest first."""
        query = select(User).where(User.deleted_at.is_(None))
        if search:
            escaped = search.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
            like = f"%{escaped}%"
            query = query.where(
                or_(User.email.ilike(like), User.username.ilike(like), User.display_name.ilike(like))
            )
        if is_active is not None:
            query = query.where(User.is_active.is_(is_active))
        query = query.order_by(User.id.desc())
        filters = {"search": search, "is_active": is_active}
        return paginate(self._session, query, codec=codec, limit=limit, cursor=cursor, filters=filters)

    def counts(self, since: datetime) -> dict[str, int]:
        """Return the numbers of the statistics."""
        row = self._session.execute(
            select(
                func.count().label("total"),
                func.count().filter(User.is_active).label("active"),
                func.count().filter(User.email_verified_at.is_not(None)).label("verified"),
                func.count().filter(User.created_at >= since).label("registered_7d"),
                func.count().filter(User.last_login_at >= since).label("signed_in_7d"),
            ).where(User.deleted_at.is_(None))
        ).one()
        return dict(row._mapping)

    def add_mail_token(self, token: MailToken) -> None:
        """Insert a mail token."""
        self._session.add(token)

    def find_mail_token(self, token_hash: str, purpose: str, now: datetime) -> MailToken | None:
        """Return a mail token that still counts, locked."""
        query = select(MailToken).where(
            MailToken.token_hash == token_hash,
            MailToken.purpose == purpose,
            MailToken.used_at.is_(None),
            MailToken.expires_at > now,
        )
        return self._session.scalar(query.with_for_update())

    def delete_mail_tokens(self, user_id: UUID) -> None:
        """Make every link sent to somebody void."""
        self._session.execute(delete(MailToken).where(MailToken.user_id == user_id))
