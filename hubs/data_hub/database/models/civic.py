"""Which table holds which kind of record."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table

from hubs.data_hub.base import Model
from hubs.data_hub.database.models import legislation, people, proceedings
from hubs.data_hub.database.models.row import CivicRow
from shared.core.errors import Invalid

ROWS: tuple[type[Model], ...] = (
    people.Jurisdiction,
    people.Division,
    legislation.Session,
    people.Organization,
    people.Post,
    people.Person,
    people.Membership,
    people.Election,
    people.Candidacy,
    legislation.Bill,
    legislation.BillText,
    proceedings.Event,
    legislation.VoteEvent,
    proceedings.Debate,
    proceedings.Speech,
    proceedings.Document,
)
TABLES: dict[str, Table] = {row.__tablename__: cast(Table, row.__table__) for row in ROWS}
COMMON: frozenset[str] = frozenset(
    {
        "id", "key", "slug", "jurisdiction", "title_en", "title_fr", "sort_name", "sort_date", "identifiers",
        "content_hash", "facts", "created_at", "updated_at", "deleted_at", "merged_into",
    }
)  # fmt: skip


def table_of(kind: str) -> Table:
    """Return the table of a kind.

    Raises: Invalid for an unknown kind.
    """
    try:
        return TABLES[kind]
    except KeyError:
        raise Invalid(f"unknown record kind {kind!r}", known=list(TABLES)) from None


__all__ = ["COMMON", "ROWS", "TABLES", "CivicRow", "table_of"]
