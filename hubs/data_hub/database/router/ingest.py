"""Writing the civic record: batches, ends of runs, counts for the guards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from pydantic import BaseModel, ValidationError

from hubs.data_hub.database.dependencies import BodyDep, IdempotencyKeyDep, IngestDep
from hubs.data_hub.database.service.sheets import read_votes
from shared.auth import CanWriteData
from shared.contracts.http.ingest import (
    CloseRun,
    CloseRunReport,
    CompareBatch,
    CompareReport,
    RevertReport,
    RevertRun,
    SourceCounts,
    SourceKeys,
    UpsertBatch,
    UpsertReport,
)
from shared.core.errors import BadRequest, Invalid
from shared.http.json import loads

router = APIRouter(prefix="/api/v1", tags=["ingest"])
M = TypeVar("M", bound=BaseModel)


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def _read(model: type[M], body: bytes, reader: Callable[[bytes], Any] = loads) -> M:
    try:
        raw = reader(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = [
            {"in": "body", "pointer": "/" + "/".join(map(str, e["loc"])), "detail": e["msg"]}
            for e in error.errors()[:20]
        ]
        raise Invalid(f"{problems[0]['pointer']}: {problems[0]['detail']}", errors=problems) from None


@router.post("/batches", summary="Upsert a batch of records of one kind", openapi_extra=_body_of(UpsertBatch))
def upsert_batch(
    caller: CanWriteData, body: BodyDep, key: IdempotencyKeyDep, services: IngestDep
) -> UpsertReport:
    """Load records in one transaction; the same key again answers the same and changes nothing."""
    return services.once.run(
        key,
        caller.subject,
        body,
        UpsertReport,
        lambda: services.loading.load(_read(UpsertBatch, body, read_votes)),
    )


@router.post(
    "/batches/compare",
    summary="Tell what a batch would insert and change, and note what is as before as seen",
    openapi_extra=_body_of(CompareBatch),
)
def compare_batch(_: CanWriteData, body: BodyDep, services: IngestDep) -> CompareReport:
    """Compare keys and hashes with the record; nothing but the time of the sighting is written."""
    return services.comparing.compare(_read(CompareBatch, body))


@router.post("/runs/close", summary="Mark what a run no longer saw", openapi_extra=_body_of(CloseRun))
def close_run(
    caller: CanWriteData, body: BodyDep, key: IdempotencyKeyDep, services: IngestDep
) -> CloseRunReport:
    """Make tombstones; the same key again answers the same and changes nothing."""
    return services.once.run(
        key, caller.subject, body, CloseRunReport, lambda: services.closing.close(_read(CloseRun, body))
    )


@router.post("/runs/revert", summary="Take back what a run changed", openapi_extra=_body_of(RevertRun))
def revert_run(
    caller: CanWriteData, body: BodyDep, key: IdempotencyKeyDep, services: IngestDep
) -> RevertReport:
    """Restore what a run of a source changed, unless somebody changed it since."""
    return services.once.run(
        key, caller.subject, body, RevertReport, lambda: services.reverting.revert(_read(RevertRun, body))
    )


@router.get("/source-counts", summary="Standing rows per kind and key prefix that a source named")
def source_counts(
    caller: CanWriteData, services: IngestDep, source_id: Annotated[str, Query(max_length=200)]
) -> SourceCounts:
    """Return what the import guards compare a new run with."""
    return services.closing.source_counts(source_id)


@router.get("/source-keys", summary="Keys of standing records that only this source names")
def source_keys(
    caller: CanWriteData,
    services: IngestDep,
    source_id: Annotated[str, Query(max_length=200)],
    kind: Annotated[str, Query(max_length=60)],
    prefix: Annotated[str, Query(max_length=300)] = "",
    after: Annotated[str, Query(max_length=300)] = "",
    limit: Annotated[int, Query(ge=1, le=20_000)] = 10_000,
) -> SourceKeys:
    """Return a page of keys: what a complete run of the source that does not see them makes vanish."""
    return services.closing.source_keys(source_id, kind, prefix, after, limit)
