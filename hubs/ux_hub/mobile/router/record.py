"""The record for phones: bills, members and search below ``/api/mobile/v1``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from hubs.ux_hub.mobile.dependencies import MobileServiceDep
from hubs.ux_hub.mobile.schemas import Cards, SearchForm
from hubs.ux_hub.web.dependencies import CurrentReaderDep
from shared.auth import Public

router = APIRouter(prefix="/api/mobile/v1", tags=["mobile"])
Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[str, Query(max_length=2_000)]
Item = Annotated[str, Path(max_length=300)]
Language = Annotated[Literal["en", "fr"], Query()]


@router.get("/bills", summary="Bills, the latest activity first")
def list_bills(
    service: MobileServiceDep,
    _: Public,
    session: Annotated[str, Query(max_length=20)] = "",
    limit: Limit = 20,
    cursor: Cursor = "",
) -> Cards:
    return service.list("bills", session=session, limit=limit, cursor=cursor)


@router.get("/bills/{item}", summary="A bill with its votes")
def get_bill(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return dict(service.get("bills", item, "votes"))


@router.get("/bills/{item}/votes", summary="The recorded votes on a bill")
def list_bill_votes(service: MobileServiceDep, _: Public, item: Item) -> Cards:
    return service.votes_on(item)


@router.get("/bills/{item}/timeline", summary="What happened to a bill, the oldest first")
def list_timeline(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return {"data": service.timeline(item)}


@router.get("/bills/{item}/amendments", summary="Paragraphs added and removed from each text to the next")
def list_amendments(
    service: MobileServiceDep, _: Public, item: Item, lang: Language = "en"
) -> dict[str, Any]:
    return {"data": service.amendments(item, lang)}


@router.get("/members", summary="Members, by name")
def list_members(
    service: MobileServiceDep,
    _: Public,
    party: Annotated[str, Query(max_length=100)] = "",
    province: Annotated[str, Query(max_length=100)] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Cards:
    return service.list(
        "people", include="memberships", current="true", party=party, province=province, limit=limit,
        cursor=cursor,
    )  # fmt: skip


@router.get("/members/parties/list", summary="Parties")
def list_parties(service: MobileServiceDep, _: Public) -> dict[str, Any]:
    return {"data": service.parties()}


@router.get("/members/provinces/list", summary="Provinces and territories")
def list_provinces(service: MobileServiceDep, _: Public) -> dict[str, Any]:
    return {"data": service.provinces()}


@router.get("/members/{item}", summary="A member")
def get_member(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return dict(service.get("people", item, "memberships"))


@router.get("/members/{item}/voting-record", summary="How a member voted, the newest first")
def list_ballots(
    record: CurrentReaderDep, _: Public, item: Item, limit: Limit = 50, cursor: Cursor = ""
) -> dict[str, Any]:
    found = record.list("ballots", person=item, limit=limit, cursor=cursor)
    return {"data": found.rows, "cursor": found.cursor}


@router.get("/members/{item}/bills", summary="Bills that a member sponsored")
def list_member_bills(
    service: MobileServiceDep, _: Public, item: Item, limit: Limit = 20, cursor: Cursor = ""
) -> Cards:
    return service.list("bills", sponsor=item, limit=limit, cursor=cursor)


@router.get("/members/{item}/committees", summary="Committees on which a member sits")
def list_member_committees(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    return {"data": service.committees_of(item)}


@router.get("/members/{item}/contact", summary="How to reach a member")
def list_contacts(service: MobileServiceDep, _: Public, item: Item) -> dict[str, Any]:
    person = service.get("people", item, "")
    return {"data": person["contacts"], "links": person["links"]}


@router.get("/search", summary="Search")
def search(
    record: CurrentReaderDep,
    _: Public,
    q: Annotated[str, Query(min_length=1, max_length=300)],
    lang: Language = "en",
    limit: Limit = 20,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> dict[str, Any]:
    return dict(record.search(q=q, lang=lang, limit=limit, offset=offset or None))


@router.post("/search/advanced", summary="Search with filters")
def search_more(record: CurrentReaderDep, _: Public, form: SearchForm) -> dict[str, Any]:
    return dict(record.search(**form.model_dump(mode="json", exclude_none=True)))


@router.get("/search/suggestions", summary="Titles and names that begin so")
def suggest(
    record: CurrentReaderDep,
    _: Public,
    q: Annotated[str, Query(min_length=1, max_length=100)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> dict[str, Any]:
    return dict(record.suggestions(q, limit))


@router.get("/search/trending", summary="What is searched for most")
def list_trending(record: CurrentReaderDep, _: Public, lang: Language = "en") -> dict[str, Any]:
    return dict(record.trending(lang))


@router.get("/search/filters", summary="What a search can be narrowed by")
def list_filters(service: MobileServiceDep, _: Public) -> dict[str, Any]:
    return service.filters()
