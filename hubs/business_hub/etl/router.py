"""Paths of import runs and their review."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Response, status

from hubs.business_hub.dependencies import Cursor, Limit, PagerDep
from hubs.business_hub.etl.dependencies import PromotionServiceDep, QualityServiceDep, RunServiceDep
from hubs.business_hub.etl.errors import RunNotTested
from hubs.business_hub.etl.schemas import (
    DifferenceRead,
    DiscrepancyRead,
    Promote,
    PromotionRead,
    QualityPoint,
    QualityRead,
    Review,
    RunDetail,
    RunRead,
    StagedRead,
    ThresholdRead,
    ThresholdWrite,
    read_quality,
    read_run,
    read_staged,
    read_step,
)
from hubs.business_hub.queue.dependencies import JobServiceDep
from hubs.business_hub.queue.schemas import read_job
from shared.auth import CanReadJobs, CanWriteJobs
from shared.contracts.http.jobs import JobRead
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/runs", tags=["imports"])
quality_router = APIRouter(prefix="/api/v1/quality", tags=["quality"])


@router.get("", summary="Import runs, newest first")
def list_runs(
    _: CanReadJobs,
    runs: RunServiceDep,
    pager: PagerDep,
    state: Literal["staging", "ready", "held", "tested", "loaded", "dropped", "reverted"] | None = None,
    source_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RunRead]:
    """Return one page of runs; ``state=held`` is the quarantine, ``state=tested`` waits to be promoted."""
    return pager.page(runs.list(state=state, source_id=source_id), read_run, limit, cursor)


@router.get("/{run_id}", summary="One run: steps, counts, findings, report")
def get_run(run_id: UUID, _: CanReadJobs, runs: RunServiceDep) -> RunDetail:
    """Return a run with its steps."""
    run = read_run(runs.get(run_id))
    return RunDetail(**run.model_dump(), steps=[read_step(step) for step in runs.steps(run_id)])


@router.post("/{run_id}/release", summary="Load a held run in spite of its findings")
def release_run(run_id: UUID, review: Review, principal: CanWriteJobs, runs: RunServiceDep) -> RunRead:
    """Release a run from quarantine."""
    return read_run(runs.release(run_id, principal.subject, review.reason))


@router.post("/{run_id}/refuse", summary="Drop a run that is held or tested")
def refuse_run(run_id: UUID, review: Review, principal: CanWriteJobs, runs: RunServiceDep) -> RunRead:
    """Refuse a run in quarantine, or a tested one."""
    return read_run(runs.refuse(run_id, principal.subject, review.reason))


@router.get("/{run_id}/promotion", summary="What was checked of a tested run, and what was decided")
def get_promotion(
    run_id: UUID, _: CanReadJobs, runs: RunServiceDep, promotions: PromotionServiceDep
) -> PromotionRead:
    """Return the checks of a run."""
    promotion = promotions.find(runs.get(run_id).run_id)
    if promotion is None:
        raise RunNotTested(f"run {run_id} was never tested")
    return PromotionRead.model_validate(promotion)


@router.post(
    "/{run_id}/promote",
    status_code=status.HTTP_201_CREATED,
    summary="Back up what a tested run touches; load it",
)
def promote_run(
    run_id: UUID,
    asked: Promote,
    principal: CanWriteJobs,
    promotions: PromotionServiceDep,
    jobs: JobServiceDep,
    response: Response,
) -> JobRead:
    """Make the job that promotes a run."""
    job = jobs.get(promotions.promote(run_id, principal.subject, asked.reason, override=asked.override))
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return read_job(job)


@router.post(
    "/{run_id}/rollback", status_code=status.HTTP_201_CREATED, summary="Take back what a loaded run changed"
)
def roll_run_back(
    run_id: UUID,
    review: Review,
    principal: CanWriteJobs,
    promotions: PromotionServiceDep,
    jobs: JobServiceDep,
    response: Response,
) -> JobRead:
    """Make the job that rolls a run back."""
    job = jobs.get(promotions.roll_back(run_id, principal.subject, review.reason))
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return read_job(job)


@router.get(
    "/{run_id}/backup.ndjson.gz", summary="What stood before a promoted run, as gzipped lines of JSON"
)
def get_backup(run_id: UUID, _: CanReadJobs, promotions: PromotionServiceDep) -> Response:
    """Return the backup of a run."""
    promotion = promotions.backup(run_id)
    return Response(
        promotion.backup or b"",
        media_type="application/gzip",
        headers={
            "Content-Disposition": f'attachment; filename="before-{run_id}.ndjson.gz"',
            "X-Content-SHA256": promotion.backup_sha256,
        },
    )


@router.get("/{run_id}/differences", summary="What a run does to the record, field by field")
def list_differences(
    run_id: UUID,
    _: CanReadJobs,
    promotions: PromotionServiceDep,
    pager: PagerDep,
    kind: str | None = None,
    change: Literal["inserted", "updated", "tombstoned"] | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DifferenceRead]:
    """Return one page of differences; of a large run the first ones."""
    statement = promotions.list_differences(run_id, kind=kind, change=change)
    return pager.page(statement, DifferenceRead.model_validate, limit, cursor)


@router.get("/{run_id}/records", summary="What a run has staged, while it waits")
def list_staged(
    run_id: UUID,
    _: CanReadJobs,
    promotions: PromotionServiceDep,
    pager: PagerDep,
    kind: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[StagedRead]:
    """Return one page of staged records."""
    return pager.page(promotions.list_staged(run_id, kind=kind), read_staged, limit, cursor)


@router.get("/{run_id}/discrepancies", summary="What does not fit in a run's records")
def list_run_discrepancies(
    run_id: UUID,
    _: CanReadJobs,
    runs: RunServiceDep,
    quality: QualityServiceDep,
    pager: PagerDep,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DiscrepancyRead]:
    """Return one page of discrepancies of a run."""
    statement = quality.list_discrepancies(run_id=runs.get(run_id).run_id)
    return pager.page(statement, DiscrepancyRead.model_validate, limit, cursor)


@quality_router.get("", summary="The newest value of each source, kind and metric, with status and trend")
def list_quality(
    _: CanReadJobs, quality: QualityServiceDep, source_id: str | None = None
) -> Page[QualityRead]:
    """Return where every source stands."""
    return Page(data=[read_quality(reading) for reading in quality.latest(source_id)])


@quality_router.get("/history", summary="Measured values, newest first")
def list_quality_history(
    _: CanReadJobs,
    quality: QualityServiceDep,
    pager: PagerDep,
    source_id: str | None = None,
    kind: str | None = None,
    metric: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[QualityPoint]:
    """Return one page of the history."""
    statement = quality.list(source_id=source_id, kind=kind, metric=metric)
    return pager.page(statement, QualityPoint.model_validate, limit, cursor)


@quality_router.get("/discrepancies", summary="What does not fit, over all runs")
def list_discrepancies(
    _: CanReadJobs,
    quality: QualityServiceDep,
    pager: PagerDep,
    source_id: str | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[DiscrepancyRead]:
    """Return one page of discrepancies."""
    statement = quality.list_discrepancies(source_id=source_id)
    return pager.page(statement, DiscrepancyRead.model_validate, limit, cursor)


@quality_router.get("/thresholds", summary="Thresholds that somebody set")
def list_thresholds(_: CanReadJobs, quality: QualityServiceDep) -> Page[ThresholdRead]:
    """Return every threshold."""
    return Page(data=[ThresholdRead.model_validate(one) for one in quality.list_thresholds()])


@quality_router.put("/thresholds", summary="Set a threshold")
def set_threshold(
    asked: ThresholdWrite, principal: CanWriteJobs, quality: QualityServiceDep
) -> ThresholdWrite:
    """Set a threshold in place of the one before."""
    quality.set_threshold(
        asked.source_id, asked.kind, asked.metric, asked.warning, asked.critical, principal.subject
    )
    return asked
