"""``/compat/openparliament``: the interface of api.openparliament.ca, for the federal record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from hubs.data_hub.compat.dependencies import OpenParliamentDep
from hubs.data_hub.compat.router.answering import answer, answer_without_slash_too, path_below
from hubs.data_hub.compat.schemas import Asked, Window, read_filters, read_window
from hubs.data_hub.compat.service import openparliament as facade_of
from hubs.data_hub.compat.service import parliament_shapes as shapes
from hubs.data_hub.compat.service.openparliament import OpenParliamentFacade
from hubs.data_hub.database.schemas import BallotQuery, Condition, ListQuery
from hubs.data_hub.database.service.balloting import BallotNames
from shared.auth import Public
from shared.core.errors import BadRequest, NotAcceptable

PREFIX = "/compat/openparliament"
router = APIRouter(prefix=PREFIX, tags=["compat"])
_OPEN: dict[str, Any] = {"x-open-query": True}
_DEFAULT, _MOST = 20, 500


def _answer(request: Request, body: Any) -> Response:
    if request.query_params.get("format", "json") not in ("json", "apibrowser", ""):
        raise NotAcceptable("this is served as JSON")
    return answer(request, body, {"API-Version": "v1"})


def _window(request: Request) -> Window:
    return read_window(request.query_params, _DEFAULT, _MOST)


def _page(request: Request, window: Window, objects: Sequence[Any], *, more: bool) -> Response:
    path = path_below(request, PREFIX)
    return _answer(request, shapes.page(path, request.query_params.multi_items(), window, objects, more=more))


def _filters(request: Request, table: dict[str, Any]) -> list[Asked]:
    return read_filters(request.query_params.multi_items(), table)


@router.get("/politicians/", openapi_extra=_OPEN, summary="Members who sit, former ones, or all")
def list_politicians(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer members of Parliament."""
    window = _window(request)
    filters = _filters(request, facade_of.POLITICIAN_FILTERS)
    found, more = facade.politicians(window, filters, request.query_params.get("include", ""))
    return _page(request, window, found, more=more)


