"""How members voted: ``/api/v1/ballots``, of one vote with ``?vote=``."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hubs.data_hub.database.dependencies import BallotingDep, TransactionsDep, WholeDep
from hubs.data_hub.database.router.whole import answer_whole
from hubs.data_hub.database.router.writing import FORMAT, answer_page
from hubs.data_hub.database.schemas import BallotQuery
from hubs.data_hub.database.service.asking import MAX_LIMIT, WHOLE, read_limit
from hubs.data_hub.database.service.balloting import BallotNames
from hubs.data_hub.database.service.formats import negotiate
from hubs.data_hub.database.service.reading import RecordPage
from shared.auth import Public
from shared.core.errors import Invalid

router = APIRouter(prefix="/api/v1", tags=["record"])
_NAME = Query(max_length=300, description="id, slug or key")
_LIMIT = "rows a page, 1 to 500; all: everything in one answer, as csv or ndjson"
_LIST = Query(max_length=500, description="several separated by commas")


@router.get("/ballots", summary="Ballots across votes", response_class=Response)
def list_ballots(
    request: Request,
    _: Public,
    service: BallotingDep,
    transactions: TransactionsDep,
    whole: WholeDep,
    person: Annotated[str, _NAME] = "",
    vote: Annotated[str, _NAME] = "",
    bill: Annotated[str, _NAME] = "",
    option: Annotated[str, _LIST] = "",
    party: Annotated[str, _LIST] = "",
    session: Annotated[str, Query(max_length=40)] = "",
    is_dissent: bool | None = None,
    date__gte: date | None = None,
    date__lte: date | None = None,
    sort: Annotated[str, Query(pattern="^-?date$")] = "-date",
    limit: Annotated[str | None, Query(max_length=9, description=_LIMIT)] = None,
    cursor: Annotated[str | None, Query(max_length=2_100)] = None,
    lang: Annotated[str, Query(pattern="^(en|fr)?$")] = "",
    total: bool = False,
    format: Annotated[str, FORMAT] = "",
) -> Response:
    """Answer a page of ballots; narrow it by person, vote, bill, party, option or dissent."""
    if date__gte and date__lte and date__gte > date__lte:
        raise Invalid("date__gte is after date__lte")
    chosen = negotiate(format, request.headers.get("accept", ""))
    query = BallotQuery(
        options=tuple(part for part in option.split(",") if part),
        parties=tuple(part for part in party.split(",") if part),
        is_dissent=is_dissent,
        date_from=date__gte,
        date_to=date__lte,
        session=session,
        limit=MAX_LIMIT if limit == WHOLE else read_limit(limit),
        cursor=cursor,
        is_descending=sort.startswith("-"),
    )
    names = BallotNames(person=person, vote=vote, bill=bill)
    page = service.list(names, query, lang, total=total)
    if limit != WHOLE:
        return answer_page(request, page, chosen, "ballots")

    def read_page(at: str) -> RecordPage:
        with transactions.balloting() as balloting:
            return balloting.list(names, replace(query, cursor=at), lang)

    return answer_whole(whole, page, read_page, chosen, "ballots", lang)
