"""What is asked of a job: where its source is read, and the same thing asked again."""

from __future__ import annotations

from hubs.business_hub.queue.errors import NotRetryable
from hubs.business_hub.queue.models import Job
from hubs.business_hub.queue.service.journal import SCRAPE
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.http.jobs import REAL, JobCreate

_UPLOADS = frozenset({"import", "undo"})


def settled_options(asked: JobCreate, stand_in: str) -> ScrapeOptions:
    """Return a request's options with the installation's ``stand_in`` where a scrape names no upstream."""
    options = asked.options
    if asked.kind != SCRAPE:
        return options
    upstream = options.upstream or stand_in
    return options.model_copy(update={"upstream": "" if upstream == REAL else upstream})


def asked_again(job: Job) -> JobCreate:
    """Return the request that makes a job like one that ended without success.

    Raises: NotRetryable for a job of a run, with what to ask for in its place.
    """
    if job.kind != SCRAPE and job.kind not in _UPLOADS:
        again = f"POST /api/v1/runs/{job.run_id}/{job.kind}"
        raise NotRetryable(f"a decision about a run is made anew: {again}", state=job.state)
    options = ScrapeOptions.model_validate(job.options)
    if job.kind == SCRAPE and not options.upstream:
        options = options.model_copy(update={"upstream": REAL})
    asked = JobCreate.model_validate(
        {"kind": job.kind, "source_id": job.source_id, "priority": job.priority, "mode": job.mode}
    )
    # A copy is not judged: what was accepted once is accepted again.
    return asked.model_copy(update={"options": options})
