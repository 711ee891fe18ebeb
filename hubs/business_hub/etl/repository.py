"""Every query of the importer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.business_hub.etl.models import ImportRun, ImportStep, StagedRecord

_STAGE = text(
    """
    INSERT INTO business.staged_record AS s (run_id, kind, key, batch, body)
    SELECT * FROM unnest(:runs ::uuid[], :kinds ::text[], :keys ::text[], :batches ::int[], :bodies ::bytea[])
    ON CONFLICT (run_id, kind, key) DO UPDATE SET batch = excluded.batch, body = excluded.body
    WHERE s.batch <= excluded.batch AND s.body <> excluded.body
    """
)
_REWRITE = text(
    """
    UPDATE business.staged_record AS s SET body = n.body
    FROM unnest(:keys ::text[], :bodies ::bytea[]) AS n (key, body)
    WHERE s.run_id = :run_id AND s.kind = :kind AND s.key = n.key
    """
)


class RunRepository:
    """Runs and their staged records, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def ensure(self, run_ids: Iterable[tuple[UUID, UUID, str]], now: datetime) -> None:
        """Insert runs (run id, job id, source) that are not known yet."""
        rows = [
            {
                "run_id": run_id,
                "job_id": job_id,
                "source_id": source_id,
                "state": "staging",
                "created_at": now,
                "updated_at": now,
            }
            for run_id, job_id, source_id in sorted(run_ids)
        ]
        self.session.execute(insert(ImportRun).values(rows).on_conflict_do_nothing())

    def find(self, run_id: UUID) -> ImportRun | None:
        """Return a run or None."""
        return self.session.get(ImportRun, run_id)

    def lock(self, run_id: UUID) -> ImportRun | None:
        """Return a run or None, its row locked until the transaction ends."""
        statement = select(ImportRun).where(ImportRun.run_id == run_id).with_for_update()
        return self.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()

    def lock_many(self, run_ids: Iterable[UUID]) -> dict[UUID, ImportRun]:
        """Return runs by id, their rows locked in a fixed order."""
        statement = (
            select(ImportRun)
            .where(ImportRun.run_id.in_(list(run_ids)))
            .order_by(ImportRun.run_id)
            .with_for_update()
        )
        return {run.run_id: run for run in self.session.scalars(statement)}

    def listing(self, *, state: str | None = None, source_id: str | None = None) -> Select[Any]:
        """Return the query of runs, newest first."""
        statement = select(ImportRun)
        if state is not None:
            statement = statement.where(ImportRun.state == state)
        if source_id is not None:
            statement = statement.where(ImportRun.source_id == source_id)
        return statement.order_by(ImportRun.created_at.desc(), ImportRun.run_id.desc())

    def workable(self) -> Sequence[UUID]:
        """Return the runs that the pipeline may work on, oldest first."""
        statement = select(ImportRun.run_id).where(ImportRun.state == "ready")
        return self.session.scalars(statement.order_by(ImportRun.created_at, ImportRun.run_id)).all()

    def incomplete_since(self, before: datetime) -> Sequence[UUID]:
        """Return runs whose crawl ended before a moment and whose records have not all come."""
        statement = select(ImportRun.run_id).where(
            ImportRun.state == "staging", ImportRun.announced_at < before
        )
        return self.session.scalars(statement).all()

    def stage(self, rows: Iterable[tuple[UUID, str, str, int, bytes]]) -> None:
        """Write records (run, kind, key, batch, body); the newest batch of a run wins."""
        newest: dict[tuple[UUID, str, str], tuple[int, bytes]] = {}
        for run_id, kind, key, batch, body in rows:
            known = newest.get((run_id, kind, key))
            if known is None or known[0] <= batch:
                newest[run_id, kind, key] = (batch, body)
        if not newest:
            return
        # Sorted, so that two importers that stage the same records cannot deadlock.
        ordered = sorted(newest.items(), key=lambda item: item[0])
        self.session.execute(
            _STAGE,
            {
                "runs": [key[0] for key, _ in ordered],
                "kinds": [key[1] for key, _ in ordered],
                "keys": [key[2] for key, _ in ordered],
                "batches": [value[0] for _, value in ordered],
                "bodies": [value[1] for _, value in ordered],
            },
        )

    def staged_counts(self, run_id: UUID) -> dict[str, int]:
        """Return how many records of each kind are staged."""
        statement = (
            select(StagedRecord.kind, func.count().label("records"))
            .where(StagedRecord.run_id == run_id)
            .group_by(StagedRecord.kind)
        )
        return {row.kind: row.records for row in self.session.execute(statement)}

    def staged_with_prefix(self, run_id: UUID, kind: str, prefix: str) -> int:
        """Return how many records of a kind have keys that start with a prefix."""
        statement = select(func.count()).where(
            StagedRecord.run_id == run_id,
            StagedRecord.kind == kind,
            func.starts_with(StagedRecord.key, prefix),
        )
        return self.session.scalar(statement) or 0

    def chunk(self, run_id: UUID, kind: str, after: str, limit: int) -> Sequence[tuple[str, bytes]]:
        """Return the next records of a kind (key, body) in the order of their keys."""
        statement = (
            select(StagedRecord.key, StagedRecord.body)
            .where(StagedRecord.run_id == run_id, StagedRecord.kind == kind, StagedRecord.key > after)
            .order_by(StagedRecord.key)
            .limit(limit)
        )
        return [(key, body) for key, body in self.session.execute(statement)]

    def rewrite(self, run_id: UUID, kind: str, changed: dict[str, bytes]) -> None:
        """Replace the bodies of some staged records."""
        if changed:
            self.session.execute(
                _REWRITE,
                {"run_id": run_id, "kind": kind, "keys": list(changed), "bodies": list(changed.values())},
            )

    def purge(self, run_id: UUID) -> None:
        """Delete what a run has staged."""
        self.session.execute(delete(StagedRecord).where(StagedRecord.run_id == run_id))

    def add_step(self, step: ImportStep) -> None:
        """Note that a step began; the second time it changes nothing."""
        self.session.execute(
            insert(ImportStep)
            .values(
                run_id=step.run_id,
                position=step.position,
                name=step.name,
                started_at=step.started_at,
                counts={},
            )
            .on_conflict_do_nothing()
        )

    def end_step(self, run_id: UUID, position: int, now: datetime, counts: dict[str, Any]) -> None:
        """Note that a step ended and what it counted."""
        self.session.execute(
            update(ImportStep)
            .where(ImportStep.run_id == run_id, ImportStep.position == position)
            .values(finished_at=now, counts=counts)
        )

    def steps(self, run_id: UUID) -> Sequence[ImportStep]:
        """Return the steps of a run in order."""
        statement = select(ImportStep).where(ImportStep.run_id == run_id).order_by(ImportStep.position)
        return self.session.scalars(statement).all()
