"""Every query of the saved queries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hubs.intelligence_hub.queries.models import SavedQuery


class QueryRepository:
    """Keeps saved queries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, name: str) -> SavedQuery | None:
        """Return a saved query."""
        return self._session.get(SavedQuery, name)

    def list(self) -> list[SavedQuery]:
        """Return every saved query by name."""
        return list(self._session.scalars(select(SavedQuery).order_by(SavedQuery.name)))

    def add(self, row: dict[str, Any]) -> SavedQuery:
        """Keep a new one."""
        found = SavedQuery(**row)
        self._session.add(found)
        self._session.flush()
        return found

    def delete(self, name: str) -> None:
        """Remove one."""
        self._session.execute(delete(SavedQuery).where(SavedQuery.name == name))
