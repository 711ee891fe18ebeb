"""The inbox: a message is handled in the transaction that notes its id; a second delivery changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Table, delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

DEFAULT_KEEP_DAYS = 30


def _uuid(message_id: str | UUID) -> UUID:
    return message_id if isinstance(message_id, UUID) else UUID(message_id)


class Inbox:
    """The inbox of one consumer in one transaction: ``Inbox(session, models.inbox, "business.etl")``."""

    def __init__(self, session: Session, table: Table, consumer: str) -> None:
        self._session = session
        self._table = table
        self._consumer = consumer

    def seen(self, message_id: str | UUID) -> bool:
        """Note a message; True when it was handled before (then leave it).

        A concurrent delivery of the same message waits here for the other transaction's end.
        """
        return not self.unseen([message_id])

    def unseen(self, message_ids: Iterable[str | UUID]) -> set[UUID]:
        """Note many messages and return those that were not handled before."""
        # Sorted, so that two consumers with overlapping batches cannot deadlock.
        wanted = sorted({_uuid(message_id) for message_id in message_ids})
        if not wanted:
            return set()
        rows = [{"consumer": self._consumer, "message_id": message_id} for message_id in wanted]
        statement = insert(self._table).values(rows).on_conflict_do_nothing()
        fresh = self._session.execute(statement.returning(self._table.c.message_id))
        return set(fresh.scalars())


def prune_inbox(session: Session, table: Table, *, keep_days: int = DEFAULT_KEEP_DAYS) -> int:
    """Forget messages handled more than ``keep_days`` days ago and return how many."""
    old = delete(table).where(table.c.seen_at < func.now() - timedelta(days=keep_days))
    return len(session.execute(old.returning(table.c.message_id)).all())
