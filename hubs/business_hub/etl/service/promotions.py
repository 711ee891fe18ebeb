"""Tested runs on their way to production, and loaded ones on their way back; never commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.etl.errors import BackupNotFound, NotPromotable, NotRevertible
from hubs.business_hub.etl.models import ImportRun, Promotion
from hubs.business_hub.etl.promotion_repository import PromotionRepository
from hubs.business_hub.etl.service.runs import PRODUCER, PROMOTE, Publisher, RunService
from hubs.business_hub.queue.service.jobs import JobService
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.http.jobs import JobCreate
from shared.core.clock import utc_now

ROLLBACK = "rollback"


class PromotionService:
    """What can happen to tested and to loaded runs."""

    def __init__(
        self,
        promotions: PromotionRepository,
        runs: RunService,
        jobs: JobService,
        publisher: Publisher,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._promotions = promotions
        self._runs = runs
        self._jobs = jobs
        self._publisher = publisher
        self._now = clock

    def find(self, run_id: UUID) -> Promotion | None:
        """Return what was checked and decided about a run, or None."""
        return self._promotions.find(run_id)

    def list_differences(self, run_id: UUID, *, kind: str | None, change: str | None) -> Select[Any]:
        """Return the query of what a run does, or did, to records, for a page of it.

        Raises: RunNotFound.
        """
        return self._promotions.differences(self._runs.get(run_id).run_id, kind=kind, change=change)

    def list_staged(self, run_id: UUID, *, kind: str | None) -> Select[Any]:
        """Return the query of what a run has staged, for a page of it.

        Raises: RunNotFound.
        """
        return self._promotions.staged(self._runs.get(run_id).run_id, kind)

    def promote(self, run_id: UUID, actor: str, reason: str, *, override: bool) -> UUID:
        """Make the job that backs up what a tested run touches and loads it; return its id.

        Raises: RunNotFound; NotPromotable when it was not tested, is on its way already, or a check failed
        and nothing is to be overridden.
        """
        run = self._runs.locked(run_id)
        if run.state != "tested":
            raise NotPromotable(f"the run is {run.state}", state=run.state)
        if self._is_under_way(PROMOTE, run):
            raise NotPromotable("the run is being promoted", job_id=str(run.job_id))
        promotion = self._promotions.find(run_id)
        failed = [check for check in (promotion.checks if promotion else []) if not check["is_passed"]]
        if failed and not override:
            said = "; ".join(check["detail_en"] for check in failed)
            raise NotPromotable(
                f"the checks speak against it: {said}",
                errors=[
                    {"code": check["code"], "detail": check["detail_en"], "detail_fr": check["detail_fr"]}
                    for check in failed
                ],
            )
        run.is_released = bool(failed)
        run.reviewed_by = actor
        self._promotions.decide(run_id, "promoted", actor, reason, self._now())
        self._hand_over(PROMOTE, run, actor)
        self._audit(run, "import.promoted", actor, reason)
        return run.job_id

    def begin(self, run: ImportRun) -> None:
        """Let a promoted run be prepared anew and go on to be loaded."""
        if run.state == "tested":
            run.state, run.step, run.cursor = "ready", "", {}
            run.forecast = {}
            if run.origin == "scrape":
                self._runs.quality.clear(run)
            run.updated_at = self._now()

    def roll_back(self, run_id: UUID, actor: str, reason: str) -> UUID:
        """Make the job that takes back what a loaded run changed; return its id.

        Raises: RunNotFound; NotRevertible when nothing of it was loaded, or that is under way.
        """
        run = self._runs.locked(run_id)
        if run.state != "loaded":
            raise NotRevertible(f"the run is {run.state}", state=run.state)
        if self._is_under_way(ROLLBACK, run):
            raise NotRevertible("the run is being rolled back", job_id=str(run.job_id))
        self._promotions.decide(run_id, "rolled_back", actor, reason, self._now())
        self._hand_over(ROLLBACK, run, actor)
        self._audit(run, "import.rollback_requested", actor, reason)
        return run.job_id

    def mark_reverted(self, run_id: UUID) -> None:
        """Note that what a run changed was taken back."""
        run = self._runs.locked(run_id)
        run.state, run.updated_at = "reverted", self._now()
        self._runs.runs.forget_ledger(run.source_id)

    def find_with_backup(self, run_id: UUID) -> Promotion | None:
        """Return a promotion with what stood before it, or None."""
        return self._promotions.find(run_id, with_backup=True)

    def backup(self, run_id: UUID) -> Promotion:
        """Return a promotion with what stood before it.

        Raises: BackupNotFound.
        """
        promotion = self._promotions.find(run_id, with_backup=True)
        if promotion is None or promotion.backup is None:
            raise BackupNotFound(f"there is no backup of run {run_id}")
        return promotion

    def forget(self, before: datetime) -> int:
        """Drop runs that have waited for somebody since before a moment; return how many.

        Differences and backups of runs that ended before it go too.
        """
        waiting = self._promotions.forgettable(before)
        for run_id in waiting:
            run = self._runs.locked(run_id)
            self._runs.end(run, "cancelled", "nobody reviewed the run in time")
        self._promotions.prune(before)
        return len(waiting)

    def _is_under_way(self, kind: str, run: ImportRun) -> bool:
        job = self._jobs.get(run.job_id)
        return job.kind == kind and job.finished_at is None

    def _hand_over(self, kind: str, run: ImportRun, actor: str) -> None:
        asked = JobCreate(kind=kind, source_id=run.source_id, mode="production")
        run.job_id = self._jobs.make(asked, actor, run_id=run.run_id).id
        run.updated_at = self._now()

    def _audit(self, run: ImportRun, action: str, actor: str, reason: str) -> None:
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                actor=actor,
                action=action,
                target=str(run.run_id),
                target_type="import_run",
                reason=reason,
                metadata={"source_id": run.source_id, "job_id": str(run.job_id)},
            )
        )
