"""Paths of jobs and sources."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response, status
from fastapi.responses import StreamingResponse

from hubs.business_hub.dependencies import Cursor, IdempotencyKeyDep, Limit, PagerDep
from hubs.business_hub.queue.dependencies import JobServiceDep, SourcesDep
from hubs.business_hub.queue.live import stream_job
from hubs.business_hub.queue.schemas import JobLogRead, read_job
from shared.app import ResourcesDep
from shared.auth import CanReadJobs, CanWriteJobs
from shared.contracts.events.jobs import JobState
from shared.contracts.http.jobs import (
    CancelRequest,
    JobBatchCreate,
    JobBatchRead,
    JobCreate,
    JobRead,
    SourceRead,
)
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1", tags=["jobs"])


@router.post("/jobs", status_code=status.HTTP_201_CREATED, summary="Ask for a job")
def create_job(
    asked: JobCreate,
    principal: CanWriteJobs,
    jobs: JobServiceDep,
    key: IdempotencyKeyDep,
    response: Response,
    wait: Annotated[bool, Query(description="false: 409 when the source is busy")] = True,
) -> JobRead:
    """Create a job; it waits while another job of its source is live."""
    job = jobs.create(asked, principal.subject, idempotency_key=key, may_wait=wait)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return read_job(job)


@router.post("/jobs/batch", status_code=status.HTTP_201_CREATED, summary="Ask for several jobs, all or none")
def create_jobs(
    asked: JobBatchCreate, principal: CanWriteJobs, jobs: JobServiceDep, key: IdempotencyKeyDep
) -> JobBatchRead:
    """Create a job for each source that is named or fits."""
    batch_id, made = jobs.create_batch(asked, principal.subject, idempotency_key=key)
    return JobBatchRead(id=batch_id, jobs=[read_job(job) for job in made])


@router.get("/jobs", summary="Jobs, newest first")
def list_jobs(
    _: CanReadJobs,
    jobs: JobServiceDep,
    pager: PagerDep,
    state: JobState | None = None,
    source_id: str | None = None,
    kind: str | None = None,
    batch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JobRead]:
    """Return one page of jobs."""
    statement = jobs.list(state=state, source_id=source_id, kind=kind, batch_id=batch_id)
    return pager.page(statement, read_job, limit, cursor)


@router.get("/jobs/{job_id}", summary="One job: progress, report, problems")
def get_job(job_id: UUID, _: CanReadJobs, jobs: JobServiceDep) -> JobRead:
    """Return a job."""
    return read_job(jobs.get(job_id))


@router.post("/jobs/{job_id}/cancel", summary="End a job early")
def cancel_job(
    job_id: UUID, principal: CanWriteJobs, jobs: JobServiceDep, asked: CancelRequest | None = None
) -> JobRead:
    """Cancel a job: at once, or as soon as its worker obeys."""
    return read_job(jobs.cancel(job_id, principal.subject, asked.reason if asked else ""))


@router.post("/jobs/{job_id}/retry", status_code=status.HTTP_201_CREATED, summary="Try a failed job again")
def retry_job(job_id: UUID, principal: CanWriteJobs, jobs: JobServiceDep, response: Response) -> JobRead:
    """Create a job like one that ended without success."""
    job = jobs.retry(job_id, principal.subject)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return read_job(job)


@router.get("/jobs/{job_id}/logs", summary="What happened to a job, oldest first")
def list_job_logs(
    job_id: UUID,
    _: CanReadJobs,
    jobs: JobServiceDep,
    pager: PagerDep,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[JobLogRead]:
    """Return one page of a job's log."""
    return pager.page(jobs.list_log(job_id), JobLogRead.model_validate, limit, cursor)


@router.get(
    "/jobs/{job_id}/events",
    summary="A job as it goes, as server-sent events: job, log, end",
    response_class=StreamingResponse,
)
def watch_job(
    job_id: UUID,
    _: CanReadJobs,
    jobs: JobServiceDep,
    resources: ResourcesDep,
    last_event_id: Annotated[int, Header(alias="Last-Event-ID", ge=0)] = 0,
) -> StreamingResponse:
    """Stream a job's state and log until it has ended."""
    jobs.get(job_id)
    return StreamingResponse(
        stream_job(resources, job_id, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@router.get("/sources", summary="What can be scraped")
def list_sources(_: CanReadJobs, sources: SourcesDep) -> Page[SourceRead]:
    """Return every source of the registry."""
    return Page[SourceRead](data=sources.list())
