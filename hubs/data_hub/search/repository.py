"""Every query on search terms and saved searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.search.models import SavedSearch, SearchTerm

Row = Mapping[str, Any]
_TERMS, _SAVED = SearchTerm.__table__, SavedSearch.__table__


class SearchRepository:
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count_terms(self, rows: Sequence[Row]) -> None:
        """Add to the counts of queries."""
        if rows:
            statement = insert(SearchTerm)
            self._session.execute(
                statement.on_conflict_do_update(
                    index_elements=["day", "folded", "lang"],
                    set_={
                        "asked": _TERMS.c.asked + statement.excluded.asked,
                        "in_vain": _TERMS.c.in_vain + statement.excluded.in_vain,
                    },
                ),
                list(rows),
            )

    def forget_terms(self, before: date) -> None:
        """Drop the counts of days long past."""
        self._session.execute(delete(SearchTerm).where(SearchTerm.day < before))

    def terms(self, since: date, lang: str, limit: int, *, in_vain: bool, least: int) -> Sequence[Row]:
        """Return queries asked at least ``least`` times since a day, the most frequent first."""
        number = func.sum(_TERMS.c.in_vain if in_vain else _TERMS.c.asked - _TERMS.c.in_vain)
        statement = (
            select(_TERMS.c.folded.label("query"), number.label("count"))
            .where(_TERMS.c.day >= since)
            .group_by(_TERMS.c.folded)
            .having(number >= least)
            .order_by(number.desc(), _TERMS.c.folded)
            .limit(limit)
        )
        if lang:
            statement = statement.where(_TERMS.c.lang == lang)
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def save(self, values: Row) -> None:
        """Keep a search."""
        self._session.execute(insert(SavedSearch).values(**values))

    def saved(self, owner: str) -> Sequence[Row]:
        """Return somebody's searches, newest first."""
        statement = select(_SAVED).where(_SAVED.c.owner == owner).order_by(_SAVED.c.id.desc())
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def forget(self, owner: str, search_id: UUID) -> bool:
        """Drop somebody's search; tell whether there was one."""
        gone = delete(SavedSearch).where(SavedSearch.id == search_id, SavedSearch.owner == owner)
        return bool(self._session.execute(gone.returning(SavedSearch.id)).all())