@router.get("/politicians/memberships/", openapi_extra=_OPEN, summary="Seats of members")
def list_memberships(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer seats in the House, the newest first, of a member where one is named."""
    window = _window(request)
    named = facade_of.name_in(request.query_params.get("politician", ""))
    query = ListQuery(
        conditions=(
            facade_of.OF_THE_HOUSE,
            Condition("area", "isnull", False, "text"),
            *((Condition("person_key", "exact", named, "relation"),) if named else ()),
        ),
        sort="sort_date",
        is_descending=True,
        limit=window.limit,
        includes=("person",),
    )
    rows, more = facade.list("memberships", query, window.offset)
    return _page(request, window, [_membership(row) for row in rows], more=more)


def _membership(row: Any) -> Any:
    slug = row["person"]["slug"] if row["person"] else None
    return shapes.membership(row) | {"politician_url": shapes.politician_url(slug) if slug else None}


@router.get("/politicians/memberships/{item}/", openapi_extra=_OPEN, summary="One seat of a member")
def get_membership(request: Request, item: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer a seat with the member who held it."""
    return _answer(request, _membership(facade.get("memberships", item, ("person",))))


@router.get("/politicians/{slug}/", openapi_extra=_OPEN, summary="One member")
def get_politician(request: Request, slug: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer a member with seats and contacts."""
    return _answer(request, shapes.politician_detail(facade.get("people", slug, ("memberships",))))


@router.get("/bills/", openapi_extra=_OPEN, summary="Bills")
def list_bills(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer bills, newest introduced first."""
    return _bills(request, facade, ())


@router.get("/bills/{session}/", openapi_extra=_OPEN, summary="Bills of a session")
def list_bills_of(request: Request, session: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer the bills of one session."""
    return _bills(request, facade, (Condition("session", "exact", session, "text"),))


def _bills(
    request: Request, facade: OpenParliamentFacade, more_conditions: tuple[Condition, ...]
) -> Response:
    window = _window(request)
    filters = _filters(request, facade_of.BILL_FILTERS)
    legisinfo = request.query_params.get("legisinfo_id", "")
    query = ListQuery(
        conditions=(*facade.conditions(filters, facade_of.BILL_FILTERS), *more_conditions),
        sort="sort_date",
        is_descending=True,
        limit=window.limit,
        identifiers=(f"legisinfo:{legisinfo}",) if legisinfo else (),
    )
    rows, more = facade.list("bills", query, window.offset)
    return _page(request, window, [shapes.bill(row) for row in rows], more=more)


@router.get("/bills/{session}/{number}/", openapi_extra=_OPEN, summary="One bill")
def get_bill(request: Request, session: str, number: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer a bill with its status, sponsor and votes."""
    row = facade.get("bills", f"{session}-{number.lower()}", ("votes",))
    sponsor = next((s["person_id"] for s in row["sponsors"] if s.get("person_id")), None)
    slugs = facade.slugs("person", [sponsor])
    seat = facade.seats([sponsor]).url(sponsor, row["introduced_on"])
    return _answer(request, shapes.bill_detail(row, slugs.get(sponsor), seat))


@router.get("/votes/ballots/", openapi_extra=_OPEN, summary="How members voted")
def list_ballots(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer ballots, of a vote or a member where one is named."""
    window, params = _window(request), request.query_params
    if window.offset > 50_000:
        raise BadRequest("offset: at most 50000; narrow the list by vote or politician")
    names = BallotNames(
        person=facade_of.name_in(params.get("politician", "")), vote=facade_of.name_in(params.get("vote", ""))
    )
    said = params.get("ballot", "")
    options = tuple(option for option, word in shapes.BALLOTS.items() if word == said)
    dissent = params.get("dissent", "")
    query = BallotQuery(
        options=options or (("absent", "abstain", "not voting") if said else ()),
        is_dissent=dissent.lower() in ("true", "1") if dissent else None,
        limit=window.limit,
    )
    rows, more = facade.ballots.window(names, query, window.offset)
    people = {row["person_id"] for row in rows}
    slugs, seats = facade.slugs("person", people), facade.seats(people)
    objects = [
        shapes.ballot(r, slugs.get(r["person_id"]), seats.url(r["person_id"], r["date"])) for r in rows
    ]
    return _page(request, window, objects, more=more)


@router.get("/votes/", openapi_extra=_OPEN, summary="Recorded votes")
def list_votes(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer recorded votes, newest first."""
    window = _window(request)
    query = ListQuery(
        conditions=(
            *facade.conditions(_filters(request, facade_of.VOTE_FILTERS), facade_of.VOTE_FILTERS),
            facade_of.OF_THE_HOUSE,
        ),
        sort="sort_name",
        is_descending=True,
        limit=window.limit,
    )
    rows, more = facade.list("votes", query, window.offset)
    return _page(request, window, [shapes.vote(row) for row in rows], more=more)


@router.get("/votes/{session}/{number}/", openapi_extra=_OPEN, summary="One recorded vote")
def get_vote(request: Request, session: str, number: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer a vote with how the parties voted."""
    return _answer(request, shapes.vote_detail(facade.get("votes", f"{session}-{number}")))


@router.get("/debates/", openapi_extra=_OPEN, summary="Sittings")
def list_debates(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer sittings of the House, newest first."""
    window = _window(request)
    conditions = facade.conditions(_filters(request, facade_of.DEBATE_FILTERS), facade_of.DEBATE_FILTERS)
    query = ListQuery(
        conditions=(
            *conditions,
            Condition("document_type", "exact", "debate", "text"),
            facade_of.OF_THE_HOUSE,
        ),
        sort="sort_date",
        is_descending=True,
        limit=window.limit,
    )
    rows, more = facade.list("debates", query, window.offset)
    return _page(request, window, [shapes.debate(row) for row in rows], more=more)


@router.get("/debates/{year}/{month}/{day}/", openapi_extra=_OPEN, summary="One sitting")
def get_debate(
    request: Request, year: int, month: int, day: int, _: Public, facade: OpenParliamentDep
) -> Response:
    """Answer a sitting by its day."""
    return _answer(request, shapes.debate_detail(facade.sitting(facade_of.day_of(year, month, day))))


@router.get("/debates/{year}/{month}/{day}/{anchor}/", openapi_extra=_OPEN, summary="One speech")
def get_speech(
    request: Request, year: int, month: int, day: int, anchor: str, _: Public, facade: OpenParliamentDep
) -> Response:
    """Answer a speech by the day and its name within the debate."""
    sitting = facade.sitting(facade_of.day_of(year, month, day))
    row = facade.get("speeches", facade_of.speech_slug(sitting["key"], anchor), ("debate",))
    return _answer(request, facade.speeches([row])[0])


@router.get("/speeches/", openapi_extra=_OPEN, summary="Speeches")
def list_speeches(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer speeches of a debate in their order, or else the newest first."""
    window, params = _window(request), request.query_params
    conditions = facade.conditions(_filters(request, facade_of.SPEECH_FILTERS), facade_of.SPEECH_FILTERS)
    in_order = False
    if params.get("document"):
        debate = facade.document(params["document"])
        conditions = (*conditions, Condition("debate_key", "exact", debate["key"], "relation"))
        in_order = True
    if named := facade_of.name_in(params.get("mentioned_politician", "")):
        conditions = (*conditions, *facade.mentions(named))
    query = ListQuery(
        conditions=conditions,
        sort="sort_name" if in_order else "sort_date",
        is_descending=not in_order,
        limit=window.limit,
        includes=("debate",),
    )
    rows, more = facade.list("speeches", query, window.offset)
    return _page(request, window, facade.speeches(rows), more=more)


@router.get("/committees/", openapi_extra=_OPEN, summary="Committees")
def list_committees(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer committees by name."""
    window = _window(request)
    table: dict[str, Any] = {"session": ("session", "text")}
    query = ListQuery(
        conditions=facade.conditions(_filters(request, table), table), sort="sort_name", limit=window.limit
    )
    rows, more = facade.list("committees", query, window.offset)
    return _page(request, window, [shapes.committee(row) for row in rows], more=more)


@router.get("/committees/meetings/", openapi_extra=_OPEN, summary="Meetings of committees")
def list_meetings(request: Request, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer meetings, newest first."""
    window = _window(request)
    conditions = facade.conditions(_filters(request, facade_of.MEETING_FILTERS), facade_of.MEETING_FILTERS)
    named = facade_of.name_in(request.query_params.get("committee", ""))
    if named:
        body = facade.committee(named)
        conditions = (*conditions, Condition("organization_key", "exact", body["key"], "relation"))
    query = ListQuery(
        conditions=conditions,
        sort="sort_date",
        is_descending=True,
        limit=window.limit,
        includes=("organization",),
    )
    rows, more = facade.list("events", query, window.offset)
    objects = [shapes.meeting(r, r["organization"]["slug"] if r["organization"] else None) for r in rows]
    return _page(request, window, objects, more=more)


@router.get("/committees/{slug}/", openapi_extra=_OPEN, summary="One committee")
def get_committee(request: Request, slug: str, _: Public, facade: OpenParliamentDep) -> Response:
    """Answer a committee by slug, acronym or name."""
    return _answer(request, shapes.committee_detail(facade.committee(slug)))


@router.get("/committees/{slug}/{session}/", openapi_extra=_OPEN, summary="One committee in a session")
def get_committee_of(
    request: Request, slug: str, session: str, _: Public, facade: OpenParliamentDep
) -> Response:
    """Answer a committee as it was in a session."""
    return _answer(request, shapes.committee_detail(facade.committee(slug, session)))


@router.get("/committees/{slug}/{session}/{number}/", openapi_extra=_OPEN, summary="One meeting")
def get_meeting(
    request: Request, slug: str, session: str, number: str, _: Public, facade: OpenParliamentDep
) -> Response:
    """Answer a meeting of a committee."""
    row = facade.meeting(slug, session, number)
    body = row["organization"]
    said = facade.evidence(body, session, number)
    return _answer(request, shapes.meeting_detail(row, body["slug"], has_evidence=said is not None))


@router.get(
    "/committees/{slug}/{session}/{number}/{anchor}/", openapi_extra=_OPEN, summary="One speech at a meeting"
)
def get_evidence(
    request: Request, slug: str, session: str, number: str, anchor: str, _: Public, facade: OpenParliamentDep
) -> Response:
    """Answer a speech at a meeting of a committee."""
    debate = facade.document(f"/committees/{slug}/{session}/{number}/")
    row = facade.get("speeches", facade_of.speech_slug(debate["key"], anchor), ("debate",))
    return _answer(request, facade.speeches([row])[0])


answer_without_slash_too(router)
