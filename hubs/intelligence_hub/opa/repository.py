"""Every query of the decision log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.opa.models import DecisionLog


class DecisionRepository:
    """Appends and finds decisions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, rows: list[dict[str, Any]]) -> int:
        """Keep decisions that are not there yet; return how many were new."""
        if not rows:
            return 0
        added = self._session.execute(
            insert(DecisionLog).on_conflict_do_nothing().returning(DecisionLog.decision_id), rows
        )
        return len(added.all())

    def search(self, path: str = "", since: datetime | None = None) -> Select[DecisionLog]:
        """Return the query of decisions, newest first."""
        query = select(DecisionLog)
        if path:
            query = query.where(DecisionLog.path == path)
        if since:
            query = query.where(DecisionLog.made_at >= since)
        return query.order_by(DecisionLog.made_at.desc(), DecisionLog.decision_id)

    def latest(self, limit: int) -> list[DecisionLog]:
        """Return the newest decisions, for a replay."""
        return list(self._session.scalars(self.search().limit(limit)))

    def prune(self, before: datetime) -> None:
        """Drop decisions made before a moment."""
        self._session.execute(delete(DecisionLog).where(DecisionLog.made_at < before))
