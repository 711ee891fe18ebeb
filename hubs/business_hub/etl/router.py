"""Paths of import runs and their review."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from hubs.business_hub.dependencies import Cursor, Limit, PagerDep
from hubs.business_hub.etl.dependencies import QualityServiceDep, RunServiceDep
from hubs.business_hub.etl.schemas import (
    DiscrepancyRead,
    QualityPoint,
    QualityRead,
    Review,
    RunDetail,
    RunRead,
    ThresholdRead,
    ThresholdWrite,
    read_quality,
    read_run,
    read_step,
)
from shared.auth import CanReadJobs, CanWriteJobs
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/runs", tags=["imports"])
quality_router = APIRouter(prefix="/api/v1/quality", tags=["quality"])


@router.get("", summary="Import runs, newest first")
def list_runs(
    _: CanReadJobs,
    runs: RunServiceDep,
    pager: PagerDep,
    state: Literal["staging", "ready", "held", "loaded", "dropped"] | None = None,
    source_id: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[RunRead]:
    """Return one page of runs; ``state=held`` is the quarantine."""
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


@router.post("/{run_id}/refuse", summary="Drop a held run")
def refuse_run(run_id: UUID, review: Review, principal: CanWriteJobs, runs: RunServiceDep) -> RunRead:
    """Refuse a run in quarantine."""
    return read_run(runs.refuse(run_id, principal.subject, review.reason))


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
