"""Debates, committees, councils and meetings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, PageDep, PageRoute, ReaderDep, moved
from hubs.ux_hub.web.service.record import RecordReader, Row
from shared.auth import Public
from shared.core.clock import utc_now

router = APIRouter(prefix="/{lang:lang}", route_class=PageRoute, tags=["pages"])
Cursor = Annotated[str, Query(max_length=1_000)]
_PER_PAGE = 40
_SPEECHES = 40
_SPOKEN = (
    "sequence,is_procedural,h1_en,h1_fr,h2_en,h2_fr,person_id,speaker_name,attribution_en,attribution_fr,"
    "time,floor_language,paragraphs"
)
"""What of each speech a sitting's page shows."""


@router.get("/debates", summary="Debates by day", **OPEN)
def list_debates(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    from_: Annotated[str, Query(alias="from", pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    to: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    kind: Annotated[str, Query(pattern="^(debate|evidence)?$")] = "",
    cursor: Cursor = "",
) -> Response:
    low, high = _in_order(from_, to)
    found = record.list(
        "debates", date__gte=low, date__lte=high, document_type=kind, include="organization",
        limit=_PER_PAGE, cursor=cursor,
    )  # fmt: skip
    return page.show(
        "proceedings/debates.html",
        keeps_query=("from", "to", "kind", "cursor"),
        debates=found.rows,
        chosen={"from": low, "to": high, "kind": kind},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


def _in_order(low: str, high: str) -> tuple[str, str]:
    """Return two days in order; a day that is none is left out."""
    days = []
    for text in (low, high):
        try:
            days.append(date.fromisoformat(text).isoformat() if text else "")
        except ValueError:
            days.append("")
    first, last = days
    return (last, first) if first and last and first > last else (first, last)


@router.get("/debates/{item}", summary="A debate, English and French side by side", **OPEN)
def show_debate(
    page: PageDep,
    record: ReaderDep,
    item: str,
    _: Public,
    after: Annotated[int | None, Query(ge=0, le=10**8)] = None,
    speech: Annotated[int | None, Query(ge=0, le=10**8)] = None,
    view: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
) -> Response:
    start = speech if speech is not None else after
    debate, found = record.together(
        lambda: record.get("debates", item),
        lambda: record.list(
            "speeches", debate=item, sort="sequence", limit=_SPEECHES, sequence__gte=start, fields=_SPOKEN
        ),
    )
    if item != debate["slug"]:
        suffix = f"?speech={speech}" if speech is not None else ""
        return moved(page, f"/debates/{debate['slug']}{suffix}")
    return page.show(
        "proceedings/debate.html",
        keeps_query=("after", "view"),
        debate=debate,
        speeches=found.rows,
        is_single=view == page.lang,
        view=view,
        after=start or None,
        following=found.rows[-1]["sequence"] + 1 if found.cursor and found.rows else None,
        today=utc_now(),
    )


def _bodies(page: PageDep, record: RecordReader, area: str, cursor: str, **filters: Any) -> Response:
    collection = "committees" if area == "committees" else "organizations"
    found = record.list(collection, limit=100, cursor=cursor, **filters)
    return page.show(
        "proceedings/bodies.html",
        keeps_query=("cursor",),
        area=area,
        bodies=found.rows,
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


@router.get("/committees", summary="Committees", **OPEN)
def list_committees(page: PageDep, record: ReaderDep, _: Public, cursor: Cursor = "") -> Response:
    return _bodies(page, record, "committees", cursor)


@router.get("/councils", summary="Municipal councils", **OPEN)
def list_councils(page: PageDep, record: ReaderDep, _: Public, cursor: Cursor = "") -> Response:
    return _bodies(page, record, "councils", cursor, classification="council")


def _body(page: PageDep, record: RecordReader, area: str, item: str) -> Response:
    body, members, events, debates = record.together(
        lambda: record.get("organizations", item),
        lambda: record.list("memberships", organization=item, include="person", current="true", limit=200),
        lambda: record.list("events", organization=item, limit=30),
        lambda: record.list("debates", organization=item, limit=20),
    )
    if item != body["slug"]:
        return moved(page, f"/{area}/{body['slug']}")
    committees: Sequence[Row] = ()
    if body["classification"] == "council":
        committees = record.list(
            "committees", jurisdiction=body["jurisdiction"], fields="slug,name_en,name_fr", limit=200
        ).rows
    return page.show(
        "proceedings/body.html",
        committees=committees,
        area=area,
        body=body,
        members=sorted(
            members.rows, key=lambda seat: (seat["role_en"], (seat["person"] or {}).get("name", ""))
        ),
        events=events.rows,
        debates=debates.rows,
    )


@router.get("/committees/{item}", summary="A committee", **OPEN)
def show_committee(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    return _body(page, record, "committees", item)


@router.get("/councils/{item}", summary="A council", **OPEN)
def show_council(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    return _body(page, record, "councils", item)


@router.get("/meetings", summary="Meetings of committees and councils", **OPEN)
def list_meetings(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    from_: Annotated[str, Query(alias="from", pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    to: Annotated[str, Query(pattern=r"^(\d{4}-\d\d-\d\d)?$")] = "",
    cursor: Cursor = "",
) -> Response:
    low, high = _in_order(from_, to)
    found = record.list(
        "events", start_date__gte=low, start_date__lte=high, include="organization", sort="-start_date",
        limit=_PER_PAGE, cursor=cursor,
    )  # fmt: skip
    return page.show(
        "proceedings/meetings.html",
        keeps_query=("from", "to", "cursor"),
        events=found.rows,
        chosen={"from": low, "to": high},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


@router.get("/meetings/{item}", summary="A meeting with its agenda", **OPEN)
def show_meeting(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    event = record.get("events", item, include="documents,votes,organization")
    if item != event["slug"]:
        return moved(page, f"/meetings/{event['slug']}")
    return page.show("proceedings/meeting.html", event=event)
