"""About the record itself: coverage, sources, changes, developers, status; and what crawlers read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, PageDep, PageRoute, ReaderDep, SourcesDep, moved
from hubs.ux_hub.web.errors import PageNotFound
from hubs.ux_hub.web.service import sitemap, standing
from hubs.ux_hub.web.service.answering import answer
from hubs.ux_hub.web.service.places import COLLECTIONS, page_of
from hubs.ux_hub.web.service.rendering import Renderer
from shared.app import ResourcesDep
from shared.auth import Public
from shared.core.errors import AppError, Invalid

router = APIRouter(route_class=PageRoute, tags=["pages"])
_CHANGES = 100


@router.get("/{lang:lang}/jurisdictions", summary="What is held per government", **OPEN)
def show_coverage(page: PageDep, record: ReaderDep, _: Public) -> Response:
    coverage, known = record.together(record.coverage, lambda: record.list("jurisdictions", limit=500).rows)
    names = {row["ocd_id"]: row[f"name_{page.lang}"] or row["name_en"] for row in known}
    for entry in coverage:
        place = entry["jurisdiction"]
        names[place] = names.get(place) or page.renderer.government(place, page.lang)
    return page.show("platform/coverage.html", governments=standing.governments(coverage, names))


@router.get("/{lang:lang}/data-sources", summary="Where the record comes from", **OPEN)
def show_sources(page: PageDep, record: ReaderDep, sources: SourcesDep, _: Public) -> Response:
    coverage = record.coverage()
    try:
        known: list[dict[str, Any]] | None = sources.list()
    except AppError:
        known = None
    return page.show(
        "platform/sources.html", sources=standing.sources(coverage, known), is_complete=known is not None
    )


@router.get("/{lang:lang}/changes", summary="What changed", **OPEN)
def show_changes(
    page: PageDep, record: ReaderDep, _: Public, before: Annotated[int | None, Query(ge=1, le=10**17)] = None
) -> Response:
    last = before - 1 if before else int(record.changes(after="now", limit=1)["meta"]["position"])
    start = max(0, last - _CHANGES)
    try:
        rows = record.changes(after=start, limit=_CHANGES)["data"] if last else []
    except Invalid as error:
        if "position" not in error.extensions:
            raise
        # A link from before the record was set up anew: its newest changes are what comes closest.
        return moved(page, "/changes", is_for_good=False)
    shown = [_linked(row, page.lang) for row in reversed(rows) if row["seq"] <= last]
    return page.show(
        "platform/changes.html",
        keeps_query=("before",),
        changes=shown,
        before=start + 1 if start > 0 else None,
        is_older=before is not None,
    )


def _linked(row: dict[str, Any], lang: str) -> dict[str, Any]:
    return {**row, "page": page_of(row["type"], row["id"], lang) if row["change"] != "delete" else ""}


@router.get("/{lang:lang}/history/{collection}/{item}", summary="The history of a record", **OPEN)
def show_history(page: PageDep, record: ReaderDep, collection: str, item: str, _: Public) -> Response:
    if len(item) != 36:
        raise PageNotFound("a record is named by its id here")
    found = record.history(item)
    if not found["changes"]:
        raise PageNotFound(f"nothing is recorded about {item}")
    return page.show("platform/history.html", changes=[_linked(row, page.lang) for row in found["changes"]])


@router.get("/{lang:lang}/developers", summary="For developers", **OPEN)
def show_developers(page: PageDep, _: Public) -> Response:
    return page.show("platform/developers.html", collections=COLLECTIONS)


@router.get("/{lang:lang}/about", summary="About", **OPEN)
def show_about(page: PageDep, _: Public) -> Response:
    return page.show("platform/about.html")


@router.get("/{lang:lang}/status", summary="State of the service", **OPEN)
def show_status(page: PageDep, record: ReaderDep, _: Public) -> Response:
    try:
        health: Any = record.health()
    except AppError:
        health = None
    return page.show("platform/status.html", health=health)


@router.get("/robots.txt", summary="For crawlers", **OPEN)
def read_robots(request: Request, resources: ResourcesDep, _: Public) -> Response:
    text = sitemap.robots(resources.get(Renderer).base_url)
    return answer(request, text, media_type="text/plain; charset=utf-8")


@router.get("/sitemap.xml", summary="Every page's address, by kind", **OPEN)
def read_sitemap(request: Request, resources: ResourcesDep, record: ReaderDep, _: Public) -> Response:
    text = sitemap.index(resources.get(Renderer).base_url, record)
    return answer(request, text, media_type="application/xml", cache_control="public, max-age=3600")


@router.get("/sitemap-{area}.xml", summary="Addresses of one kind of page", **OPEN)
def read_sitemap_part(
    request: Request, area: str, resources: ResourcesDep, record: ReaderDep, _: Public,
    cursor: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:  # fmt: skip
    text = sitemap.part(resources.get(Renderer).base_url, record, area, cursor)
    return answer(request, text, media_type="application/xml", cache_control="public, max-age=3600")


rest = APIRouter(route_class=PageRoute, tags=["pages"])
"""Registered last: what no page answers to."""


@rest.get("/{lang:lang}/{path:path}", summary="No such page", **OPEN)
def show_nothing(page: PageDep, path: str, _: Public) -> Response:
    if path.endswith("/") and path.strip("/"):
        return moved(page, f"/{path.strip('/')}")
    if not path:
        return moved(page, "")
    raise PageNotFound(f"there is no page {path[:100]!r}")
