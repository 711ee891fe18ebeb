"""The end of a run: what it proves to be gone becomes a tombstone; and what a source has on record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.repository.ledger import LedgerRepository
from hubs.data_hub.database.repository.loading import LoadingRepository
from hubs.data_hub.database.repository.reverting import RevertingRepository
from hubs.data_hub.database.service.announcing import Announcer
from shared.contracts.http.ingest import CloseRun, CloseRunReport, SourceCounts, SourceKeys
from shared.contracts.records import LOAD_ORDER, record_class
from shared.core.clock import utc_now


class ClosingService:
    """Closes runs."""

    def __init__(
        self,
        loading: LoadingRepository,
        ledger: LedgerRepository,
        announcer: Announcer,
        reverting: RevertingRepository,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._loading = loading
        self._ledger = ledger
        self._announcer = announcer
        self._reverting = reverting
        self._clock = clock

    def close(self, request: CloseRun) -> CloseRunReport:
        """Make tombstones of what a complete set no longer holds, unless another source still names it.

        Raises: Invalid for an unknown kind.
        """
        now = self._clock()
        tombstoned: dict[str, int] = {}
        kinds = {record_class(part.kind).kind for part in request.complete}
        for kind in sorted(kinds, key=LOAD_ORDER.index):
            self._loading.begin(kind)
            ids = {
                record_id
                for part in request.complete
                if part.kind == kind
                for record_id in self._ledger.gone(
                    request.source_id, kind, part.prefix, request.run_id, request.observed_at
                )
            }
            rows = self._ledger.tombstone(kind, sorted(ids), now)
            if not rows:
                continue
            self._keep_revisions(kind, rows, now)
            tombstoned[kind] = len(rows)
            changes = [_tombstone(kind, row) for row in rows]
            self._announcer.announce(kind, changes, request.run_id, request.source_id, now)
        self._ledger.forget_old_keys(now)
        return CloseRunReport(tombstoned=tombstoned)

    def withdraw(self, source_id: str, kind: str, record_ids: Sequence[UUID], run_id: UUID) -> int:
        """Take a source's word for records back; return how many nobody names now and became tombstones."""
        now = self._clock()
        self._loading.begin(kind)
        rows = self._ledger.tombstone(
            kind, sorted(self._reverting.withdraw(source_id, kind, record_ids, now)), now
        )
        if rows:
            self._keep_revisions(kind, rows, now)
            self._announcer.announce(kind, [_tombstone(kind, row) for row in rows], run_id, source_id, now)
        return len(rows)

    def source_counts(self, source_id: str) -> SourceCounts:
        """Return how many standing rows a source named: per kind, and per ``kind:prefix`` of their keys."""
        counts: dict[str, int] = {}
        for kind, prefix, number in self._ledger.count_by_prefix(source_id):
            counts[kind] = counts.get(kind, 0) + number
            counts[f"{kind}:{prefix}"] = number
        return SourceCounts(source_id=source_id, counts=counts)

    def source_keys(self, source_id: str, kind: str, prefix: str, after: str, limit: int) -> SourceKeys:
        """Return a page of the keys that only this source names: what its next complete run can make vanish.

        Raises: Invalid for an unknown kind.
        """
        keys = self._ledger.keys_of(source_id, record_class(kind).kind, prefix, after, limit)
        return SourceKeys(keys=tuple(keys), after=keys[-1] if len(keys) == limit else "")

    def _keep_revisions(self, kind: str, rows: Sequence[dict[str, Any]], now: datetime) -> None:
        documents = self._ledger.documents_of([row["record_id"] for row in rows])
        self._loading.insert_revisions(
            [
                {
                    "kind": kind,
                    "record_id": row["record_id"],
                    "key": row["key"],
                    "recorded_from": row["recorded_from"],
                    "recorded_to": now,
                    "was_deleted": False,
                    "facts": row["facts"],
                    "ballots": None,
                    "documents": documents.get(row["record_id"], []),
                }
                for row in rows
            ]
        )


def _tombstone(kind: str, row: dict[str, Any]) -> dict[str, Any]:
    names = ("record_id", "key", "jurisdiction", "title_en", "title_fr")
    return {"kind": kind, "change": "tombstone", "fields": {}, **{name: row[name] for name in names}}
