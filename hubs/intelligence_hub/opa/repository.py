"""Every query of the decision log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, bindparam, cast, column, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from hubs.intelligence_hub.opa.exact import write_exact
from hubs.intelligence_hub.opa.models import DecisionLog

_MOST_BYTES = 8 * 2**20
_TABLE = DecisionLog.metadata.tables["intelligence.decision_log"]
_COLUMNS = list(_TABLE.columns)
# One parameter for all rows: their values, bound one by one, cost ten times the processor time here.
_GIVEN = (
    func.jsonb_to_recordset(cast(bindparam("rows", type_=Text), JSONB))
    .table_valued(*[column(found.name, found.type) for found in _COLUMNS])
    .render_derived(name="given", with_types=True)
)
_ADD = insert(_TABLE).from_select([found.name for found in _COLUMNS], select(_GIVEN)).on_conflict_do_nothing()


class DecisionRepository:
    """Appends and finds decisions."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, rows: list[dict[str, Any]]) -> int:
        """Keep decisions that are not there yet; return how many were new."""
        added, size = 0, 0
        texts: list[bytes] = []
        for row in rows:
            texts.append(write_exact(row))
            size += len(texts[-1])
            if size > _MOST_BYTES:
                added += self._add(texts)
                texts, size = [], 0
        return added + self._add(texts)

    def _add(self, texts: list[bytes]) -> int:
        if not texts:
            return 0
        rows = (b"[%b]" % b",".join(texts)).decode()
        done = self._session.execute(_ADD, {"rows": rows}, execution_options={"preserve_rowcount": True})
        return int(done.rowcount)  # type: ignore[attr-defined]

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
