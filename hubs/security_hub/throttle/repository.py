"""Every query about attempts; each is one statement, so that parallel attempts are all counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.throttle.models import Attempts


class AttemptsRepository:
    """The table of attempts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, key: str, now: datetime, resets_at: datetime) -> tuple[int, datetime]:
        """Count one attempt and return the count and when it starts again."""
        is_over = Attempts.resets_at <= now
        query = (
            insert(Attempts)
            .values(key=key, count=1, resets_at=resets_at)
            .on_conflict_do_update(
                index_elements=[Attempts.key],
                set_={
                    "count": case((is_over, 1), else_=Attempts.count + 1),
                    "resets_at": case((is_over, resets_at), else_=Attempts.resets_at),
                },
            )
            .returning(Attempts.count, Attempts.resets_at)
        )
        row = self._session.execute(query).one()
        return row[0], row[1]

    def lock(self, keys: Iterable[str]) -> set[str]:
        """Hold the rows of these keys and return which there are.

        In order, so that two requests never wait for each other crosswise; therefore a row that comes later
        must be left alone.
        """
        query = select(Attempts.key).where(Attempts.key.in_(sorted(keys))).order_by(Attempts.key)
        return set(self._session.scalars(query.with_for_update()))

    def take_back(self, keys: Iterable[str]) -> None:
        """Uncount one attempt of each key."""
        query = update(Attempts).where(Attempts.key.in_(sorted(keys)), Attempts.count > 0)
        self._session.execute(query.values(count=Attempts.count - 1))

    def clear(self, keys: Iterable[str]) -> None:
        """Forget the counts of these keys."""
        self._session.execute(delete(Attempts).where(Attempts.key.in_(sorted(keys))))

    def delete_before(self, moment: datetime) -> None:
        """Drop windows that are over and that nobody counts in at this moment."""
        over = select(Attempts.key).where(Attempts.resets_at < moment).with_for_update(skip_locked=True)
        self._session.execute(delete(Attempts).where(Attempts.key.in_(over)))
