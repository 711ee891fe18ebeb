"""Human decisions: merges, corrections, names without a person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from hubs.data_hub.database.dependencies import CurationDep, ReadingDep
from hubs.data_hub.database.errors import RecordNotFound
from hubs.data_hub.database.router.writing import following_url
from hubs.data_hub.database.service.collections import BY_PATH, PATH_OF, url_of
from hubs.data_hub.database.service.reading import ReadingService
from shared.auth import CanWriteData, Public
from shared.core.errors import Invalid
from shared.http.conditional import conditional
from shared.http.json import dumps
from shared.http.pages import Page

router = APIRouter(prefix="/api/v1", tags=["curation"])
_ITEM = Path(max_length=300, description="id or slug")
_REASON = Field(min_length=1, max_length=2_000)
_Limit = Annotated[int, Query(ge=1, le=500)]
_Offset = Annotated[int, Query(ge=0, le=100_000)]


class MergeRequest(BaseModel):
    """Who it is merged into, and why."""

    model_config = ConfigDict(extra="forbid")
    into: str = Field(min_length=1, max_length=300, description="id, slug or key")
    reason: str = _REASON


class UnmergeRequest(BaseModel):
    """Why a merge is taken back."""

    model_config = ConfigDict(extra="forbid")
    reason: str = _REASON


class CorrectionRequest(BaseModel):
    """A field of a record as it should be."""

    model_config = ConfigDict(extra="forbid")
    collection: str = Field(max_length=50, description="people, bills, votes ...")
    item: str = Field(min_length=1, max_length=300, description="id, slug or key")
    field: str = Field(min_length=1, max_length=80)
    value: Any
    reason: str = _REASON
    source_url: str = Field("", max_length=2_000)


class ResolveRequest(BaseModel):
    """Who a name means; null: nobody whom the record knows."""

    model_config = ConfigDict(extra="forbid")
    person: str | None = Field(max_length=300, description="id, slug or key")
    reason: str = _REASON


def _answer(request: Request, rows: list[dict[str, Any]], limit: int, offset: int) -> Response:
    """Answer a page of rows, of which one more than fits was asked for."""
    following = following_url(request, offset + limit) if len(rows) > limit else None
    headers = {"Link": f'<{following}>; rel="next"'} if following else {}
    page = Page[dict[str, Any]](data=rows[:limit], next=following)
    return conditional(request, dumps(page), headers=headers)


def _find(service: ReadingService, path: str, item: str) -> dict[str, Any]:
    if path not in BY_PATH:
        raise Invalid(f"no collection {path[:50]!r}", known=sorted(BY_PATH))
    found = service.find(BY_PATH[path], item)
    if found is None:
        raise RecordNotFound(f"no {BY_PATH[path].singular} answers to {item[:200]!r}")
    return found


@router.post("/people/{item}/merge", summary="Merge a person into another")
def merge_person(
    item: Annotated[str, _ITEM],
    request: MergeRequest,
    caller: CanWriteData,
    reading: ReadingDep,
    curation: CurationDep,
) -> dict[str, Any]:
    """Merge; ids, slugs and keys of the merged person lead to the other from now on."""
    loser, winner = _find(reading, "people", item), _find(reading, "people", request.into)
    curation.merging.merge(loser["id"], winner["id"], caller.subject, request.reason)
    curation.audit(
        "person.merged", f"person:{loser['id']}", caller.subject, request.reason, {"into": winner["id"]}
    )
    return {"merged": loser["id"], "into": winner["id"], "url": winner["url"]}


@router.post("/people/{record_id}/unmerge", summary="Take a merge back")
def unmerge_person(
    record_id: UUID, request: UnmergeRequest, caller: CanWriteData, curation: CurationDep
) -> dict[str, Any]:
    """Make a merged person stand alone again, by the id that it had."""
    curation.merging.unmerge(record_id, caller.subject, request.reason)
    curation.audit("person.unmerged", f"person:{record_id}", caller.subject, request.reason, {})
    return {"id": record_id, "url": url_of("person", record_id)}


@router.get("/people/{item}/merge-candidates", summary="Who may be the same person")
def list_merge_candidates(
    item: Annotated[str, _ITEM], _: CanWriteData, reading: ReadingDep, curation: CurationDep
) -> dict[str, Any]:
    """Answer candidates with a score from 0 to 1 and the reasons for it."""
    person = _find(reading, "people", item)
    return {
        "data": [
            {
                "id": c.row["id"],
                "name": c.row["name"],
                "key": c.row["key"],
                "url": url_of("person", c.row["id"]),
                "score": c.score,
                "reasons": c.reasons,
            }
            for c in curation.merging.candidates(person["id"])
        ]
    }


@router.get("/merges", summary="Merges and whether they were taken back", response_class=Response)
def list_merges(
    request: Request, _: Public, curation: CurationDep, limit: _Limit = 100, offset: _Offset = 0
) -> Response:
    """Answer merges, newest first; who decided is not told."""
    shown = ("kind", "merged_id", "into_id", "reason", "merged_at", "undone_at", "undone_reason")
    rows = curation.merging.merges(limit + 1, offset)
    return _answer(request, [{name: row[name] for name in shown} for row in rows], limit, offset)


@router.post("/corrections", status_code=201, summary="Set a field by hand")
def create_correction(
    request: CorrectionRequest, caller: CanWriteData, reading: ReadingDep, curation: CurationDep
) -> dict[str, Any]:
    """Correct; loads leave the field alone until the correction is withdrawn."""
    record = _find(reading, request.collection, request.item)
    kind = BY_PATH[request.collection].kind
    number = curation.correcting.correct(
        kind,
        record["id"],
        request.field,
        request.value,
        actor=caller.subject,
        reason=request.reason,
        source_url=request.source_url,
    )
    curation.audit(
        "record.corrected", f"{kind}:{record['id']}", caller.subject, request.reason, {"field": request.field}
    )
    return {"id": number, "url": f"/api/v1/corrections/{number}", "record_url": record["url"]}


@router.get("/corrections", summary="The ledger of corrections", response_class=Response)
def list_corrections(
    request: Request,
    _: Public,
    reading: ReadingDep,
    curation: CurationDep,
    collection: Annotated[str, Query(max_length=50)] = "",
    item: Annotated[str, Query(max_length=300)] = "",
    withdrawn: bool = False,
    limit: _Limit = 100,
    offset: _Offset = 0,
) -> Response:
    """Answer corrections in force, newest first; withdrawn ones too on request."""
    if item and not collection:
        raise Invalid("item needs a collection")
    key = _find(reading, collection, item)["key"] if item else ""
    kind = BY_PATH[collection].kind if collection in BY_PATH else collection
    if kind and kind not in PATH_OF:
        raise Invalid(f"no collection {collection[:50]!r}", known=sorted(BY_PATH))
    shown = (
        "id", "kind", "record_key", "field", "value", "source_value", "reason", "source_url", "created_at",
        "withdrawn_at",
    )  # fmt: skip
    rows = curation.correcting.list(kind, key, limit + 1, offset, all_of_them=withdrawn)
    return _answer(request, [{name: row[name] for name in shown} for row in rows], limit, offset)


@router.delete("/corrections/{number}", status_code=204, summary="Withdraw a correction")
def withdraw_correction(
    number: Annotated[int, Path(ge=1, le=2**53)], caller: CanWriteData, curation: CurationDep
) -> None:
    """Let the field be what the sources say."""
    curation.correcting.withdraw(number, caller.subject)
    curation.audit("correction.withdrawn", f"correction:{number}", caller.subject, "", {})


@router.get("/unmatched", summary="Names for which no person is known")
def list_unmatched(
    request: Request,
    _: CanWriteData,
    curation: CurationDep,
    jurisdiction: Annotated[str, Query(max_length=300)] = "",
    resolved: bool = False,
    limit: _Limit = 100,
    offset: _Offset = 0,
) -> Response:
    """Answer names with how often they came, the most frequent first."""
    rows = curation.resolving.list(limit + 1, offset, jurisdiction, resolved=resolved)
    return _answer(request, [dict(row) for row in rows], limit, offset)


@router.post("/unmatched/{number}/resolve", summary="Say who a name means")
def resolve_unmatched(
    number: Annotated[int, Path(ge=1, le=2**53)],
    request: ResolveRequest,
    caller: CanWriteData,
    reading: ReadingDep,
    curation: CurationDep,
) -> dict[str, Any]:
    """Match the name in all records that have it, and in all that come."""
    key = _find(reading, "people", request.person)["key"] if request.person else None
    changed = curation.resolving.resolve(number, key, request.reason)
    curation.audit(
        "name.resolved", f"unmatched:{number}", caller.subject, request.reason, {"person_key": key}
    )
    return {"id": number, "person_key": key, "changed": changed}
