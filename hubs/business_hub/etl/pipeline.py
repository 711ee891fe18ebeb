"""The pipeline: a whole run goes through prepare, guard, load and close; every piece commits with its cursor.

Killed anywhere, it goes on from the last commit: a batch that was sent and not noted is sent again under the
same Idempotency-Key and answered as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hubs.business_hub.etl.differences import MOST_LISTED, tally
from hubs.business_hub.etl.guards import Finding, examine
from hubs.business_hub.etl.loading import (
    add_reports,
    complete_sets,
    next_kind,
    reports,
)
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.preparing import prepare_scraped, prepare_uploaded
from hubs.business_hub.etl.quality import merged
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.sending import AHEAD, SEEN_KEYS, Answered, Course, course_of, send
from hubs.business_hub.etl.service.runs import RunService
from hubs.business_hub.etl.tools import Tools, facts_of_run
from hubs.business_hub.etl.trials import back_up, examine_trial, keys_of_run, removals, vanishing
from shared.contracts.events.importing import KindReport
from shared.contracts.http.ingest import CloseRun
from shared.contracts.http.jobs import SourceRead
from shared.core.errors import AppError
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
PREPARE_RECORDS = 500
_HOLD = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 7))")
_LET_GO = text("SELECT pg_advisory_unlock(hashtextextended(:name, 7))")


class Pipeline:
    """Works through the runs that are ready, one at a time; several processes may do so side by side."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._steps: dict[str, Callable[[UUID], None]] = {
            "": self._begin,
            "prepare": self._prepare,
            "guard": self._guard,
            "gate": self._gate,
            "backup": self._backup,
            "load": self._load,
            "close": self._close,
        }

    def work(self) -> int:
        """Carry every ready run as far as it goes and return how many were ended or held.

        Raises: AppError with status 429 or 50x while a dependency is away; the runs stay ready.
        """
        with transaction(self._tools.sessions) as session:
            waiting = RunRepository(session).workable()
        return sum(self.carry(run_id) for run_id in waiting)

    def carry(self, run_id: UUID) -> bool:
        """Carry one run to its end or into quarantine; False when another process is at it.

        Raises: AppError with status 429 or 50x while a dependency is away.
        """
        with self._exclusively(run_id) as is_ours:
            if not is_ours:
                return False
            while (step := self._step_of(run_id)) is not None:
                try:
                    self._steps[step](run_id)
                except AppError as error:
                    if error.status in {429, 502, 503, 504}:
                        raise
                    log.error("import failed", run_id=str(run_id), step=step, detail=error.detail)
                    self.fail(run_id, f"{step}: {error.detail}")
            return True

    def fail(self, run_id: UUID, reason: str) -> None:
        """End a run that cannot go on; what it had loaded is in its report."""
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.locked(run_id)
            if run.state in {"ready", "staging"}:
                service.end(run, "failed", reason, report=reports(run.report))

    @contextmanager
    def _exclusively(self, run_id: UUID) -> Iterator[bool]:
        # A lock of the connection, not of a transaction: it goes when the process goes, however it goes.
        name = {"name": f"import:{run_id}"}
        with self._tools.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            is_ours = bool(connection.scalar(_HOLD, name))
            try:
                yield is_ours
            finally:
                if is_ours:
                    # With a lost connection the lock is gone already.
                    with suppress(SQLAlchemyError):
                        connection.execute(_LET_GO, name)

    def _step_of(self, run_id: UUID) -> str | None:
        with transaction(self._tools.sessions) as session:
            run = RunRepository(session).find(run_id)
            return run.step if run is not None and run.state == "ready" else None

    @contextmanager
    def _working(
        self, run_id: UUID, phase: str = "importing"
    ) -> Iterator[tuple[RunService, ImportRun] | None]:
        """Open a transaction on a run that may go on; None (and the run dropped) when its job has ended."""
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.locked(run_id)
            if run.state != "ready":
                yield None
            elif not service.may_go_on(run, phase):
                service.end(run, "cancelled", "the job has ended or is being cancelled")
                yield None
            else:
                yield service, run

    def _begin(self, run_id: UUID) -> None:
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.locked(run_id)
            if run.outcome not in {"succeeded", "unchanged"}:
                service.end(
                    run, _ENDINGS.get(run.outcome, "failed"), run.reason or f"the crawl {run.outcome}"
                )
            elif not service.may_go_on(run, "importing"):
                service.end(run, "cancelled", "the job has ended or is being cancelled")
            elif run.outcome == "unchanged" and not sum(run.staged.values()):
                service.end(run, "succeeded", "")
            else:
                service.enter(run, "prepare")

    def _prepare(self, run_id: UUID) -> None:
        """Normalise staged records and compare them with the record, a chunk at a time."""
        with self._working(run_id) as working:
            if working is None:
                return
            service, run = working
            kind = run.cursor.get("kind") or next_kind(run.staged, "")
            if kind is None:
                self._prepared(service, run, run.cursor.get("counts", {}))
                return
            before = dict(run.cursor)
            listed = max(0, MOST_LISTED - before.get("counts", {}).get("listed", 0))
            is_upload = run.origin == "upload"
            most = SEEN_KEYS if is_upload else PREPARE_RECORDS
            rows = service.runs.chunk(run_id, kind, before.get("after", ""), most, has_bodies=not is_upload)
        if is_upload:
            found = prepare_uploaded(
                self._tools.canon, run, kind, rows, partial(self._bodies, run_id, kind), listed
            )
        else:
            found = prepare_scraped(self._tools.canon, run, kind, rows, listed)
        with self._working(run_id) as working:
            if working is None:
                return
            service, run = working
            if run.cursor != before:
                return
            service.runs.settle(run_id, kind, found.settled)
            run.quality = merged(run.quality, found.quality)
            service.quality.note(run, found.discrepancies)
            service.note_differences(run, found.differences, tally(kind, found.differences, found.forecast))
            run.forecast = {**run.forecast, kind: _added(run.forecast.get(kind, {}), found.forecast)}
            counts = before.get("counts", {})
            counts = {
                **_added(
                    counts,
                    {
                        "records": len(rows),
                        "rewritten": found.rewritten,
                        "unread": found.unread,
                        "listed": len(found.differences),
                    },
                ),
                "sessions": _added(counts.get("sessions", {}), found.sessions),
            }
            is_last = len(rows) < most
            following = next_kind(run.staged, kind) if is_last else kind
            if following is None:
                self._prepared(service, run, counts)
            else:
                after = "" if is_last else rows[-1].key
                run.cursor = {"kind": following, "after": after, "counts": counts}

    def _interval(self, source: SourceRead | None) -> float | None:
        return self._tools.interval_of(source.schedule) if source is not None else None

    def _bodies(self, run_id: UUID, kind: str, keys: Sequence[str]) -> dict[str, bytes]:
        with transaction(self._tools.sessions) as session:
            return RunRepository(session).bodies(run_id, kind, keys)

    def _prepared(self, service: RunService, run: ImportRun, counts: dict[str, Any]) -> None:
        if counts.get("unread") and service.is_promotion(run):
            service.end(run, "failed", "the record has changed since the test; import the upload again")
        elif counts.get("unread"):
            service.reread(run)
        else:
            service.enter(run, "guard", counts=counts, keep={"sessions": counts.get("sessions", {})})

    def _guard(self, run_id: UUID) -> None:
        """Ask the guards; hold the run, end it as a dry run, or let it on to be loaded or to the gate."""
        facts = facts_of_run(self._tools, run_id)
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.get(run_id)
            gone = vanishing(self._tools.canon, run, service.runs, facts)
            listed = removals(self._tools.canon, run.source_id, gone, MOST_LISTED)
        with self._working(run_id) as working:
            if working is None:
                return
            service, run = working
            for kind, keys in gone.items():
                found = [one for one in listed if one.kind == kind]
                service.note_differences(run, found, tally(kind, found, {"tombstoned": len(keys)}))
                run.forecast = {**run.forecast, kind: {**run.forecast.get(kind, {}), "tombstoned": len(keys)}}
            findings = [
                *examine(facts, self._tools.settings),
                *service.quality.measure(run, self._interval(self._tools.find_source(run.source_id))),
            ]
            run.findings = [finding.as_json() for finding in findings]
            blocking = [finding for finding in findings if finding.is_blocking]
            counts = {"findings": len(findings)}
            is_dry = run.is_dry_run or service.options_of(run).dry_run
            if is_dry and not (blocking and not run.is_released):
                service.end(run, "succeeded", "", report=reports(run.forecast), is_loaded=False)
            elif service.is_trial(run):
                service.enter(run, "gate", counts=counts)
            elif blocking and not run.is_released:
                service.hold(run, blocking)
            else:
                service.enter(run, "backup" if service.is_promotion(run) else "load", counts=counts)

    def _gate(self, run_id: UUID) -> None:
        """Check whether a trial may be promoted, and lay it down until somebody decides."""
        facts = facts_of_run(self._tools, run_id)
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.get(run_id)
            findings = [Finding(**finding) for finding in run.findings]
            checks = examine_trial(
                self._tools.canon, run, service.runs, facts, findings, self._tools.settings
            )
        with self._working(run_id) as working:
            if working is not None:
                service, run = working
                service.rest(run, checks)

    def _backup(self, run_id: UUID) -> None:
        """Keep what stands under everything that a promoted run names or makes vanish."""
        facts = facts_of_run(self._tools, run_id)
        with transaction(self._tools.sessions) as session:
            service = self._tools.build_service(session)
            run = service.get(run_id)
            keys = keys_of_run(service.runs, run_id, run.staged)
            for kind, missing in vanishing(self._tools.canon, run, service.runs, facts).items():
                keys.setdefault(kind, set()).update(missing)
            source_id = run.source_id
        backup, mark, count = back_up(self._tools.canon, source_id, keys)
        with self._working(run_id) as working:
            if working is None:
                return
            service, run = working
            service.promotions.save_backup(run_id, backup, mark, count, self._tools.clock())
            service.enter(run, "load", counts={"records": count, "bytes": len(backup)})

    def _load(self, run_id: UUID) -> None:
        """Send a kind in batches and note their answers: the intent first, so a second try is the same."""
        with self._working(run_id, "loading") as working:
            if working is None:
                return
            service, run = working
            kind = run.cursor.get("kind") or next_kind(run.staged, "")
            if kind is None:
                service.enter(run, "close", counts={"batches": run.cursor.get("number", 0)})
                return
            settings = self._tools.settings
            # Kept with the run: a batch sent again must be the same one, whatever the settings are then.
            sizes = [settings.batch_records, settings.batch_bytes, AHEAD * settings.parallel]
            size, number = run.cursor.get("size") or sizes, run.cursor.get("number", 0)
            run.cursor = {**run.cursor, "kind": kind, "number": number, "size": size}
            course = course_of(run, kind)
        with closing(send(self._tools, course)) as sent:
            for answered in sent:
                if not self._note_sent(course, number, answered):
                    return
                number += len(answered)
        with self._working(run_id, "loading") as working:
            if working is None:
                return
            service, run = working
            following = next_kind(run.staged, kind)
            if following is None:
                service.enter(run, "close", counts={"batches": number})
            else:
                run.cursor = {**run.cursor, "kind": following, "after": "", "is_seen": False}

    def _note_sent(self, course: Course, number: int, answered: Sequence[Answered]) -> bool:
        """Put the cursor behind what was answered; False when the run does not go on."""
        with self._working(course.run_id, "loading") as working:
            if working is None:
                return False
            _, run = working
            if run.cursor.get("number") != number:
                return False
            for batch, answer in answered:
                run.report = add_reports(run.report, course.kind, answer.report)
                run.unmatched += len(answer.unmatched)
                # Those without bodies, which are as before, come first.
                is_seen = run.origin == "upload" and bool(batch.bodies)
                run.cursor = {**run.cursor, "after": batch.last, "is_seen": is_seen}
            run.cursor = {**run.cursor, "number": number + len(answered)}
            return True

    def _close(self, run_id: UUID) -> None:
        """Have what is gone marked, and end the run."""
        with self._working(run_id, "loading") as working:
            if working is None:
                return
            _, run = working
            close = CloseRun(
                run_id=run_id,
                source_id=run.source_id,
                observed_at=run.observed_at or run.created_at,
                complete=complete_sets(run.complete),
            )
        gone = self._tools.canon.close_run(close)
        with self._working(run_id, "loading") as working:
            if working is None:
                return
            service, run = working
            for kind, count in gone.tombstoned.items():
                if count:
                    run.report = add_reports(run.report, kind, KindReport(tombstoned=count))
            service.end(run, "succeeded", "", report=reports(run.report), is_loaded=True)


_ENDINGS = {"cancelled": "cancelled", "timed_out": "timed_out"}


def _added(counts: Mapping[str, Any], more: Mapping[str, int]) -> dict[str, Any]:
    """Return counts with others added."""
    return {**counts, **{name: counts.get(name, 0) + count for name, count in more.items()}}
