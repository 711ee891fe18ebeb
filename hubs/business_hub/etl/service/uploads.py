"""Runs of uploads: opened, filled and sealed by whoever reads the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.business_hub.etl.ledger import unpack_marks
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.normalise import normalise
from hubs.business_hub.etl.quality import Meter
from hubs.business_hub.etl.quality_repository import QualityRepository
from hubs.business_hub.etl.repository import RunRepository, StageRow
from shared.contracts.civic import Record
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.records import content_hash
from shared.core.clock import utc_now

__all__ = ["Meter", "RunPlan", "StageRow", "UploadRuns", "stage_row"]
_SOURCES = {"sources"}


@dataclass(frozen=True)
class RunPlan:
    """What the run of an upload is for."""

    run_id: UUID
    job_id: UUID
    source_id: str
    manifest: str
    """Hash of all that decides what is read; empty until it is needed."""
    policy: str
    is_dry_run: bool


class UploadRuns:
    """Runs on their way from files; never commits."""

    def __init__(self, runs: RunRepository, clock: Callable[[], datetime] = utc_now) -> None:
        self._runs = runs
        self._now = clock

    @classmethod
    def over(cls, session: Session) -> UploadRuns:
        """Return the runs of one transaction."""
        return cls(RunRepository(session))

    def open(self, plan: RunPlan) -> bool:
        """Begin a run, or begin it anew after a loss; False when it is past reading."""
        now = self._now()
        self._runs.ensure({(plan.run_id, plan.job_id, plan.source_id)}, now)
        run = self._runs.lock(plan.run_id)
        if run is None or run.state != "staging":
            return False
        run.origin, run.policy = "upload", plan.policy
        run.is_dry_run = plan.is_dry_run
        run.observed_at = now
        self._runs.purge(plan.run_id)
        return True

    def state(self, run_id: UUID) -> str:
        """Return how far a run is; empty when there is none."""
        run = self._runs.find(run_id)
        return run.state if run is not None else ""

    def remembers(self, source_id: str) -> bool:
        """Tell whether an upload of a data set was loaded whose bytes are known."""
        return self._runs.find_ledger(source_id) is not None

    def recall(self, plan: RunPlan) -> int:
        """Stage what the same bytes held before and return how many records that is; 0 when they are new."""
        ledger = self._runs.find_ledger(plan.source_id)
        if ledger is None or ledger.manifest != plan.manifest:
            return 0
        rows = list(unpack_marks(ledger.records, plan.run_id))
        self._runs.stage(rows, are_new=True)
        return len(rows)

    def stage(self, rows: Sequence[StageRow], *, are_new: bool) -> None:
        """Write records down; ``are_new`` promises that no key of them is staged yet or comes twice."""
        self._runs.stage(rows, are_new=are_new)

    def drop(self, run_id: UUID) -> None:
        """Give a run up: nothing of it was loaded."""
        run = self._runs.lock(run_id)
        if run is not None and run.state in {"staging", "ready"}:
            self._runs.purge(run_id)
            run.state, run.finished_at, run.updated_at = "dropped", self._now(), self._now()

    def mark_reverted(self, run_id: UUID) -> None:
        """Note that a run was taken back: the record is not as it left it, nor as its upload remembers."""
        run = self._runs.lock(run_id)
        if run is not None and run.state == "loaded":
            run.state, run.updated_at = "reverted", self._now()
            self._runs.forget_ledger(run.source_id)

    def seal(self, plan: RunPlan, complete: Sequence[CompleteSet], meter: Meter) -> ImportRun:
        """Say that everything is staged: the pipeline may work on the run."""
        run = self._runs.lock(plan.run_id)
        assert run is not None
        quality = QualityRepository(self._runs.session)
        quality.clear(plan.run_id)
        quality.note(plan.run_id, run.source_id, meter.found)
        run.manifest = plan.manifest
        run.quality = meter.counts
        run.staged = run.announced = self._runs.staged_counts(plan.run_id)
        run.complete = [one.model_dump() for one in complete]
        run.outcome, run.state = "succeeded", "ready"
        run.announced_at = run.updated_at = self._now()
        return run


def stage_row(run_id: UUID, record: Record, is_partial: bool) -> StageRow:
    """Return a record as it is staged: normalised bytes and the hash that the record knows it by."""
    facts = normalise(record.model_dump_json(exclude=_SOURCES).encode())
    sources = record.model_dump_json(include=_SOURCES).encode()
    body = b"%s,%s" % (facts[:-1], sources[1:])
    return StageRow(run_id, record.kind, record.key, 0, body, content_hash(facts), is_partial)
