"""Runs on their way: entered, held, released, refused, ended; never commits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.etl.differences import Difference, narrate
from hubs.business_hub.etl.errors import RunNotFound, RunNotHeld
from hubs.business_hub.etl.gate import Check
from hubs.business_hub.etl.guards import Finding
from hubs.business_hub.etl.ledger import pack_marks
from hubs.business_hub.etl.models import ImportRun, ImportStep
from hubs.business_hub.etl.promotion_repository import PromotionRepository
from hubs.business_hub.etl.reporting import summarize
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.service.quality import QualityService
from hubs.business_hub.queue.service.jobs import JobService
from shared.contracts.envelope import Event
from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.importing import ImportFinishedV1, KindReport
from shared.contracts.events.jobs import JobState, ScrapeOptions
from shared.core.clock import utc_now

PRODUCER = "business_hub.etl"
SYSTEM = "system:business_hub"
PROMOTE = "promote"
# A step's place in this list is its number in the database: new ones come last.
STEPS = ("prepare", "guard", "load", "close", "gate", "backup")


class Publisher(Protocol):
    """Where events go: into the outbox of the caller's transaction."""

    def publish(self, *events: Event) -> None:
        """Send events when the transaction commits."""


class RunService:
    """What can happen to a run."""

    def __init__(
        self,
        runs: RunRepository,
        jobs: JobService,
        publisher: Publisher,
        quality: QualityService,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.runs = runs
        self._jobs = jobs
        self._publisher = publisher
        self.quality = quality
        self._now = clock
        self.promotions = PromotionRepository(runs.session)

    def get(self, run_id: UUID) -> ImportRun:
        """Return a run.

        Raises: RunNotFound.
        """
        run = self.runs.find(run_id)
        if run is None:
            raise RunNotFound(f"no run {run_id}")
        return run

    def locked(self, run_id: UUID) -> ImportRun:
        """Return a run with its row locked.

        Raises: RunNotFound.
        """
        run = self.runs.lock(run_id)
        if run is None:
            raise RunNotFound(f"no run {run_id}")
        return run

    def list(self, *, state: str | None = None, source_id: str | None = None) -> Select[Any]:
        """Return the query of runs, newest first, for a page of it."""
        return self.runs.listing(state=state, source_id=source_id)

    def steps(self, run_id: UUID) -> Sequence[ImportStep]:
        """Return the steps of a run in order."""
        return self.runs.steps(run_id)

    def options_of(self, run: ImportRun) -> ScrapeOptions:
        """Return how the run's job was asked for."""
        return ScrapeOptions.model_validate(self._jobs.get(run.job_id).options)

    def is_trial(self, run: ImportRun) -> bool:
        """Tell whether the run is only staged and compared."""
        return self._jobs.get(run.job_id).mode == "test"

    def is_promotion(self, run: ImportRun) -> bool:
        """Tell whether a tested run is on its way to production."""
        return self._jobs.get(run.job_id).kind == PROMOTE

    def note_differences(
        self, run: ImportRun, found: Sequence[Difference], counts: Mapping[str, int]
    ) -> None:
        """Keep what the run does to records: some one by one, all of them counted."""
        self.promotions.add_differences(run.run_id, found)
        total = dict(run.differences)
        for code, count in counts.items():
            total[code] = total.get(code, 0) + count
        run.differences = total

    def may_go_on(self, run: ImportRun, phase: str) -> bool:
        """Tell whether the run's job still wants it, and note the phase there."""
        return self._jobs.begin_import(run.job_id, run.run_id, phase)

    def enter(
        self,
        run: ImportRun,
        step: str,
        *,
        counts: Mapping[str, Any] | None = None,
        keep: Mapping[str, Any] | None = None,
    ) -> None:
        """End the present step with what it counted and begin the next."""
        now = self._now()
        if run.step in STEPS:
            self.runs.end_step(run.run_id, STEPS.index(run.step), now, dict(counts or {}))
        if step == "prepare":
            run.differences = {}
            self.promotions.forget_differences(run.run_id)
        run.step = step
        run.cursor = dict(keep or {})
        run.updated_at = now
        self.runs.add_step(
            ImportStep(run_id=run.run_id, position=STEPS.index(step), name=step, started_at=now)
        )

    def hold(self, run: ImportRun, findings: Sequence[Finding]) -> None:
        """Put a run into quarantine: nothing is loaded, its records wait for a reviewer."""
        run.state = "held"
        run.step, run.cursor = "", {}
        run.updated_at = self._now()
        run.reason = "; ".join(finding.detail_en for finding in findings)
        french = "; ".join(finding.detail_fr for finding in findings)
        run.summary_en, run.summary_fr = _told(
            run, f"Held for review: {run.reason}.", f"Retenu pour examen : {french}."
        )
        self._jobs.finish(
            run.job_id, "quarantined", reason=run.reason, summary=(run.summary_en, run.summary_fr)
        )
        self._tell(run, "quarantined", SYSTEM)

    def rest(self, run: ImportRun, checks: Sequence[Check]) -> None:
        """End a trial: nothing is loaded, what was staged waits for somebody who promotes or refuses it."""
        now = self._now()
        self.runs.end_step(run.run_id, STEPS.index(run.step), now, {"checks": len(checks)})
        self.promotions.save_checks(run.run_id, [check.__dict__ for check in checks])
        run.state, run.step, run.cursor = "tested", "", {}
        run.updated_at = now
        report = {kind: KindReport.model_validate(one) for kind, one in run.forecast.items()}
        failed = [check for check in checks if not check.is_passed]
        run.reason = "; ".join(check.detail_en for check in failed)
        english, french = summarize(report)
        if failed:
            verdict = f"Not to be promoted: {run.reason}."
            verdict_fr = f"À ne pas promouvoir : {'; '.join(check.detail_fr for check in failed)}."
        else:
            verdict, verdict_fr = "It may be promoted.", "Peut être promu."
        run.summary_en, run.summary_fr = _told(
            run, f"Test, nothing loaded. {verdict} {english}", f"Essai, rien de chargé. {verdict_fr} {french}"
        )
        self._jobs.finish(run.job_id, "succeeded", report=report, summary=(run.summary_en, run.summary_fr))
        self._audit(run, "import.tested", SYSTEM, run.reason)

    def reread(self, run: ImportRun) -> None:
        """Send a run of an upload back: the record differs from what was remembered, the bytes are needed."""
        self.runs.purge(run.run_id)
        self.runs.forget_ledger(run.source_id)
        run.state, run.step, run.cursor = "staging", "", {}
        run.forecast, run.staged = {}, {}
        run.updated_at = self._now()

    def release(self, run_id: UUID, actor: str, reason: str) -> ImportRun:
        """Let a held run be loaded in spite of its findings.

        Raises: RunNotFound, RunNotHeld; SourceBusy while another job of its source is live.
        """
        run = self._held(run_id)
        self._jobs.release(run.job_id, actor, reason)
        run.state = "ready"
        run.step, run.cursor = "", {}
        run.is_released = True
        run.forecast = {}
        if run.origin == "scrape":
            self.quality.clear(run)
        run.reviewed_by = actor
        run.updated_at = self._now()
        self._audit(run, "import.released", actor, reason)
        return run

    def refuse(self, run_id: UUID, actor: str, reason: str) -> ImportRun:
        """Drop for good a run that is held, or that was tested.

        Raises: RunNotFound, RunNotHeld.
        """
        run = self._held(run_id, "tested")
        if run.state == "tested":
            self.promotions.decide(run_id, "refused", actor, reason, self._now())
        run.reviewed_by = actor
        self.end(run, "cancelled", reason or f"refused by {actor}", actor=actor)
        return run

    def end(
        self,
        run: ImportRun,
        outcome: str,
        reason: str,
        *,
        report: dict[str, KindReport] | None = None,
        is_loaded: bool = False,
        actor: str = SYSTEM,
    ) -> None:
        """End a run and its job; staged records are purged in the same transaction."""
        now = self._now()
        if run.step in STEPS:
            self.runs.end_step(run.run_id, STEPS.index(run.step), now, {})
        run.state = "loaded" if is_loaded else "dropped"
        run.reason, run.finished_at, run.updated_at = reason, now, now
        run.cursor = {}
        if outcome == "succeeded":
            run.summary_en, run.summary_fr = _summary(run, report)
        if is_loaded and run.manifest:
            self._remember(run, now)
        self.runs.purge(run.run_id)
        self._jobs.finish(
            run.job_id,
            _STATES[outcome],
            reason=reason,
            report=report,
            summary=(run.summary_en, run.summary_fr),
            actor=actor,
        )
        self._tell(run, outcome, actor)

    def _remember(self, run: ImportRun, now: datetime) -> None:
        self.runs.save_ledger(
            {
                "source_id": run.source_id,
                "manifest": run.manifest,
                "run_id": run.run_id,
                "saved_at": now,
                "records": pack_marks(self.runs.marks(run.run_id)),
            }
        )

    def _held(self, run_id: UUID, *others: str) -> ImportRun:
        run = self.locked(run_id)
        if run.state not in {"held", *others}:
            raise RunNotHeld(f"the run is {run.state}", state=run.state)
        return run

    def _tell(self, run: ImportRun, outcome: str, actor: str) -> None:
        self._publisher.publish(
            ImportFinishedV1(
                producer=PRODUCER,
                job_id=run.job_id,
                run_id=run.run_id,
                source_id=run.source_id,
                outcome=_STATES[outcome],
                reason=run.reason,
                report={kind: KindReport.model_validate(one) for kind, one in run.report.items()},
                summary_en=run.summary_en,
                summary_fr=run.summary_fr,
            )
        )
        self._audit(run, f"import.{outcome}", actor, run.reason)

    def _audit(self, run: ImportRun, action: str, actor: str, reason: str) -> None:
        self._publisher.publish(
            AuditRecordedV1(
                producer=PRODUCER,
                actor=actor,
                actor_type="system" if actor == SYSTEM else "user",
                action=action,
                target=str(run.run_id),
                target_type="import_run",
                after={"report": run.report, "findings": run.findings},
                reason=reason,
                metadata={"source_id": run.source_id, "job_id": str(run.job_id)},
            )
        )


_STATES: dict[str, JobState] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "timed_out": "timed_out",
    "quarantined": "quarantined",
}


def _summary(run: ImportRun, report: dict[str, KindReport] | None) -> tuple[str, str]:
    if run.state == "loaded" and report is not None:
        return _told(run, *summarize(report))
    if run.outcome == "unchanged":
        return "Nothing new upstream.", "Rien de nouveau à la source."
    total = sum(run.staged.values())
    english, french = summarize(report or {})
    return _told(
        run,
        f"Dry run: {total} records read and checked, nothing loaded. It would have been: {english}",
        f"Essai : {total} enregistrements lus et vérifiés, rien n'a été chargé. Il en aurait été : {french}",
    )


def _told(run: ImportRun, english: str, french: str) -> tuple[str, str]:
    """Return sentences with what the run does, where there is anything to tell."""
    said_en, said_fr = narrate(run.differences)
    if not said_en:
        return english, french
    return f"{english} In short: {said_en}.", f"{french} En bref : {said_fr}."
