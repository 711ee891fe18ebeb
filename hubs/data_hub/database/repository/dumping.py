"""Reading whole tables in batches."""

from __future__ import annotations

from collections.abc import Collection as Group
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session

from hubs.data_hub.database.models import Ballot, table_of
from hubs.data_hub.database.repository.statements import SHOWN
from hubs.data_hub.database.schemas import Collection

Row = Mapping[str, Any]


class DumpingRepository:
    """Queries of one long read transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def scan(self, collection: Collection, after: UUID | None, limit: int) -> list[Row]:
        """Return the next standing rows in the order of ids."""
        table = table_of(collection.kind)
        statement = self._standing(collection).order_by(table.c.id).limit(limit)
        if after is not None:
            statement = statement.where(table.c.id > after)
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def rows(self, collection: Collection, ids: Group[UUID]) -> list[Row]:
        """Return those of the rows that stand."""
        table = table_of(collection.kind)
        statement = self._standing(collection).where(table.c.id.in_(list(ids)))
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def ballots(self, after: tuple[UUID, int] | None, limit: int) -> list[Row]:
        """Return the next ballots of standing votes."""
        ballot = Ballot.__table__
        statement = _ballots().limit(limit)
        if after is not None:
            statement = statement.where(tuple_(ballot.c.vote_id, ballot.c.position) > tuple_(*after))
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def ballots_of(self, vote_ids: Group[UUID]) -> list[Row]:
        """Return the ballots of those of the votes that stand."""
        statement = _ballots().where(Ballot.__table__.c.vote_id.in_(list(vote_ids)))
        return [dict(row) for row in self._session.execute(statement).mappings()]

    def _standing(self, collection: Collection) -> Any:
        table = table_of(collection.kind)
        return select(*(table.c[name] for name in (*SHOWN, *collection.extras))).where(
            table.c.deleted_at.is_(None), table.c.merged_into.is_(None)
        )


def _ballots() -> Select[Any]:
    ballot, vote = Ballot.__table__, table_of("vote_event")
    names = ("position", "date", "person_key", "name", "option", "party", "constituency", "is_dissent")
    return (
        select(
            ballot.c.vote_id,
            vote.c.key.label("vote_key"),
            vote.c.slug.label("vote_slug"),
            *(ballot.c[name] for name in names),
        )
        .join(vote, vote.c.id == ballot.c.vote_id)
        .where(vote.c.deleted_at.is_(None))
        .order_by(ballot.c.vote_id, ballot.c.position)
    )
