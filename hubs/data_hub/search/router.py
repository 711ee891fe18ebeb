"""Search: ``/api/v1/search``, ``/api/v1/search/suggest``, ``/api/v1/search/index``."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from hubs.data_hub.search.asked import AskedTerms
from hubs.data_hub.search.dependencies import CheckDep, KeeperDep, TermsDep, index_state
from hubs.data_hub.search.dispatch import SearchProcess
from hubs.data_hub.search.engine import SCHEMA_VERSION
from hubs.data_hub.search.errors import IndexNotReady, QueryRefused
from hubs.data_hub.search.querying import check_query
from hubs.data_hub.search.schemas import MAX_OFFSET, MAX_SAVED, SavedParams, SaveRequest, SearchParams
from hubs.data_hub.search.syntax import parse
from hubs.data_hub.search.wire import Found, IndexState, NoIndex, SearchRequest, SuggestRequest
from shared.app import Resources, ResourcesDep, resources_of
from shared.auth import CanReadData, CanWriteData, Public, SignedIn
from shared.core.clock import utc_now
from shared.core.errors import NotFound
from shared.core.ids import new_id
from shared.direct import DirectRoute
from shared.http.conditional import conditional, not_modified
from shared.http.json import dumps, loads

router = APIRouter(prefix="/api/v1/search", tags=["search"])
direct = APIRouter(prefix="/api/v1/search", tags=["search"], route_class=DirectRoute)
"""The search itself, which is asked more often than all else."""


def _check_span(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise QueryRefused("date_from is after date_to")


@direct.get("", summary="Search the record in both languages", response_class=Response)
async def search(request: Request, _: Public, params: Annotated[SearchParams, Query()]) -> Response:
    """Answer a page of hits with facets; an empty query lists what the filters leave."""
    _check_span(params.date_from, params.date_to)
    resources = resources_of(request)
    tag = _tag(index_state(resources), request.scope["query_string"])
    if (unchanged := not_modified(request, tag)) is not None:
        return unchanged
    state, found = await _ask(resources, params.request())
    resources.get(AskedTerms).note(params.q, params.lang, found.total)
    return _answer(request, params, found, _tag(state, request.scope["query_string"]))


async def _ask(resources: Resources, request: SearchRequest | SuggestRequest) -> tuple[IndexState, Found]:
    """Return what the index says, and which state of it does.

    Raises: IndexNotReady; what `SearchProcess.ask` raises.
    """
    state = index_state(resources)
    try:
        return state, await resources.get(SearchProcess).ask(state, request)
    except NoIndex:
        # A new generation may just have taken the old one's place.
        state = index_state(resources)
    try:
        return state, await resources.get(SearchProcess).ask(state, request)
    except NoIndex as error:
        raise IndexNotReady(
            f"the search index cannot be opened: {error}", headers={"Retry-After": "2"}
        ) from None


@functools.cache
def _code() -> str:
    return f"{version('openpolicy')}/{SCHEMA_VERSION}"


def _tag(state: IndexState, query_string: bytes) -> str:
    """Return the entity tag of an answer: what is asked, of which state of the index, by which code.

    Weak, because ``took_ms`` differs each time.
    """
    asked = repr((_code(), state.position, state.is_rebuilding, query_string)).encode()
    return f'W/"{hashlib.blake2b(asked, digest_size=16).hexdigest()}"'


def _answer(request: Request, params: SearchParams, found: Found, tag: str) -> Response:
    following, headers = None, None
    if params.offset + params.limit < min(found.total, MAX_OFFSET):
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "offset"]
        offset = str(params.offset + params.limit)
        following = f"{request.url.path}?{urlencode([*pairs, ('offset', offset)])}"
        headers = {"Link": f'<{following}>; rel="next"'}
    parts = (b'{"data":', found.data, b',"next":', dumps(following), b',"meta":', found.meta, b"}")
    return conditional(request, b"".join(parts), headers=headers, etag=tag)


@router.get("/suggest", summary="Titles and names that begin with what was typed")
async def suggest(
    _: Public,
    resources: ResourcesDep,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    """Answer completions."""
    answered = await _ask(resources, SuggestRequest(q, limit))
    return {"data": loads(answered[1].data)}


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
