"""Tasks of uploads, run by a worker of this hub: inspect one, import one, undo one. Each may be run again."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.business_hub.etl.dependencies import carry_run, find_canon
from hubs.business_hub.etl.service.uploads import RunPlan, UploadRuns
from hubs.business_hub.op_import.dependencies import build_uploads, imports_folder
from hubs.business_hub.op_import.formats.base import ReadContext
from hubs.business_hub.op_import.inspecting import inspect
from hubs.business_hub.op_import.models import Upload
from hubs.business_hub.op_import.reader import ReadResult, UploadReader, complete_sets, manifest_of
from hubs.business_hub.op_import.repository import UploadRepository
from hubs.business_hub.op_import.schemas import ImportOptions
from hubs.business_hub.queue.dependencies import build_jobs
from hubs.business_hub.settings import settings_of
from shared.app import Resources
from shared.contracts.http.ingest import CompareBatch
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.db.session import transaction
from shared.logging import get_logger

log = get_logger(__name__)
_WAITING = {429, 502, 503, 504}
WORKER = f"{socket.gethostname()}:{os.getpid()}"


def open_reader(resources: Resources) -> UploadReader:
    """Return what reads uploads in this process."""
    canon = find_canon(resources)

    def lookup(source_id: str, kind: str, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        asked = CompareBatch(
            run_id=new_id(), source_id=source_id, kind=kind, observed_at=utc_now(), facts_of=tuple(keys)
        )
        return canon.compare(asked).facts

    settings = settings_of(resources.settings)
    return UploadReader(resources.sessionmaker, settings.uploads, imports_folder(settings), lookup)


def inspect_upload(resources: Resources, upload_id: str) -> None:
    """Find out what an upload holds and how it could be read; what is wrong is noted on it."""
    reader = open_reader(resources)
    with transaction(resources.sessionmaker) as session:
        upload = build_uploads(resources, session).get(UUID(upload_id))
    try:
        options = ImportOptions.model_validate(upload.options)
        with reader.documents(upload) as documents:
            found, reason = inspect(documents, options, reader.context(upload, options, None)), ""
    except AppError as error:
        if error.status in _WAITING:
            raise
        found, reason = {}, error.detail
    with transaction(resources.sessionmaker) as session:
        fresh = UploadRepository(session).lock(upload.id)
        if fresh is not None and fresh.state in {"received", "inspected"}:
            fresh.inspection, fresh.reason, fresh.state = found, reason, "inspected"
            fresh.updated_at = utc_now()


def import_upload(resources: Resources, job_id: str) -> None:
    """Read an upload, stage its records and carry the run through; a second call goes on after a loss.

    Raises: AppError with status 429 or 50x while a dependency is away.
    """
    job = UUID(job_id)
    with transaction(resources.sessionmaker) as session:
        upload, jobs = _upload_of(resources, session, job), build_jobs(resources, session)
        if upload is None or not jobs.begin_work(job, WORKER):
            return
        # Kept before anything is staged: whoever goes on after a loss goes on with the same run.
        upload.run_id = upload.run_id or new_id()
    try:
        for _ in range(3):
            if not _read(resources, upload):
                return
            assert upload.run_id is not None
            carry_run(resources, upload.run_id)
            with transaction(resources.sessionmaker) as session:
                # The record differed from what was remembered: once more, with the bytes.
                if UploadRuns.over(session).state(upload.run_id) != "staging":
                    return
    except AppError as error:
        if error.status in _WAITING:
            raise
        _fail(resources, upload, error.detail)


def _read(resources: Resources, upload: Upload) -> bool:
    """Stage everything and seal the run; False when that ended the job."""
    reader = open_reader(resources)
    options = ImportOptions.model_validate(upload.options)
    assert upload.run_id is not None
    assert upload.job_id is not None
    with transaction(resources.sessionmaker) as session:
        if UploadRuns.over(session).state(upload.run_id) not in {"", "staging"}:
            return True
        is_remembered = UploadRuns.over(session).remembers(upload.source_id)
        template = UploadRepository(session).find_template(options.template) if options.template else None
    context = reader.context(upload, options, template)
    with reader.documents(upload) as documents:
        groups, nobodys = reader.sort(documents, options)
        plan = RunPlan(
            run_id=upload.run_id,
            job_id=upload.job_id,
            source_id=upload.source_id,
            # Where nothing is remembered, the bytes need not be read twice.
            manifest=manifest_of(groups, options, context) if is_remembered else "",
            policy=options.existing,
            is_dry_run=options.dry_run,
        )
        with transaction(resources.sessionmaker) as session:
            runs = UploadRuns.over(session)
            if not runs.open(plan):
                return True
            known = runs.recall(plan)
            if known:
                build_jobs(resources, session).note(
                    plan.job_id, "info", "recalled", f"the same bytes as before: {known} records are known"
                )
        if known:
            result = ReadResult()
        else:
            result = reader.stage(plan, groups, context, _progress(resources, plan, len(documents)))
        plan = replace(plan, manifest=plan.manifest or manifest_of(groups, options, context))
    return _seal(resources, upload, plan, options, result, [document.name for document in nobodys], context)


def _progress(resources: Resources, plan: RunPlan, expected: int) -> Any:
    def note(session: Session, documents: int, records: dict[str, int]) -> None:
        build_jobs(resources, session).note_reading(plan.job_id, documents, expected, records)

    return note


def _seal(
    resources: Resources,
    upload: Upload,
    plan: RunPlan,
    options: ImportOptions,
    result: ReadResult,
    nobodys: list[str],
    context: ReadContext,
) -> bool:
    known_kinds = _known_kinds(resources, upload.source_id) if options.is_complete else set()
    with transaction(resources.sessionmaker) as session:
        repository, runs = UploadRepository(session), UploadRuns.over(session)
        jobs = build_jobs(resources, session)
        fresh = repository.lock(upload.id)
        assert fresh is not None
        repository.clear_problems(upload.id)
        repository.add_problems(upload.id, result.problems)
        fresh.counts = result.records
        if result.columns:
            fresh.inspection = {**fresh.inspection, "columns": list(result.columns)}
        fresh.problems, fresh.rejected_rows = result.problem_count, len(result.rejected)
        fresh.updated_at = utc_now()
        for name in nobodys[:20]:
            jobs.note(plan.job_id, "warning", "unrecognised", f"{name}: no reader knows this file")
        for problem in result.problems[:20]:
            where = f"{problem.document}, row {problem.row}" if problem.row else problem.document
            level = "error" if problem.is_fatal else "warning"
            jobs.note(plan.job_id, level, problem.code, f"{where}, {problem.column}: {problem.detail}")
        is_refused = bool(result.rejected) and (options.on_error == "reject" or not result.records)
        if is_refused:
            runs.drop(plan.run_id)
            fresh.reason = _refusal(result)
            jobs.finish(plan.job_id, "failed", reason=fresh.reason)
            return False
        kinds = known_kinds | set(result.records)
        sets = complete_sets(sorted(kinds)) if options.is_complete else []
        runs.seal(plan, sets, result.meter, result.repeats)
        return True


def _known_kinds(resources: Resources, source_id: str) -> set[str]:
    counts = find_canon(resources).source_counts(source_id).counts
    return {name for name in counts if ":" not in name}


def _refusal(result: ReadResult) -> str:
    first = next(problem for problem in result.problems if problem.is_fatal)
    row = f", row {first.row}" if first.row else ""
    column = f", {first.column}" if first.column else ""
    more = f" (and {len(result.rejected) - 1} more rows)" if len(result.rejected) > 1 else ""
    return f"{first.document}{row}{column}: {first.detail}{more}"


def _fail(resources: Resources, upload: Upload, reason: str) -> None:
    with transaction(resources.sessionmaker) as session:
        fresh = UploadRepository(session).lock(upload.id)
        if fresh is not None:
            fresh.reason, fresh.updated_at = reason, utc_now()
        if upload.run_id is not None:
            UploadRuns.over(session).drop(upload.run_id)
        assert upload.job_id is not None
        build_jobs(resources, session).finish(upload.job_id, "failed", reason=reason)


def _upload_of(resources: Resources, session: Session, job_id: UUID) -> Upload | None:
    """Return the upload of a job; a job whose upload went on without it is ended here."""
    upload = build_uploads(resources, session).take_over(job_id)
    if upload is None:
        reason = "the upload was started anew since, or is no more"
        build_jobs(resources, session).finish(job_id, "failed", reason=reason)
    return upload


def undo_upload(resources: Resources, job_id: str) -> None:
    """Take back what an upload changed.

    Raises: AppError with status 429 or 50x while a dependency is away.
    """
    job = UUID(job_id)
    with transaction(resources.sessionmaker) as session:
        upload = _upload_of(resources, session, job)
        if upload is None or not build_jobs(resources, session).begin_work(job, WORKER):
            return
        runs = [UUID(run) for run in upload.earlier_runs]
        runs += [upload.run_id] if upload.run_id is not None and upload.run_id not in runs else []
    try:
        report = find_canon(resources).revert_run(runs[-1], upload.source_id, runs[:-1])
    except AppError as error:
        if error.status in _WAITING:
            raise
        with transaction(resources.sessionmaker) as session:
            build_jobs(resources, session).finish(job, "failed", reason=error.detail)
        return
    with transaction(resources.sessionmaker) as session:
        fresh = UploadRepository(session).lock(upload.id)
        if fresh is not None:
            fresh.state, fresh.undone_at = "undone", utc_now()
        for run_id in runs:
            UploadRuns.over(session).mark_reverted(run_id)
        kept = sum(report.kept.values())
        english = f"Undone; {kept} records were changed since and stay." if kept else "Undone."
        french = f"Annulé; {kept} enregistrements modifiés depuis demeurent." if kept else "Annulé."
        build_jobs(resources, session).finish(
            job, "succeeded", report=report.report, summary=(english, french)
        )
