"""Following the civic record: ``/api/v1/changes``, ``/history/{id}`` and ``/coverage``."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.data_hub.database.dependencies import FollowingDep
from hubs.data_hub.database.service.asking import sound_moment
from shared.auth import Public
from shared.core.errors import Invalid
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1", tags=["changes"])


def _names(raw: str) -> list[str]:
    return [name for name in raw.split(",") if name]


@router.get("/changes", summary="What changed, in the order of commits", response_class=Response)
def list_changes(
    request: Request,
    _: Public,
    service: FollowingDep,
    after: Annotated[str, Query(max_length=40, description="a position, `now`, or empty: the start")] = "",
    since: Annotated[datetime | None, Query(description="a moment; in place of a position")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
    type: Annotated[str, Query(max_length=500, description="kinds, separated by commas")] = "",
    jurisdiction: Annotated[str, Query(max_length=2_000, description="separated by commas")] = "",
    source_id: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Answer the changes after a position and the position to go on from."""
    if after and since:
        raise Invalid("give after or since, not both")
    moment = sound_moment("since", since)
    if after == "now":
        position = service.position()
    elif moment is not None:
        position = service.position_at(moment)
    elif after.isascii() and (after or "0").isdigit() and len(after) <= 18:
        position = int(after or 0)
    else:
        raise Invalid("after: a position of this feed, or now")
    entries, last = service.changes(position, limit, _names(type), _names(jurisdiction), source_id)
    following = None
    if len(entries) == limit:
        following = str(request.url.include_query_params(after=last).remove_query_params("since").query)
        following = f"{request.url.path}?{following}"
    body: dict[str, Any] = {"data": entries, "next": following, "meta": {"position": last}}
    headers = {"Link": f'<{following}>; rel="next"'} if following else None
    return conditional(request, dumps(body), headers=headers)


@router.get("/history/{record_id}", summary="The changes of a record and the states it left")
def read_history(
    request: Request,
    record_id: UUID,
    _: Public,
    service: FollowingDep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Answer a record's history, newest first."""
    return conditional(request, dumps(service.history(record_id, limit)))


@router.get("/coverage", summary="What is held per jurisdiction and type, and how fresh it is")
def read_coverage(request: Request, _: Public, service: FollowingDep) -> Response:
    """Answer counts, spans of dates and freshness against the promise."""
    entries = service.coverage()
    return conditional(request, dumps({"data": entries, "meta": {"stale": sum(e["stale"] for e in entries)}}))
