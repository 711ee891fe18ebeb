"""Pictures for sites that show our pages: ``/{lang}/cards/{area}/{item}.png``."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, Page, PageDep, PageRoute, ReaderDep
from hubs.ux_hub.web.service import cards, hemicycle, language, people
from hubs.ux_hub.web.service.answering import answer
from hubs.ux_hub.web.service.hemicycle import Seat
from hubs.ux_hub.web.service.record import Row
from shared.auth import Public
from shared.core.clock import utc_now

router = APIRouter(prefix="/{lang:lang}/cards", route_class=PageRoute, tags=["pages"])
_KEPT = "public, max-age=3600"


def _half(page: Page, row: Row, name: str) -> str:
    return str(row.get(f"{name}_{page.lang}") or row.get(f"{name}_{language.other(page.lang)}") or "")


def _card(page: Page, title: str, below: str, seats: Sequence[Seat] = ()) -> Response:
    mark = f"{page.t('site.name')} · {page.t('site.tagline')}"
    picture = cards.draw(title, below, mark, seats)
    return answer(page.request, picture, media_type="image/png", cache_control=_KEPT, is_embeddable=True)


@router.get("/bills/{item}.png", summary="A bill's card", **OPEN)
def draw_bill(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    bill = record.get("bills", item)
    title = _half(page, bill, "short_title") or _half(page, bill, "title")
    return _card(page, f"{bill['number']} {title}", _half(page, bill, "status"))


@router.get("/votes/{item}.png", summary="A vote's card, with its seats", **OPEN)
def draw_vote(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    vote = record.get("votes", item, include="ballots")
    title = _half(page, vote, "subject") or page.t("votes.number", number=vote.get("number") or "")
    result = page.renderer.catalogue.find(page.lang, f"result.{vote['result']}", str(vote["result"]))
    tally = page.t("votes.tally", yes=vote["yes_count"], no=vote["no_count"])
    below = f"{result}: {tally}. {language.day(vote.get('date'), page.lang)}"
    return _card(page, title, below, hemicycle.seats(vote["ballots"]))


@router.get("/members/{item}.png", summary="A member's card", **OPEN)
def draw_member(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    person = record.get("people", item, include="memberships")
    seat = people.seat_of(person, utc_now().date()) or {}
    party = str(seat.get("party") or "")
    party = page.renderer.catalogue.find(page.lang, f"party.{party.replace(' ', '_')}", party)
    below = ", ".join(part for part in (_half(page, seat, "role"), seat.get("area"), party) if part)
    return _card(page, person["name"], below)


@router.get("/debates/{item}.png", summary="A debate's card", **OPEN)
def draw_debate(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    debate = record.get("debates", item)
    title = _half(page, debate, "title") or page.t("debates.sitting")
    return _card(page, title, language.day(debate["date"], page.lang))


@router.get("/meetings/{item}.png", summary="A meeting's card", **OPEN)
def draw_meeting(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    event = record.get("events", item)
    when = language.moment(event.get("starts_at"), page.lang) or language.day(event["start_date"], page.lang)
    below = ". ".join(part for part in (event.get("body_name"), when) if part)
    return _card(page, _half(page, event, "name"), below)


@router.get("/bodies/{item}.png", summary="A committee's or council's card", **OPEN)
def draw_body(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    body = record.get("organizations", item)
    return _card(page, _half(page, body, "name"), str(body.get("abbreviation") or ""))
