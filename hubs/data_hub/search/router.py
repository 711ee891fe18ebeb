"""Search: ``/api/v1/search``, ``/api/v1/search/suggest``, ``/api/v1/search/index``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from hubs.data_hub.search.dependencies import CheckDep, KeeperDep, SearchDep, TermsDep
from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.querying import Filters, check_query
from hubs.data_hub.search.schemas import MAX_SAVED, SavedParams, SaveRequest, SearchRequest, Sort
from hubs.data_hub.search.syntax import parse
from shared.auth import CanReadData, CanWriteData, Public, SignedIn
from shared.core.clock import utc_now
from shared.core.errors import NotFound
from shared.core.ids import new_id
from shared.http.conditional import conditional
from shared.http.json import dumps

router = APIRouter(prefix="/api/v1/search", tags=["search"])
MAX_OFFSET = 10_000
_LIST = Query(max_length=1_000, description="several separated by commas")


def _check_span(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise QueryRefused("date_from is after date_to")


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
    _check_span(date_from, date_to)
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
    following, headers = None, None
    if offset + limit < min(answer.meta["total"], MAX_OFFSET):
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
        following = f"{request.url.path}?{urlencode([*pairs, ('offset', str(offset + limit))])}"
        headers = {"Link": f'<{following}>; rel="next"'}
    body = {"data": answer.hits, "next": following, "meta": answer.meta}
    return conditional(request, dumps(body), headers=headers)


@router.get("/suggest", summary="Titles and names that begin with what was typed")
def suggest(
    _: Public,
    service: SearchDep,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Answer completions."""
    return {"data": service.suggest(q, limit)}


@router.get("/trending", summary="What is searched for most")
def list_trending(
    _: Public,
    terms: TermsDep,
    days: Annotated[int, Query(ge=1, le=90)] = 7,
    lang: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> dict[str, Any]:
    """Answer queries that found something and were asked more than once."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    return {"data": terms.terms(since, lang, limit, in_vain=False, least=2)}


@router.get("/no-results", summary="What is searched for in vain")
def list_in_vain(
    _: CanReadData,
    terms: TermsDep,
    days: Annotated[int, Query(ge=1, le=90)] = 7,
    lang: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Answer queries that found nothing, the most frequent first: what to collect or explain next."""
    since = datetime.now(UTC).date() - timedelta(days=days - 1)
    return {"data": terms.terms(since, lang, limit, in_vain=True, least=1)}


@router.get("/saved", summary="One's own saved searches")
def list_saved(caller: SignedIn, terms: TermsDep) -> dict[str, Any]:
    """Answer the caller's saved searches, newest first, each with the address that runs it."""
    return {"data": [saved_shape(row) for row in terms.saved(caller.subject)]}


@router.post("/saved", status_code=201, summary="Save a search")
def save_search(caller: SignedIn, request: SaveRequest, terms: TermsDep) -> dict[str, Any]:
    """Keep a search under a name; it must be one that can be run."""
    check_query(parse(request.params.get("q", "")))
    known = set(SavedParams.model_fields)
    strange = sorted(set(request.params) - known)
    if strange:
        raise QueryRefused(f"params: {strange[0][:40]!r} is no parameter of a search", known=sorted(known))
    try:
        asked = SavedParams.model_validate(request.params)
    except ValidationError as error:
        first = error.errors()[0]
        raise QueryRefused(f"params: {first['loc'][0]}: {first['msg']}") from None
    _check_span(asked.date_from, asked.date_to)
    if len(terms.saved(caller.subject)) >= MAX_SAVED:
        raise QueryRefused(f"at most {MAX_SAVED} saved searches each")
    row = {
        "id": new_id(),
        "owner": caller.subject,
        "name": request.name,
        "params": request.params,
        "created_at": utc_now(),
    }
    terms.save(row)
    return saved_shape(row)


@router.delete("/saved/{search_id}", status_code=204, summary="Forget a saved search")
def forget_search(search_id: UUID, caller: SignedIn, terms: TermsDep) -> None:
    """Forget one of one's own."""
    if not terms.forget(caller.subject, search_id):
        raise NotFound("you have no such saved search")


def saved_shape(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a saved search as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "params": row["params"],
        "url": f"/api/v1/search?{urlencode(row['params'])}",
        "created_at": row["created_at"],
    }


@router.get("/index", summary="State of the index")
def read_index(_: Public, keeper: KeeperDep) -> dict[str, Any]:
    """Answer what the index holds and whether it is being built."""
    state = keeper.state
    return {
        "status": "building" if state.is_building else "ready",
        "reason": state.reason if state.is_building else "",
        "indexed": state.indexed if state.is_building else keeper.documents,
        "expected": state.expected,
        "progress": round(state.progress, 3) if state.is_building else 1.0,
        "position": state.position,
        "rebuilds": state.rebuilds,
        "problem": state.problem,
    }


@router.get("/index/check", summary="The index against the record, id by id")
def check(_: CanReadData, report: CheckDep) -> dict[str, Any]:
    """Answer how many records each side holds and where they differ."""
    return {
        "is_equal": report.is_equal,
        "position": report.position,
        "expected": report.expected,
        "indexed": report.indexed,
        "missing": report.missing,
        "extra": report.extra,
        "differing": report.differing,
    }


@router.post("/index/rebuild", status_code=202, summary="Build the index anew beside the one that answers")
def rebuild_index(_: CanWriteData, keeper: KeeperDep) -> dict[str, Literal["accepted"]]:
    """Ask for a new generation; the present one answers until it stands."""
    keeper.ask_rebuild()
    return {"status": "accepted"}
