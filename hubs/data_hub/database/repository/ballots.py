"""Reading ballots across votes: how a member, a party or everybody voted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Ballot, table_of
from hubs.data_hub.database.repository.reading import one_of
from hubs.data_hub.database.repository.statements import among
from hubs.data_hub.database.schemas import BallotQuery
from shared.db.cursor import CursorCodec
from shared.db.paginate import Slice, paginate

_SHOWN = ("position", "date", "person_key", "name", "option", "party", "constituency", "is_dissent")


class BallotRepository:
    """Queries on ballots joined with the votes they were cast in."""

    def __init__(self, session: Session, codec: CursorCodec) -> None:
        self._session = session
        self._codec = codec

    def page(self, query: BallotQuery) -> Slice[Any]:
        """Return one page of ballots, newest first unless told otherwise.

        Raises: InvalidCursor.
        """
        keys = _order(query)
        order = [key.desc() for key in keys] if query.is_descending else keys
        statement = self._narrowed(query, select(*_columns())).order_by(*order)
        found = paginate(self._session, statement, codec=self._codec, limit=query.limit, cursor=query.cursor)
        names = [column.name for column in _columns()]
        return Slice([dict(zip(names, row, strict=True)) for row in found.items], found.next_cursor)

    def latest(self, person_keys: Collection[str], limit: int) -> list[dict[str, Any]]:
        """Return the newest ballots of a member, in the order of a page."""
        result = self._session.execute(_latest(), {"persons": sorted(person_keys), "most": limit})
        names = tuple(result.keys())
        return [dict(zip(names, row, strict=True)) for row in result.all()]

    def window(self, query: BallotQuery, offset: int) -> list[Any]:
        """Return ballots after an offset: for interfaces that page so; it reads what it skips."""
        *votes, position = _order(query)
        statement = self._narrowed(query, select(*_columns()))
        ordered = statement.order_by(*(key.desc() for key in votes), position)
        rows = self._session.execute(ordered.limit(query.limit).offset(offset))
        names = [column.name for column in _columns()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def count(self, query: BallotQuery) -> int:
        """Return the exact number of ballots of a listing."""
        return int(self._session.execute(self._narrowed(query, select(func.count()))).scalar_one())

    def _narrowed(self, query: BallotQuery, statement: Select[Any]) -> Select[Any]:
        ballot, vote = Ballot.__table__, table_of("vote_event")
        clauses: list[ColumnElement[bool]] = [vote.c.deleted_at.is_(None)]
        lists: tuple[tuple[Any, Collection[str] | None], ...] = (
            (ballot.c.person_key, query.person_keys),
            (vote.c.key, query.vote_keys),
            (vote.c.bill_key, query.bill_keys),
            (ballot.c.option, query.options or None),
            (ballot.c.party, query.parties or None),
            (vote.c.session, (query.session,) if query.session else None),
        )
        clauses += [one_of(column, values) for column, values in lists if values is not None]
        if query.is_dissent is not None:
            clauses.append(ballot.c.is_dissent == query.is_dissent)
        if query.date_from:
            clauses.append(ballot.c.date >= query.date_from)
        if query.date_to:
            clauses.append(ballot.c.date <= query.date_to)
        return statement.select_from(ballot.join(vote, vote.c.id == ballot.c.vote_id)).where(*clauses)


def _order(query: BallotQuery) -> list[Any]:
    """Return the columns by which a listing is ordered: day, vote, place in it.

    Both tables have the day. A person's ballots have an index in their own order; for all others the votes
    are walked in theirs, each with its ballots: or half a million ballots would be sorted for every page.
    """
    ballot, vote = Ballot.__table__, table_of("vote_event")
    if query.person_keys is not None:
        return [ballot.c.date, ballot.c.vote_id, ballot.c.position]
    return [vote.c.sort_date, vote.c.id, ballot.c.position]


@cache
def _latest() -> Select[Any]:
    ballot, vote = Ballot.__table__, table_of("vote_event")
    return (
        select(*_columns())
        .select_from(ballot.join(vote, vote.c.id == ballot.c.vote_id))
        .where(vote.c.deleted_at.is_(None), among(ballot.c.person_key, "persons"))
        .order_by(ballot.c.date.desc(), ballot.c.vote_id.desc(), ballot.c.position.desc())
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _columns() -> list[Any]:
    ballot, vote = Ballot.__table__, table_of("vote_event")
    return [
        *(ballot.c[name] for name in _SHOWN),
        ballot.c.vote_id,
        vote.c.slug.label("vote_slug"),
        vote.c.title_en.label("vote_title_en"),
        vote.c.title_fr.label("vote_title_fr"),
        vote.c.session,
        vote.c.number,
        vote.c.result,
        vote.c.jurisdiction,
        vote.c.bill_key,
        vote.c.yes_count,
        vote.c.no_count,
    ]


def as_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a ballot as the API shows it: the member's part, then the vote."""
    record = {name: row[name] for name in _SHOWN if name != "position"}
    record["vote_id"] = row["vote_id"]
    record["vote_url"] = f"/api/v1/votes/{row['vote_id']}"
    record["vote"] = {
        "slug": row["vote_slug"],
        "session": row["session"],
        "number": row["number"],
        "title_en": row["vote_title_en"],
        "title_fr": row["vote_title_fr"],
        "result": row["result"],
        "yes_count": row["yes_count"],
        "no_count": row["no_count"],
        "bill_key": row["bill_key"],
    }
    return record
