"""Bills and recorded votes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.ux_hub.web.dependencies import OPEN, PageDep, PageRoute, ReaderDep, moved
from hubs.ux_hub.web.service import bills as bill_service
from hubs.ux_hub.web.service import hemicycle, votes
from hubs.ux_hub.web.service.record import RecordReader, Row
from shared.auth import Public
from shared.core.clock import utc_now

router = APIRouter(prefix="/{lang:lang}", route_class=PageRoute, tags=["pages"])
Cursor = Annotated[str, Query(max_length=1_000)]
_PER_PAGE = 25
_FLAGS = {"yes": "true", "no": "false"}


def _sessions(record: RecordReader, lang: str) -> list[tuple[str, str]]:
    rows = record.list("sessions", sort="-date", limit=30).rows
    return [(row["identifier"], row[f"name_{lang}"] or row["name_en"]) for row in rows]


@router.get("/bills", summary="Bills", **OPEN)
def list_bills(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    q: Annotated[str, Query(max_length=200)] = "",
    type: Annotated[str, Query(pattern="^(government|private)?$")] = "",
    chamber: Annotated[str, Query(pattern="^(house|senate)?$")] = "",
    law: Annotated[str, Query(pattern="^(yes|no)?$")] = "",
    session: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = "",
) -> Response:
    filters: dict[str, Any] = {"chamber": chamber, "session": session, "is_law": _FLAGS.get(law, "")}
    if type:
        filters["is_government" if type == "government" else "is_private_member"] = "true"
    filters |= _wording(q.strip(), page.lang)
    found, sessions = record.together(
        lambda: record.list("bills", limit=_PER_PAGE, cursor=cursor, **filters),
        lambda: _sessions(record, page.lang),
    )
    return page.show(
        "bills/list.html",
        keeps_query=("q", "type", "chamber", "law", "session", "cursor"),
        bills=[(bill, bill_service.progress(bill)) for bill in found.rows],
        sessions=sessions,
        chosen={"q": q, "type": type, "chamber": chamber, "law": law, "session": session},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


def _wording(text: str, lang: str) -> dict[str, str]:
    """Return the filter that a text means: a bill's number, else words of its title."""
    if not text:
        return {}
    number = text.upper().replace(" ", "")
    if number[:1] in "CS" and number[1:].lstrip("-").isdigit():
        return {"number": f"{number[0]}-{number[1:].lstrip('-')}"}
    return {f"title_{lang}__icontains": text}


@router.get("/bills/{item}", summary="A bill", **OPEN)
def show_bill(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    bill, speeches = record.together(
        lambda: record.get("bills", item, include="votes,texts"),
        lambda: record.list("speeches", bill=item, limit=10).rows,
    )
    if item != bill["slug"]:
        return moved(page, f"/bills/{bill['slug']}")
    chambers: dict[str, list[bill_service.Step]] = {}
    for step in bill_service.track(bill):
        chambers.setdefault(step.stage["chamber"], []).append(step)
    return page.show(
        "bills/detail.html",
        bill=bill,
        track=list(chambers.items()),
        progress=bill_service.progress(bill),
        text_count=len(bill_service.texts_in(bill, page.lang)),
        speeches=[speech for speech in speeches if speech.get("debate_id")],
        today=utc_now(),
    )


@router.get("/bills/{item}/compare", summary="What changed between two texts of a bill", **OPEN)
def compare_texts(
    page: PageDep,
    record: ReaderDep,
    item: str,
    _: Public,
    from_: Annotated[str, Query(alias="from", max_length=100)] = "",
    to: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    bill = record.get("bills", item, include="texts")
    texts = bill_service.texts_in(bill, page.lang) or bill_service.texts_in(bill, "en")
    known: dict[str, Row] = {text["version"]: text for text in texts}
    names = {v["identifier"]: v[f"name_{page.lang}"] or v["name_en"] for v in bill["versions"]}
    versions = list(known)
    older = from_ if from_ in known else (versions[0] if versions else "")
    newer = to if to in known else (versions[-1] if versions else "")
    passages = bill_service.compare(known[older]["text"], known[newer]["text"]) if older and newer else []
    return page.show(
        "bills/compare.html",
        keeps_query=("from", "to"),
        bill=bill,
        texts=[(version, names.get(version, version)) for version in versions],
        from_=older,
        to=newer,
        passages=passages,
    )


@router.get("/votes", summary="Recorded votes", **OPEN)
def list_votes(
    page: PageDep,
    record: ReaderDep,
    _: Public,
    bill: Annotated[str, Query(max_length=100)] = "",
    result: Annotated[str, Query(pattern="^(pass|fail)?$")] = "",
    session: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = "",
) -> Response:
    sessions = _sessions(record, page.lang)
    number = bill.strip().lower().replace(" ", "")
    slug = ""
    if number:
        # A bare number means the bill of the chosen session, else of the newest.
        place = session or (sessions[0][0] if sessions else "")
        slug = number if number.count("-") > 1 or not place else f"{place}-{number}"
    found = record.list(
        "votes", bill=slug, result=result, session=session, limit=_PER_PAGE, cursor=cursor, sort="-date"
    )
    return page.show(
        "votes/list.html",
        keeps_query=("bill", "result", "session", "cursor"),
        votes=found.rows,
        sessions=sessions,
        chosen={"bill": bill, "result": result, "session": session},
        cursor=found.cursor,
        has_cursor=bool(cursor),
        freshness=found.freshness,
    )


@router.get("/votes/{item}", summary="A recorded vote", **OPEN)
def show_vote(
    page: PageDep, record: ReaderDep, item: str, _: Public, party: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    vote = record.get("votes", item, include="ballots,bill")
    if item != vote["slug"]:
        return moved(page, f"/votes/{vote['slug']}")
    drawn = hemicycle.seats(vote["ballots"])
    return page.show(
        "votes/detail.html",
        keeps_query=("party",),
        vote=vote,
        bill_number=(vote.get("bill") or {}).get("number", ""),
        breakdown=votes.break_down(vote, party),
        party=party,
        seats=drawn,
        rest=sum(seat.option not in ("yes", "no") for seat in drawn),
        today=utc_now(),
    )


@router.get("/widgets", summary="How to embed a vote or a bill", **OPEN)
def show_widgets(
    page: PageDep,
    _: Public,
    kind: Annotated[str, Query(pattern="^(vote|bill)?$")] = "vote",
    item: Annotated[str, Query(max_length=120, pattern=r"^[A-Za-z0-9._-]*$")] = "",
) -> Response:
    return page.show("widgets/guide.html", keeps_query=("kind", "item"), kind=kind or "vote", item=item)


@router.get("/widgets/vote/{item}", summary="A vote to embed", **OPEN)
def show_vote_widget(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    vote = record.get("votes", item, include="ballots")
    drawn = hemicycle.seats(vote["ballots"])
    return page.show_widget(
        "widgets/frame.html",
        vote=vote,
        bill=None,
        heading=page.t("kind.vote"),
        seats=drawn,
        rest=sum(seat.option not in ("yes", "no") for seat in drawn),
        full=f"/{page.lang}/votes/{vote['slug']}",
    )


@router.get("/widgets/bill/{item}", summary="A bill to embed", **OPEN)
def show_bill_widget(page: PageDep, record: ReaderDep, item: str, _: Public) -> Response:
    bill = record.get("bills", item, include="")
    return page.show_widget(
        "widgets/frame.html",
        vote=None,
        bill=bill,
        heading=bill["number"],
        progress=bill_service.progress(bill),
        full=f"/{page.lang}/bills/{bill['slug']}",
    )
