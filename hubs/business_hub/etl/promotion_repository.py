"""Every query of differences and promotions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, undefer

from hubs.business_hub.etl.differences import Difference
from hubs.business_hub.etl.models import ImportRun, Promotion, RunDifference, StagedRecord


class PromotionRepository:
    """What runs do and did to the record, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add_differences(self, run_id: UUID, found: Sequence[Difference]) -> None:
        """Keep what a run does to records."""
        if found:
            self.session.execute(insert(RunDifference), [{"run_id": run_id, **one.__dict__} for one in found])

    def forget_differences(self, run_id: UUID) -> None:
        """Forget them: the run is compared anew."""
        self.session.execute(delete(RunDifference).where(RunDifference.run_id == run_id))

    def differences(self, run_id: UUID, *, kind: str | None, change: str | None) -> Select[Any]:
        """Return the query of what a run does to records."""
        statement = select(RunDifference).where(RunDifference.run_id == run_id)
        if kind is not None:
            statement = statement.where(RunDifference.kind == kind)
        if change is not None:
            statement = statement.where(RunDifference.change == change)
        return statement.order_by(RunDifference.id)

    def find(self, run_id: UUID, *, with_backup: bool = False) -> Promotion | None:
        """Return the promotion of a run or None."""
        options = [undefer(Promotion.backup)] if with_backup else []
        statement = select(Promotion).where(Promotion.run_id == run_id).options(*options)
        return self.session.scalars(statement).one_or_none()

    def save_checks(self, run_id: UUID, checks: Sequence[dict[str, Any]]) -> None:
        """Keep what was checked, in place of what was before."""
        statement = upsert(Promotion).values(
            run_id=run_id,
            checks=list(checks),
            decision="",
            decided_by="",
            reason="",
            backup_sha256="",
            backup_records=0,
        )
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["run_id"], set_={"checks": statement.excluded.checks}
            )
        )

    def decide(self, run_id: UUID, decision: str, actor: str, reason: str, at: datetime) -> None:
        """Note who decided what, and why."""
        self.save_checks_if_none(run_id)
        self.session.execute(
            update(Promotion)
            .where(Promotion.run_id == run_id)
            .values(decision=decision, decided_by=actor, reason=reason, decided_at=at)
        )

    def save_checks_if_none(self, run_id: UUID) -> None:
        """Make sure that there is a row for a run, also one that was never tested."""
        if self.find(run_id) is None:
            self.save_checks(run_id, [])

    def save_backup(self, run_id: UUID, backup: bytes, sha256: str, records: int, at: datetime) -> None:
        """Keep what stood before a run."""
        self.save_checks_if_none(run_id)
        self.session.execute(
            update(Promotion)
            .where(Promotion.run_id == run_id)
            .values(backup=backup, backup_sha256=sha256, backup_records=records, backup_at=at)
        )

    def forgettable(self, before: datetime) -> Sequence[UUID]:
        """Return runs that have waited for somebody since before a moment."""
        statement = select(ImportRun.run_id).where(
            ImportRun.state.in_(("held", "tested")), ImportRun.updated_at < before
        )
        return self.session.scalars(statement).all()

    def prune(self, before: datetime) -> None:
        """Forget differences and backups of runs that ended before a moment."""
        old = select(ImportRun.run_id).where(ImportRun.finished_at < before)
        self.session.execute(delete(RunDifference).where(RunDifference.run_id.in_(old)))
        self.session.execute(update(Promotion).where(Promotion.run_id.in_(old)).values(backup=None))

    def staged(self, run_id: UUID, kind: str | None) -> Select[Any]:
        """Return the query of what a run has staged."""
        statement = select(StagedRecord).where(StagedRecord.run_id == run_id)
        if kind is not None:
            statement = statement.where(StagedRecord.kind == kind)
        return statement.order_by(StagedRecord.kind, StagedRecord.key)
