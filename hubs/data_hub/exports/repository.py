"""Every query on exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.data_hub.exports.models import Export

Row = Mapping[str, Any]
_TABLE = Export.__table__
_LOCK = 0x6F70E9
BUILD_LOCK_SPACE = 0x6F70EA
"""First key of the lock that a build holds; the second is the hash of the export's id."""


class ExportRepository:
    """Queries of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Let nobody else start an export until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def insert(self, values: Row) -> None:
        """Note an export that begins."""
        self._session.execute(insert(Export).values(**values))

    def finish(self, export_id: UUID, values: Row) -> None:
        """Note how an export ended."""
        self._session.execute(update(Export).where(Export.id == export_id).values(**values))

    def list(self, limit: int) -> Sequence[Row]:
        """Return exports, newest first."""
        rows = self._session.execute(select(_TABLE).order_by(_TABLE.c.id.desc()).limit(limit))
        return [dict(row) for row in rows.mappings()]

    def find(self, export_id: UUID) -> Row | None:
        """Return an export."""
        row = self._session.execute(select(_TABLE).where(_TABLE.c.id == export_id)).mappings().first()
        return dict(row) if row else None

    def newest(self, state: str) -> Row | None:
        """Return the newest export in a state."""
        statement = select(_TABLE).where(_TABLE.c.state == state).order_by(_TABLE.c.id.desc()).limit(1)
        row = self._session.execute(statement).mappings().first()
        return dict(row) if row else None

    def delete(self, ids: Sequence[UUID]) -> None:
        """Forget exports."""
        self._session.execute(delete(Export).where(Export.id.in_(ids)))

    def is_building(self, export_id: UUID) -> bool:
        """Tell whether a process builds an export: it holds a lock for as long as it lives."""
        is_free = self._session.execute(
            text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:id))"),
            {"space": BUILD_LOCK_SPACE, "id": str(export_id)},
        ).scalar_one()
        return not is_free

    def abandon(self, export_id: UUID, at: datetime) -> None:
        """Note as failed what was begun by a process that is no more."""
        self.finish(
            export_id, {"state": "failed", "finished_at": at, "problem": "the process that built it ended"}
        )
