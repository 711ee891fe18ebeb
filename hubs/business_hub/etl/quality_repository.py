"""Every query of quality: measured values, thresholds, discrepancies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Select, Text, cast, delete, func, insert, select, true
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from hubs.business_hub.etl.models import (
    ImportRun,
    QualityMetric,
    QualityThreshold,
    RunDiscrepancy,
    StagedRecord,
)
from hubs.business_hub.etl.quality import MOST_DISCREPANCIES, Discrepancy

ANY = "*"
TREND_RUNS = 5


class QualityRepository:
    """Quality in the database, within the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def unique_counts(self, run_id: UUID, kind: str, fields: Sequence[str]) -> tuple[int, int]:
        """Return how many staged records nobody repeats under another key, and how many there are.

        Records that leave the first of the fields open are not counted.
        """
        marks = [Column(name, Text()) for name in fields]
        # Each body is taken apart once; as json, not jsonb: of a vote with all its ballots that is a tenth.
        body = cast(func.convert_from(StagedRecord.body, "UTF8"), JSON)
        told = func.json_to_record(body).table_valued(*marks).render_derived(with_types=True).lateral()
        first, *others = (told.c[mark.name] for mark in marks)
        groups = (
            select(func.count().label("n"))
            .select_from(StagedRecord)
            .join(told, true())
            .where(StagedRecord.run_id == run_id, StagedRecord.kind == kind, StagedRecord.body.is_not(None))
            .where(func.coalesce(first, "") != "")
            .group_by(first, *others)
            .subquery()
        )
        row = self.session.execute(
            select(
                func.coalesce(func.sum(groups.c.n).filter(groups.c.n == 1), 0),
                func.coalesce(func.sum(groups.c.n), 0),
            )
        ).one()
        return int(row[0]), int(row[1])

    def previous_run_at(self, source_id: str, run_id: UUID) -> datetime | None:
        """Return when the last loaded run of a source, before this one, was observed."""
        statement = select(func.max(ImportRun.observed_at)).where(
            ImportRun.source_id == source_id, ImportRun.state == "loaded", ImportRun.run_id != run_id
        )
        return self.session.scalar(statement)

    def save(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep measured values; a run that is measured again replaces its own."""
        if rows:
            statement = upsert(QualityMetric).values(list(rows))
            self.session.execute(
                statement.on_conflict_do_update(
                    index_elements=["run_id", "kind", "metric"],
                    set_={name: statement.excluded[name] for name in ("value", "sample_size", "measured_at")},
                )
            )

    def series(
        self, *, source_id: str | None = None, kind: str | None = None, metric: str | None = None
    ) -> Select[Any]:
        """Return the query of measured values, newest first."""
        statement = select(QualityMetric)
        for column, wanted in (
            (QualityMetric.source_id, source_id),
            (QualityMetric.kind, kind),
            (QualityMetric.metric, metric),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        return statement.order_by(QualityMetric.measured_at.desc(), QualityMetric.id.desc())

    def latest(self, source_id: str | None = None) -> Sequence[tuple[QualityMetric, float | None]]:
        """Return the newest value of each series with the mean of those before it."""
        place = func.row_number().over(
            partition_by=(QualityMetric.source_id, QualityMetric.kind, QualityMetric.metric),
            order_by=(QualityMetric.measured_at.desc(), QualityMetric.id.desc()),
        )
        before = func.avg(QualityMetric.value).over(
            partition_by=(QualityMetric.source_id, QualityMetric.kind, QualityMetric.metric),
            order_by=(QualityMetric.measured_at.desc(), QualityMetric.id.desc()),
            rows=(1, TREND_RUNS),
        )
        ranked = select(QualityMetric.id.label("id"), place.label("place"), before.label("before"))
        if source_id is not None:
            ranked = ranked.where(QualityMetric.source_id == source_id)
        inner = ranked.subquery()
        statement = (
            select(QualityMetric, inner.c.before)
            .join(inner, inner.c.id == QualityMetric.id)
            .where(inner.c.place == 1)
            .order_by(QualityMetric.source_id, QualityMetric.kind, QualityMetric.metric)
        )
        return [
            (row[0], None if row[1] is None else float(row[1])) for row in self.session.execute(statement)
        ]

    def thresholds(self) -> Sequence[QualityThreshold]:
        """Return every threshold."""
        statement = select(QualityThreshold)
        return self.session.scalars(
            statement.order_by(QualityThreshold.source_id, QualityThreshold.kind, QualityThreshold.metric)
        ).all()

    def set_threshold(self, row: Mapping[str, Any]) -> None:
        """Set a threshold in place of the one before."""
        statement = upsert(QualityThreshold).values(row)
        self.session.execute(
            statement.on_conflict_do_update(
                index_elements=["source_id", "kind", "metric"],
                set_={name: statement.excluded[name] for name in ("warning", "critical", "set_by", "set_at")},
            )
        )

    def clear(self, run_id: UUID) -> None:
        """Forget the discrepancies of a run that is looked at again."""
        self.session.execute(delete(RunDiscrepancy).where(RunDiscrepancy.run_id == run_id))

    def note(self, run_id: UUID, source_id: str, found: Iterable[Discrepancy]) -> None:
        """Keep discrepancies of a run, up to a number."""
        held = self.session.scalar(
            select(func.count()).select_from(RunDiscrepancy).where(RunDiscrepancy.run_id == run_id)
        )
        rows = [{"run_id": run_id, "source_id": source_id, **one.__dict__} for one in found]
        rows = rows[: max(0, MOST_DISCREPANCIES - (held or 0))]
        if rows:
            self.session.execute(insert(RunDiscrepancy), rows)

    def discrepancies(self, *, run_id: UUID | None = None, source_id: str | None = None) -> Select[Any]:
        """Return the query of discrepancies, newest first."""
        statement = select(RunDiscrepancy)
        if run_id is not None:
            statement = statement.where(RunDiscrepancy.run_id == run_id)
        if source_id is not None:
            statement = statement.where(RunDiscrepancy.source_id == source_id)
        return statement.order_by(RunDiscrepancy.id.desc())
