"""Every query about flags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.flags.models import Flag, FlagUse, FlagVersion


class FlagRepository:
    """The tables of flags."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, key: str, *, is_locked: bool = False) -> Flag | None:
        """Return one flag."""
        query = select(Flag).where(Flag.key == key)
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def list(self) -> Sequence[Flag]:
        """Return all flags by key."""
        return self._session.scalars(select(Flag).order_by(Flag.key)).all()

    def add(self, row: Flag | FlagVersion) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def delete(self, flag: Flag) -> None:
        """Delete a flag."""
        self._session.delete(flag)

    def versions(self, key: str) -> Sequence[FlagVersion]:
        """Return former states, the newest first."""
        query = select(FlagVersion).where(FlagVersion.key == key)
        return self._session.scalars(query.order_by(FlagVersion.version.desc()).limit(200)).all()

    def find_version(self, key: str, version: int) -> FlagVersion | None:
        """Return one former state."""
        return self._session.get(FlagVersion, (key, version))

    def count_uses(self, uses: Iterable[tuple[str, date, str, int]]) -> None:
        """Add to how often variants were answered; of flags deleted meanwhile nothing is kept."""
        known = set(self._session.scalars(select(Flag.key)))
        rows = [
            {"key": key, "day": day, "variant": variant, "count": count}
            for key, day, variant, count in sorted(uses)
            if key in known
        ]
        if rows:
            query = insert(FlagUse).values(rows)
            changes = {"count": FlagUse.count + query.excluded.count}
            self._session.execute(
                query.on_conflict_do_update(index_elements=["key", "day", "variant"], set_=changes)
            )

    def uses_since(self, day: date) -> Sequence[FlagUse]:
        """Return how often variants were answered since a day."""
        return self._session.scalars(select(FlagUse).where(FlagUse.day >= day)).all()

    def last_uses(self) -> dict[str, date]:
        """Return the last day on which each flag was asked for."""
        rows = self._session.execute(select(FlagUse.key, func.max(FlagUse.day)).group_by(FlagUse.key)).all()
        return {row[0]: row[1] for row in rows}
