"""Paths of import runs and their review."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import APIRouter

from hubs.business_hub.dependencies import Cursor, Limit, PagerDep
from hubs.business_hub.etl.dependencies import RunServiceDep
from hubs.business_hub.etl.schemas import Review, RunDetail, RunRead, read_run, read_step
from shared.auth import CanReadJobs, CanWriteJobs
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1/runs", tags=["imports"])


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
