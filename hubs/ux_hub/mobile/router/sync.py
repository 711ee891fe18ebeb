"""Staying in step: what changed since a token, in batches, with withdrawals."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from hubs.ux_hub.mobile.dependencies import MobileServiceDep
from hubs.ux_hub.mobile.errors import NoSyncJobs
from hubs.ux_hub.mobile.schemas import MAX_BATCH, Delta, HeldForm, HeldRead, SyncForm, SyncStatus
from shared.auth import Public

router = APIRouter(prefix="/api/mobile/v1/sync", tags=["mobile"])
Token = Annotated[str, Query(max_length=40)]


@router.get("", summary="What changed since a token, with withdrawals; ask again while has_more")
def read_delta(
    service: MobileServiceDep,
    _: Public,
    token: Token = "",
    limit: Annotated[int, Query(ge=1, le=MAX_BATCH)] = MAX_BATCH,
) -> Delta:
    return service.sync(token, limit)


@router.post("", summary="The same, with the token in the body")
def ask_delta(service: MobileServiceDep, _: Public, form: SyncForm) -> Delta:
    return service.sync(form.token, form.limit)


@router.post("/batch", summary="Records as they stand by the ids that a phone holds")
def read_held(service: MobileServiceDep, _: Public, form: HeldForm) -> HeldRead:
    return service.held(form.ids)


@router.post("/force", summary="Begin anew: the first batch of everything")
def restart(service: MobileServiceDep, _: Public) -> Delta:
    return service.sync("", MAX_BATCH)


@router.get("/status", summary="Whether a token is behind the record, and by how much")
def read_status(service: MobileServiceDep, _: Public, token: Token = "") -> SyncStatus:
    return service.standing(token)


@router.get("/schedule", summary="Gone: phones ask when they want to")
@router.put("/schedule", summary="Gone: phones ask when they want to")
def schedule(_: Public) -> dict[str, Any]:
    raise NoSyncJobs


@router.get("/job/{job_id}", summary="Gone: a synchronisation is one answer, not a job")
@router.delete("/job/{job_id}", summary="Gone: a synchronisation is one answer, not a job")
def job(_: Public, job_id: str) -> dict[str, Any]:
    del job_id
    raise NoSyncJobs
