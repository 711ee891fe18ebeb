"""The front page, search, and what is true of every address."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from hubs.ux_hub.web.dependencies import OPEN, PageDep, PageRoute, ReaderDep
from hubs.ux_hub.web.service import bills as bill_service
from hubs.ux_hub.web.service.answering import answer_asset
from hubs.ux_hub.web.service.assets import Assets
from hubs.ux_hub.web.service.language import OTTAWA
from hubs.ux_hub.web.service.places import page_of_hit
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import ResourcesDep
from shared.auth import Public
from shared.core.errors import AppError

router = APIRouter(route_class=PageRoute, tags=["pages"])
_PER_PAGE = 20
_MOST = 10_000
_FIGURES = {
    "person": "/members", "bill": "/bills", "vote_event": "/votes", "debate": "/debates",
    "event": "/meetings", "document": "", "organization": "/committees",
}  # fmt: skip


@router.get("/", summary="To the front page in the reader's language", **OPEN)
def choose_language(request: Request, _: Public) -> Response:
    lang = preferred(request.headers.get("accept-language", ""))
    return RedirectResponse(f"/{lang}", 302, {"Vary": "Accept-Language", "Cache-Control": "no-cache"})


def preferred(header: str) -> str:
    """Return the language that an Accept-Language header likes better; English for neither."""
    best, chosen = 0.0, "en"
    for part in header.lower().split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        if tag[:2] not in ("en", "fr"):
            continue
        try:
            value = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            value = 0.0
        if value > best:
            best, chosen = value, tag[:2]
    return chosen


@router.get("/static/{digest}/{name}", summary="A style sheet, script or picture", **OPEN)
def read_asset(request: Request, digest: str, name: str, resources: ResourcesDep, _: Public) -> Response:
    assets: Assets = resources.get(Renderer).assets
    return answer_asset(request, assets.get(name), digest)


@router.get("/favicon.ico", summary="The icon", **OPEN)
def read_icon(resources: ResourcesDep, _: Public) -> Response:
    return RedirectResponse(resources.get(Renderer).assets.url("icon.svg"), 302)


@router.get("/{lang:lang}", summary="Front page", **OPEN)
def show_home(page: PageDep, record: ReaderDep, _: Public) -> Response:
    today = datetime.now(OTTAWA).date().isoformat()
    coverage, votes, bills, meetings, debates = record.together(
        record.coverage,
        lambda: record.list("votes", limit=6),
        lambda: record.list("bills", limit=6),
        lambda: record.list(
            "events", start_date__gte=today, include="organization", sort="start_date", limit=5
        ),
        lambda: record.list("debates", limit=5),
    )
    held: dict[str, int] = {}
    for entry in coverage:
        held[entry["type"]] = held.get(entry["type"], 0) + entry["count"]
    return page.show(
        "home.html",
        counts=[(kind, held[kind], where) for kind, where in _FIGURES.items() if held.get(kind)],
        votes=votes.rows,
        bills=[(bill, bill_service.progress(bill)) for bill in bills.rows],
        meetings=meetings.rows,
        debates=debates.rows,
    )


@router.get("/{lang:lang}/search", summary="Search", **OPEN)
def show_search(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    q: Annotated[str, Query(max_length=1_000)] = "",
    type: Annotated[str, Query(max_length=100)] = "",
    party: Annotated[str, Query(max_length=100)] = "",
    jurisdiction: Annotated[str, Query(max_length=200)] = "",
    year: Annotated[str, Query(pattern=r"^(\d{4})?$")] = "",
    sort: Annotated[str, Query(pattern="^(date|-date|relevance)?$")] = "",
    offset: Annotated[int, Query(ge=0, le=_MOST)] = 0,
) -> Response:
    query = q.strip()
    sort = "" if sort == "relevance" else sort
    chosen = {"type": type, "party": party, "jurisdiction": jurisdiction, "year": year, "sort": sort}
    answer: Any = {}
    problem = ""
    if query or any(chosen.values()):
        try:
            answer = record.search(
                q=query, type=type, party=party, jurisdiction=jurisdiction, lang=page.lang, sort=sort,
                date_from=f"{year}-01-01" if year else "", date_to=f"{year}-12-31" if year else "",
                limit=_PER_PAGE, offset=offset or None,
            )  # fmt: skip
        except AppError as error:
            if error.status >= 500:
                raise
            problem = error.detail
    meta = answer.get("meta") or {}
    hits = [(hit, page_of_hit(hit, page.lang)) for hit in answer.get("data") or ()]
    following = offset + _PER_PAGE
    return page.show(
        "search.html",
        keeps_query=("q", *chosen),
        query=query,
        chosen=chosen,
        problem=problem,
        meta=meta,
        hits=hits,
        offset=offset,
        shortcut=_shortcut(meta.get("shortcut"), page.lang),
        following=following if following < min(meta.get("total", 0), _MOST) else None,
        previous=max(0, offset - _PER_PAGE) if offset else None,
        kept=chosen,
        with_query={"q": query, **chosen},
        without={name: {"q": query, **chosen, name: ""} for name in chosen},
        labels={name: _label(page, name, value) for name, value in chosen.items() if value},
        facet_label=lambda name, value: _label(page, name, value),
    )


def _label(page: PageDep, name: str, value: Any) -> str:
    areas = {
        "type": "kinds" if f"kinds.{value}" in page.renderer.catalogue else "kind",
        "party": "party",
    }
    if name == "jurisdiction" and str(value).endswith("country:ca/legislature"):
        return page.t("coverage.federal")
    area = areas.get(name)
    key = f"{area}.{str(value).replace(' ', '_')}" if area else ""
    return page.renderer.catalogue.find(page.lang, key, str(value))


def _shortcut(found: Any, lang: str) -> tuple[str, str] | None:
    if not isinstance(found, dict):
        return None
    if found.get("type") in ("postal_code", "postcode"):
        code = str(found.get("value") or found.get("code") or "")
        return f"/{lang}/my-representatives?postcode={code.replace(' ', '')[:7]}", code
    where = page_of_hit(found, lang)
    label = str(found.get(f"title_{lang}") or found.get("title_en") or found.get("label") or "")
    return (where, label) if where and label else None
