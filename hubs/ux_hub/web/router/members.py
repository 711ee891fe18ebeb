"""Members and who represents a place."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, PageDep, PageRoute, ReaderDep, moved
from hubs.ux_hub.web.service import bills as bill_service
from hubs.ux_hub.web.service import people, representing
from hubs.ux_hub.web.service.language import OTTAWA
from shared.auth import Public
from shared.core.clock import utc_now
from shared.core.errors import Invalid, NotFound

router = APIRouter(prefix="/{lang:lang}", route_class=PageRoute, tags=["pages"])
_PER_PAGE = 120
_PROVINCES = (
    "Alberta", "British Columbia", "Manitoba", "New Brunswick", "Newfoundland and Labrador",
    "Northwest Territories", "Nova Scotia", "Nunavut", "Ontario", "Prince Edward Island", "Quebec",
    "Saskatchewan", "Yukon",
)  # fmt: skip
_POSTCODE = re.compile(r"^[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z]\d[ABCEGHJ-NPRSTV-Z]\d$")


@router.get("/members", summary="Members", **OPEN)
def list_members(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    q: Annotated[str, Query(max_length=100)] = "",
    party: Annotated[str, Query(max_length=100)] = "",
    province: Annotated[str, Query(max_length=100)] = "",
    when: Annotated[str, Query(pattern="^(all)?$")] = "",
    cursor: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    filters: dict[str, Any] = {"party": party, "province": province, "name__icontains": q.strip()}
    if not when:
        filters["current"] = "true"
    found = record.list("people", include="memberships", limit=_PER_PAGE, cursor=cursor, **filters)
    parties = record.list("organizations", classification="party", limit=100).rows
    words = page.renderer.catalogue
    return page.show(
        "members/list.html",
        keeps_query=("q", "party", "province", "when", "cursor"),
        groups=people.by_province(found.rows, datetime.now(OTTAWA).date()),
        parties=[(row["name_en"], row[f"name_{page.lang}"] or row["name_en"]) for row in parties],
        provinces=[
            (name, words.text(page.lang, f"province.{name.replace(' ', '_')}")) for name in _PROVINCES
        ],
        chosen={"q": q, "party": party, "province": province, "when": when},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


@router.get("/members/{item}", summary="A member", **OPEN)
def show_member(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person = record.get("people", item, include="memberships")
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}")
    today = datetime.now(OTTAWA).date()
    seat = people.seat_of(person, today)
    current, former = people.split(person["memberships"], today)
    bills = record.list("bills", sponsor=person["key"], limit=20).rows
    speeches = record.list("speeches", person=person["key"], limit=8).rows
    return page.show(
        "members/detail.html",
        person=person,
        seat=seat,
        current=current,
        former=former,
        ballots=representing.recent_ballots(record, person),
        bills=[(bill, bill_service.progress(bill)) for bill in bills],
        speeches=[speech for speech in speeches if speech.get("debate_id")],
        today=utc_now(),
    )


@router.get("/my-representatives", summary="Who represents a place", **OPEN)
def show_representatives(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    postcode: Annotated[str, Query(max_length=20)] = "",
    area: Annotated[str, Query(max_length=100)] = "",
    cursor: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    code = re.sub(r"[\s-]", "", postcode).upper()
    problem, found = "", representing.Found()
    if postcode.strip():
        if not _POSTCODE.match(code):
            problem = "bad_postcode"
        else:
            try:
                found = representing.read(record.representatives(postal_code=code))
                problem = "" if found.people else "not_known"
            except Invalid:
                problem = "bad_postcode"
            except NotFound:
                problem = "not_known"
    posts, following = representing.ridings(record, area.strip(), cursor)
    return page.show(
        "members/representatives.html",
        # The postal code stays out of the page's other addresses: it is nobody's business.
        keeps_query=("area", "cursor"),
        given=postcode[:10],
        code=f"{code[:3]} {code[3:]}",
        problem=problem,
        people=found.people,
        meta=found.meta,
        posts=posts,
        area=area,
        cursor=following,
        has_cursor=bool(cursor),
    )
