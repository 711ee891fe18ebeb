"""Feeds and calendars without an account: ``/{lang}/feeds/...``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, Page, PageDep, PageRoute, ReaderDep
from hubs.ux_hub.web.errors import PageNotFound
from hubs.ux_hub.web.service import careers, feeding
from hubs.ux_hub.web.service.answering import answer
from hubs.ux_hub.web.service.feeding import Entry, moment_of
from hubs.ux_hub.web.service.places import page_of, page_of_hit
from hubs.ux_hub.web.service.record import RecordReader, Row
from shared.auth import Public

router = APIRouter(prefix="/{lang:lang}/feeds", route_class=PageRoute, tags=["pages"])
_MOST = 40
_KEPT = "public, max-age=300"


def _half(page: Page, row: Row, name: str) -> str:
    other = "fr" if page.lang == "en" else "en"
    return str(row.get(f"{name}_{page.lang}") or row.get(f"{name}_{other}") or "")


def _atom(page: Page, title: str, shown: str, entries: Iterable[Entry]) -> Response:
    base = page.renderer.base_url
    text = feeding.atom(
        f"{title} – {page.t('site.name')}", f"{base}{page.request.url.path}", f"{base}{shown}", entries,
        page.lang,
    )  # fmt: skip
    return answer(page.request, text, media_type=feeding.ATOM, cache_control=_KEPT)


def _calendar(page: Page, title: str, events: Iterable[Row]) -> Response:
    pages = f"{page.renderer.base_url}/{page.lang}/meetings"
    text = feeding.calendar(f"{title} – {page.t('site.name')}", list(events), pages, page.lang)
    return answer(page.request, text, media_type=feeding.ICALENDAR, cache_control=_KEPT)


def _entry(page: Page, title: str, shown: str, when: object, text: str = "") -> Entry:
    return Entry(title, page.renderer.base_url + shown, moment_of(when), text)


def _vote(page: Page, row: Row) -> Entry:
    title = _half(page, row, "subject") or _half(page, row, "title")
    title = title or page.t("votes.number", number=row.get("number") or "")
    result = page.renderer.catalogue.find(page.lang, f"result.{row['result']}", str(row["result"]))
    tally = page.t("votes.tally", yes=row["yes_count"], no=row["no_count"])
    when = row.get("occurred_at") or row.get("date")
    return _entry(page, title, f"/{page.lang}/votes/{row['slug']}", when, f"{result}: {tally}")


def _meeting(page: Page, row: Row) -> Entry:
    shown = f"/{page.lang}/meetings/{row['slug']}"
    return _entry(page, _half(page, row, "name"), shown, row.get("starts_at") or row["start_date"])


def _debate(page: Page, row: Row) -> Entry:
    title = _half(page, row, "title") or page.t("debates.sitting")
    return _entry(page, title, f"/{page.lang}/debates/{row['slug']}", row["date"])


@router.get("/bills.atom", summary="Bills that moved", **OPEN)
def feed_bills(page: PageDep, record: ReaderDep, _: Public) -> Response:
    rows = record.list("bills", limit=_MOST).rows
    entries = [
        _entry(
            page,
            f"{row['number']} {_half(page, row, 'short_title') or _half(page, row, 'title')}",
            f"/{page.lang}/bills/{row['slug']}",
            row.get("latest_activity_on") or row.get("introduced_on"),
            _half(page, row, "latest_activity") or _half(page, row, "status"),
        )
        for row in rows
    ]
    return _atom(page, page.t("bills.title"), f"/{page.lang}/bills", entries)


@router.get("/votes.atom", summary="Latest votes", **OPEN)
def feed_votes(page: PageDep, record: ReaderDep, _: Public) -> Response:
    rows = record.list("votes", limit=_MOST, sort="-date").rows
    return _atom(page, page.t("votes.title"), f"/{page.lang}/votes", [_vote(page, row) for row in rows])


@router.get("/debates.atom", summary="Latest debates", **OPEN)
def feed_debates(page: PageDep, record: ReaderDep, _: Public) -> Response:
    rows = record.list("debates", limit=_MOST).rows
    return _atom(page, page.t("debates.title"), f"/{page.lang}/debates", [_debate(page, r) for r in rows])


@router.get("/changes.atom", summary="What changed in the record", **OPEN)
def feed_changes(page: PageDep, record: ReaderDep, _: Public) -> Response:
    last = int(record.changes(after="now", limit=1)["meta"]["position"])
    rows = record.changes(after=max(0, last - _MOST), limit=_MOST)["data"] if last else []
    shown = f"/{page.lang}/changes"
    entries = [_change(page, row, shown) for row in rows]
    return _atom(page, page.t("changes.title"), shown, entries)


def _change(page: Page, row: Row, otherwise: str) -> Entry:
    how = page.renderer.catalogue.find(page.lang, f"change.{row['change']}", row["change"])
    own = page_of(row["type"], row["id"], page.lang) if row["change"] != "delete" else ""
    title = f"{how}: {_half(page, row, 'title') or row['key']}"
    shown = page.renderer.base_url + (own or otherwise)
    return Entry(title, shown, moment_of(row["changed_at"]), mark=str(row["seq"]))


@router.get("/search.atom", summary="The newest hits of a search", **OPEN)
def feed_search(
    page: PageDep, record: ReaderDep, _: Public, q: Annotated[str, Query(min_length=1, max_length=300)]
) -> Response:
    found: Any = record.search(q=q, lang=page.lang, sort="-date", limit=_MOST)
    shown = f"/{page.lang}/search"
    entries = [
        _entry(page, _half(page, hit, "title"), page_of_hit(hit, page.lang) or shown, hit.get("date"))
        for hit in found["data"]
    ]
    return _atom(page, page.t("search.title_for", query=q), shown, entries)


@router.get("/meetings.ics", summary="Meetings to come and of late", **OPEN)
def meetings_calendar(page: PageDep, record: ReaderDep, _: Public) -> Response:
    return _calendar(page, page.t("meetings.title"), record.list("events", limit=200).rows)


@router.get("/meetings/{item}.ics", summary="One meeting, for a calendar", **OPEN)
def meeting_calendar(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    event = record.get("events", item)
    return _calendar(page, _half(page, event, "name"), [event])


@router.get("/bills/{item}.atom", summary="What happens to a bill", **OPEN)
def feed_bill(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    bill = record.get("bills", item, include="votes")
    shown = f"/{page.lang}/bills/{bill['slug']}"
    acts = [
        _entry(page, _half(page, act, "description"), shown, act.get("date"))
        for act in bill.get("actions") or ()
    ]
    reached = [
        _entry(page, _half(page, stage, "name"), shown, stage["date"])
        for stage in bill.get("stages") or ()
        if stage.get("date")
    ]
    title = f"{bill['number']} {_half(page, bill, 'short_title') or _half(page, bill, 'title')}"
    return _atom(page, title, shown, [*(acts or reached), *(_vote(page, vote) for vote in bill["votes"])])


@router.get("/members/{item}.atom", summary="What a member does", **OPEN)
def feed_member(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person, bills, speeches, ballots = record.together(
        lambda: record.get("people", item),
        lambda: record.list("bills", sponsor=item, limit=_MOST).rows,
        lambda: record.list("speeches", person=item, limit=_MOST).rows,
        lambda: record.list("ballots", person=item, limit=_MOST).rows,
    )
    entries = [
        _act(page, act) for _day, acts in careers.by_day(bills, speeches, ballots, _MOST) for act in acts
    ]
    return _atom(page, person["name"], f"/{page.lang}/members/{person['slug']}/activity", entries)


def _act(page: Page, act: careers.Act) -> Entry:
    row = act.row
    if act.kind == "ballot":
        vote = row["vote"]
        option = page.renderer.catalogue.find(page.lang, f"option.{row['option']}", row["option"])
        title = _half(page, vote, "title") or page.t("votes.number", number=vote.get("number") or "")
        return _entry(page, f"{option}: {title}", f"/{page.lang}/votes/{vote['slug']}", act.day)
    if act.kind == "bill":
        title = f"{page.t('members.introduced')}: {row['number']} {_half(page, row, 'title')}"
        return _entry(page, title, f"/{page.lang}/bills/{row['slug']}", act.day)
    title = _half(page, row, "h2") or _half(page, row, "h1") or page.t("debates.sitting")
    shown = f"/{page.lang}/debates/{row['debate_id']}?speech={row['sequence']}#s{row['sequence']}"
    return _entry(page, f"{page.t('members.spoke')}: {title}", shown, row["time"])


def _body(record: RecordReader, item: str) -> tuple[Row, list[Row], list[Row]]:
    body, events, debates = record.together(
        lambda: record.get("organizations", item),
        lambda: record.list("events", organization=item, limit=100).rows,
        lambda: record.list("debates", organization=item, limit=_MOST).rows,
    )
    return body, events, debates


@router.get("/{area}/{item}.{form}", summary="A committee's or council's meetings and evidence", **OPEN)
def feed_body(page: PageDep, record: ReaderDep, area: str, item: str, form: str, _: Public) -> Response:
    if area not in ("committees", "councils") or form not in ("atom", "ics"):
        raise PageNotFound("there is no such feed")
    body, events, debates = _body(record, item)
    if form == "ics":
        return _calendar(page, _half(page, body, "name"), events)
    entries = [*(_meeting(page, row) for row in events[:_MOST]), *(_debate(page, row) for row in debates)]
    return _atom(page, _half(page, body, "name"), f"/{page.lang}/{area}/{body['slug']}", entries)
