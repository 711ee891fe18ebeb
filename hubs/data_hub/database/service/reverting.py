"""Reverting: what a run of a source changed is taken back, unless somebody changed it since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.repository.reverting import Before, RevertingRepository, Touched
from hubs.data_hub.database.service.closing import ClosingService
from hubs.data_hub.database.service.loading import LoadingService
from shared.contracts.events.importing import KindReport
from shared.contracts.http.ingest import RevertReport, RevertRun, UpsertBatch
from shared.contracts.records import LOAD_ORDER
from shared.core.clock import utc_now
from shared.core.ids import new_id

_BATCH = 500


class RevertingService:
    """Takes runs back; the reversal is a run of its own, with history like any other."""

    def __init__(
        self,
        reverting: RevertingRepository,
        loading: LoadingService,
        closing: ClosingService,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._reverting = reverting
        self._loading = loading
        self._closing = closing
        self._clock = clock

    def revert(self, asked: RevertRun) -> RevertReport:
        """Restore what the runs updated and removed, remove what they inserted."""
        run_id = new_id()
        runs = (asked.run_id, *asked.earlier)
        kinds = sorted(self._reverting.kinds(runs, asked.source_id), key=LOAD_ORDER.index)
        report: dict[str, KindReport] = {}
        kept: dict[str, int] = {}
        for kind in kinds:
            touched = self._reverting.touched(runs, asked.source_id, kind)
            free = [one for one in touched if not one.is_changed_since]
            if len(free) < len(touched):
                kept[kind] = len(touched) - len(free)
            report[kind] = self._revert(asked, kind, free, run_id)
        return RevertReport(report=report, kept=kept)

    def _revert(self, asked: RevertRun, kind: str, touched: list[Touched], run_id: UUID) -> KindReport:
        gone = [one.record_id for one in touched if one.change == "insert"]
        records: list[dict[str, Any]] = []
        for one in touched:
            if one.change == "insert":
                continue
            before = self._reverting.before(kind, one.record_id, one.changed_at)
            if before is None or before.was_deleted:
                gone.append(one.record_id)
            else:
                records.append(self._record(kind, one, before))
        total = KindReport(
            tombstoned=self._closing.withdraw(asked.source_id, kind, gone, run_id) if gone else 0
        )
        for start in range(0, len(records), _BATCH):
            batch = UpsertBatch(
                run_id=run_id,
                source_id=asked.source_id,
                kind=kind,
                observed_at=self._clock(),
                records=tuple(records[start : start + _BATCH]),
            )
            total = _sum(total, self._loading.load(batch).report)
        return total

    def _record(self, kind: str, one: Touched, before: Before) -> dict[str, Any]:
        record = {**before.facts, "sources": self._reverting.sources(before.documents)}
        if kind == "vote_event":
            same = before.ballots is None
            record["ballots"] = self._reverting.ballots(one.record_id) if same else before.ballots
        return record


def _sum(one: KindReport, other: KindReport) -> KindReport:
    fields = KindReport.model_fields
    return KindReport(**{name: getattr(one, name) + getattr(other, name) for name in fields})
