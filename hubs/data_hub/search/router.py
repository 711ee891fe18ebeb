"""Search: ``/api/v1/search``, ``/api/v1/search/suggest``, ``/api/v1/search/index``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.data_hub.search.dependencies import KeeperDep, SearchDep
from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.querying import Filters
from hubs.data_hub.search.schemas import SearchRequest, Sort
from shared.auth import CanWriteData, Public
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1/search", tags=["search"])
MAX_OFFSET = 10_000
_LIST = Query(max_length=1_000, description="several separated by commas")


def _values(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip())


@router.get("", summary="Search the record in both languages", response_class=Response)
def search(
    request: Request,
    _: Public,
    service: SearchDep,
    q: Annotated[
        str, Query(description='words, "phrase", -word, OR, prefix*, party:, mp:, bill:, date: ...')
    ] = "",
    type: Annotated[str, _LIST] = "",
    party: Annotated[str, _LIST] = "",
    jurisdiction: Annotated[str, _LIST] = "",
    province: Annotated[str, _LIST] = "",
    session: Annotated[str, _LIST] = "",
    person: Annotated[str, Query(max_length=100, description="id of a person")] = "",
    date_from: date | None = None,
    date_to: date | None = None,
    lang: Annotated[str, Query(pattern="^(en|fr)?$", description="language of the snippets")] = "",
    sort: Sort = "relevance",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    facets: bool = True,
    snippets: bool = True,
) -> Response:
    """Answer a page of hits with facets; an empty query lists what the filters leave."""
    if date_from and date_to and date_from > date_to:
        raise QueryRefused("date_from is after date_to")
    filters = Filters(
        types=_values(type),
        parties=_values(party),
        jurisdictions=_values(jurisdiction),
        provinces=_values(province),
        sessions=_values(session),
        person_id=person,
        date_from=date_from,
        date_to=date_to,
    )
    answer = service.search(
        SearchRequest(
            text=q,
            filters=filters,
            lang=lang,
            sort=sort,
            limit=limit,
            offset=offset,
            wants_facets=facets,
            wants_snippets=snippets,
        )
    )
    headers = None
    if offset + limit < min(answer.meta.total, MAX_OFFSET):
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
        answer.next = f"{request.url.path}?{urlencode([*pairs, ('offset', str(offset + limit))])}"
        headers = {"Link": f'<{answer.next}>; rel="next"'}
    return conditional(request, dumps(answer.model_dump(exclude_none=False)), headers=headers)


@router.get("/suggest", summary="Titles and names that begin with what was typed")
def suggest(
    _: Public,
    service: SearchDep,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Answer completions."""
    return {"data": service.suggest(q, limit)}


@router.get("/index", summary="State of the index")
def read_index(_: Public, keeper: KeeperDep) -> dict[str, Any]:
    """Answer what the index holds and whether it is being built."""
    state = keeper.state
    return {
        "status": "building" if state.is_building else "ready",
        "reason": state.reason if state.is_building else "",
        "indexed": state.indexed,
        "expected": state.expected,
        "progress": round(state.progress, 3) if state.is_building else 1.0,
        "position": state.position,
        "rebuilds": state.rebuilds,
        "problem": state.problem,
    }


@router.post("/index/rebuild", status_code=202, summary="Build the index anew beside the one that answers")
def rebuild_index(_: CanWriteData, keeper: KeeperDep) -> dict[str, Literal["accepted"]]:
    """Ask for a new generation; the present one answers until it stands."""
    keeper.ask_rebuild()
    return {"status": "accepted"}
