"""Finding people by identifier or folded name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import TABLES, UnmatchedRow


class PeopleRepository:
    """Look-ups for the person match."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._person = TABLES["person"]

    def by_identifiers(self, identifiers: Collection[str]) -> dict[str, set[str]]:
        """Return, per ``scheme:value``, the keys of standing people who carry it."""
        if not identifiers:
            return {}
        wanted = set(identifiers)
        p = self._person.c
        rows = self._session.execute(
            select(p.key, p.identifiers).where(p.identifiers.overlap(list(wanted)), p.deleted_at.is_(None))
        )
        found: dict[str, set[str]] = {}
        for key, values in rows:
            for value in wanted.intersection(values):
                found.setdefault(value, set()).add(key)
        return found

    def by_names(self, names: Collection[str]) -> dict[str, list[tuple[str, str]]]:
        """Return, per folded name, the (key, jurisdiction) of standing, unmerged people who go by it."""
        if not names:
            return {}
        wanted = set(names)
        p = self._person.c
        rows = self._session.execute(
            select(p.key, p.jurisdiction, p.name_keys).where(
                p.name_keys.overlap(list(wanted)), p.deleted_at.is_(None), p.merged_into.is_(None)
            )
        )
        found: dict[str, list[tuple[str, str]]] = {}
        for key, jurisdiction, values in rows:
            for value in wanted.intersection(values):
                found.setdefault(value, []).append((key, jurisdiction))
        return found

    def keep_unmatched(self, rows: Sequence[dict[str, Any]], at: datetime) -> None:
        """Queue names for review; a name already queued for the same record stays one entry."""
        if rows:
            values = [{**row, "seen_at": at, "resolution": ""} for row in rows]
            statement = insert(UnmatchedRow).values(values)
            self._session.execute(
                statement.on_conflict_do_update(
                    index_elements=["record_kind", "record_key", "folded"], set_={"seen_at": at}
                )
            )

    def resolutions(self, names: Collection[str]) -> dict[tuple[str, str], str]:
        """Return what humans have decided: (folded name, jurisdiction) to the person's key."""
        if not names:
            return {}
        table = UnmatchedRow.__table__
        rows = self._session.execute(
            select(table.c.folded, table.c.jurisdiction, table.c.person_key)
            .where(table.c.folded.in_(list(names)), table.c.person_key.is_not(None))
            .order_by(table.c.resolved_at)
        )
        return {(folded, jurisdiction): key for folded, jurisdiction, key in rows}
