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
from hubs.business_hub.etl.quality import Meter, Repeats, merged
from hubs.business_hub.etl.quality_repository import QualityRepository
from hubs.business_hub.etl.repository import RunRepository, StageRow
from shared.contracts.civic import Ballot, Record
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.legislation import VoteEventRecord
from shared.contracts.records import content_hash
from shared.core.clock import utc_now

__all__ = ["Meter", "Repeats", "RunPlan", "StageRow", "StageWriter", "UploadRuns"]
_SOURCES = {"sources"}
_NO_BALLOTS = b'"ballots":[]'
_MOST_BALLOTS = 20_000
"""How many written ballots are kept: some megabytes."""


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

    def seal(
        self, plan: RunPlan, complete: Sequence[CompleteSet], meter: Meter, repeats: Repeats
    ) -> ImportRun:
        """Say that everything is staged: the pipeline may work on the run."""
        run = self._runs.lock(plan.run_id)
        assert run is not None
        quality = QualityRepository(self._runs.session)
        quality.clear(plan.run_id)
        quality.note(plan.run_id, run.source_id, meter.found)
        run.manifest = plan.manifest
        run.quality = merged(
            meter.counts, {kind: {"uniqueness": pair} for kind, pair in repeats.counts().items()}
        )
        run.staged = run.announced = self._runs.staged_counts(plan.run_id)
        run.complete = [one.model_dump() for one in complete]
        run.outcome, run.state = "succeeded", "ready"
        run.announced_at = run.updated_at = self._now()
        return run


class StageWriter:
    """Writes records as they are staged: normalised bytes and the hash that the record knows them by.

    A ballot that many votes share is written once: the same few hundred members say yes or no time and again.
    """

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        # With the ballot itself: while it is held, no other stands at its address.
        self._ballots: dict[int, tuple[Ballot, bytes]] = {}

    def row(self, record: Record, *, is_partial: bool) -> StageRow:
        """Return a record as it is staged."""
        facts = self._facts(record)
        sources = record.model_dump_json(include=_SOURCES).encode()
        body = b"%s,%s" % (facts[:-1], sources[1:])
        return StageRow(self._run_id, record.kind, record.key, 0, body, content_hash(facts), is_partial)

    def _facts(self, record: Record) -> bytes:
        if not isinstance(record, VoteEventRecord) or not record.ballots:
            return normalise(record.model_dump_json(exclude=_SOURCES).encode())
        empty = record.model_copy(update={"ballots": ()}).model_dump_json(exclude=_SOURCES)
        # Within a text the quotes would be escaped: this stands for the list and nothing else.
        before, _, after = normalise(empty.encode()).partition(_NO_BALLOTS)
        known = self._ballots
        if len(known) > _MOST_BALLOTS:
            known.clear()
        told = [(known.get(id(one)) or self._write(one))[1] for one in record.ballots]
        return b"".join((before, _NO_BALLOTS[:-1], b",".join(told), b"]", after))

    def _write(self, ballot: Ballot) -> tuple[Ballot, bytes]:
        found = self._ballots[id(ballot)] = (ballot, normalise(ballot.model_dump_json().encode()))
        return found
