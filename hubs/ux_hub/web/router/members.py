"""Members and who represents a place."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, Page, PageDep, PageRoute, ReaderDep, moved
from hubs.ux_hub.web.service import bills as bill_service
from hubs.ux_hub.web.service import careers, people, representing, words
from hubs.ux_hub.web.service.language import OTTAWA
from hubs.ux_hub.web.service.record import RecordReader, Row
from shared.auth import Public
from shared.core.clock import utc_now
from shared.core.errors import Invalid, NotFound

router = APIRouter(prefix="/{lang:lang}", route_class=PageRoute, tags=["pages"])
_PER_PAGE = 120
_RECENT_VOTES = 12
_RECENT_SPEECHES = 8
_SPONSORED = 20
_BALLOTS = 50
_SPEECHES = 60
"""Newest speeches whose words are counted."""
_ACTS = 30
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
    found, parties = record.together(
        lambda: record.list("people", include="memberships", limit=_PER_PAGE, cursor=cursor, **filters),
        lambda: record.list("organizations", classification="party", limit=100).rows,
    )
    catalogue = page.renderer.catalogue
    return page.show(
        "members/list.html",
        keeps_query=("q", "party", "province", "when", "cursor"),
        groups=people.by_province(found.rows, datetime.now(OTTAWA).date()),
        parties=[(row["name_en"], row[f"name_{page.lang}"] or row["name_en"]) for row in parties],
        provinces=[
            (name, catalogue.text(page.lang, f"province.{name.replace(' ', '_')}")) for name in _PROVINCES
        ],
        chosen={"q": q, "party": party, "province": province, "when": when},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


def _person(record: RecordReader, item: str, include: str = "memberships") -> Row:
    return record.get("people", item, include=include)


def _head(page: Page, person: Row) -> dict[str, Any]:
    """Return what the head of each of a member's pages shows."""
    return {"person": person, "seat": people.seat_of(person, datetime.now(OTTAWA).date()), "today": utc_now()}


@router.get("/members/{item}", summary="A member", **OPEN)
def show_member(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person = _person(record, item, "memberships,recent")
    recent = person["recent"]
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}")
    current, former = people.split(person["memberships"], datetime.now(OTTAWA).date())
    return page.show(
        "members/detail.html",
        **_head(page, person),
        current=current,
        former=former,
        ballots=recent["ballots"][:_RECENT_VOTES],
        bills=[(bill, bill_service.progress(bill)) for bill in recent["bills"][:_SPONSORED]],
        speeches=[one for one in recent["speeches"] if one.get("debate_id")][:_RECENT_SPEECHES],
    )


@router.get("/members/{item}/votes", summary="Every ballot of a member", **OPEN)
def show_ballots(
    page: PageDep,
    record: ReaderDep,
    item: str,
    _: Public,
    dissent: Annotated[str, Query(pattern="^(only)?$")] = "",
    cursor: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    person, ballots = record.together(
        lambda: _person(record, item),
        lambda: record.list(
            "ballots", person=item, is_dissent="true" if dissent else "", limit=_BALLOTS, cursor=cursor
        ),
    )
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}/votes")
    return page.show(
        "members/votes.html",
        keeps_query=("dissent", "cursor"),
        **_head(page, person),
        ballots=ballots.rows,
        chosen={"dissent": dissent},
        cursor=ballots.cursor,
        has_cursor=bool(cursor),
    )


@router.get("/members/{item}/agreement", summary="Who votes like a member, and who does not", **OPEN)
def show_agreement(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person = _person(record, item)
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}/agreement")
    found, dissent, attendance = record.together(
        lambda: record.indicator("agreement", member=person["key"]),
        lambda: record.indicator("member-dissent", member=person["key"]),
        lambda: record.indicator("attendance", member=person["key"]),
    )
    nearest, farthest = careers.extremes(found or ())
    keys = [row["member"] for row in (*nearest, *farthest)]
    known = record.list("people", key__in=",".join(keys), fields="key,slug", limit=100).rows if keys else ()
    return page.show(
        "members/agreement.html",
        **_head(page, person),
        is_known=found is not None,
        nearest=nearest,
        farthest=farthest,
        slugs={row["key"]: row["slug"] for row in known},
        dissent=dissent[0] if dissent else None,
        attendance=attendance[0] if attendance else None,
    )


@router.get("/members/{item}/words", summary="Which words a member uses most", **OPEN)
def show_words(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person, speeches = record.together(
        lambda: _person(record, item),
        lambda: record.list("speeches", person=item, limit=_SPEECHES, fields="time,paragraphs").rows,
    )
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}/words")
    return page.show(
        "members/words.html",
        **_head(page, person),
        words=words.most_used(speeches, page.lang),
        speeches=len(speeches),
        first=min((speech["time"] for speech in speeches if speech.get("time")), default=""),
    )


@router.get("/members/{item}/activity", summary="What a member did, day by day", **OPEN)
def show_activity(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    # What the profile asks for too: whoever comes from there finds it answered.
    person = _person(record, item, "memberships,recent")
    recent = person["recent"]
    if item != person["slug"]:
        return moved(page, f"/members/{person['slug']}/activity")
    return page.show(
        "members/activity.html",
        **_head(page, person),
        days=careers.by_day(recent["bills"], recent["speeches"], recent["ballots"], _ACTS),
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
    (problem, found), (posts, following) = record.together(
        lambda: _look_up(record, code) if postcode.strip() else ("", representing.Found()),
        lambda: representing.ridings(record, area.strip(), cursor),
    )
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


def _look_up(record: RecordReader, code: str) -> tuple[str, representing.Found]:
    """Return what is wrong with a postal code (nothing: empty) and who represents it."""
    if not _POSTCODE.match(code):
        return "bad_postcode", representing.Found()
    try:
        found = representing.read(record.representatives(postal_code=code))
    except Invalid:
        return "bad_postcode", representing.Found()
    except NotFound:
        return "not_known", representing.Found()
    return ("" if found.people else "not_known"), found
