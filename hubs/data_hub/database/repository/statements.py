"""Statements of the reading side, each made once: to build one takes longer than to run it.

What varies goes in as a parameter; each function names its own.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from hubs.data_hub.database.models import Ballot, FreshnessRow, Sighting, SourceDocument, table_of
from hubs.data_hub.database.schemas import Collection

SHOWN = (
    "id",
    "key",
    "slug",
    "jurisdiction",
    "facts",
    "created_at",
    "updated_at",
    "deleted_at",
    "merged_into",
)
MERGING_KIND = "person"
"""The kind of which two records can be found to be one."""


def columns_of(table: Table, collection: Collection) -> list[Any]:
    """Return the columns of which a collection's records are made."""
    return [table.c[name] for name in (*SHOWN, *collection.extras)]


def fixed(table: Table, collection: Collection) -> list[ColumnElement[bool]]:
    """Return a collection's own restriction of its table."""
    return [table.c[name].in_(values) for name, values in collection.where.items()]


@cache
def named(collection: Collection, by: Literal["id", "key", "name"]) -> Select[Any]:
    """Return the row that ``item`` names, whatever its state: an id, a key, or else a slug or a key."""
    table = table_of(collection.kind)
    if by == "id":
        is_meant = table.c.id == bindparam("item", type_=Uuid)
    elif by == "key":
        is_meant = table.c.key == bindparam("item", type_=Text)
    else:
        is_meant = or_(*(table.c[name] == bindparam("item", type_=Text) for name in ("slug", "key")))
    statement = select(*columns_of(table, collection)).where(is_meant)
    return statement.where(*fixed(table, collection)).limit(1)


@cache
def naming(
    collection: Collection, column: str, second: Literal["id", "name"], *, is_array: bool
) -> Select[Any]:
    """Return standing rows (at most ``most``, the newest first) whose reference names one of ``keys``."""
    table = table_of(collection.kind)
    order = table.c.id.desc() if second == "id" else table.c.sort_name
    return (
        select(*columns_of(table, collection))
        .where(
            table.c[column].overlap(bindparam("keys", type_=ARRAY(Text)))
            if is_array
            else among(table.c[column], "keys"),
            table.c.deleted_at.is_(None),
            table.c.merged_into.is_(None),
        )
        .order_by(table.c.sort_date.desc(), order)
        .limit(bindparam("most", type_=Integer))
    )


@cache
def merged_into(kind: str) -> Select[Any]:
    """Return the rows that were merged into one of ``ids``."""
    table = table_of(kind)
    return select(table.c.merged_into, table.c.id, table.c.key, table.c.slug, table.c.identifiers).where(
        among(table.c.merged_into, "ids")
    )


@cache
def keys_of(kind: str) -> Any:
    """Return what ``names`` (slugs or keys) and ``ids`` name, with each key of the same record."""
    table = table_of(kind)
    is_meant = or_(among(table.c.key, "names"), among(table.c.slug, "names"), among(table.c.id, "ids"))
    head = func.coalesce(table.c.merged_into, table.c.id)
    meant = select(table.c.id, table.c.slug, table.c.key, head.label("head")).where(is_meant).cte("named")
    same: Any = select(meant, table.c.key.label("other")).where(table.c.id == meant.c.head)
    if kind == MERGING_KIND:
        # Two index look-ups: one condition with an OR would not be looked up in either.
        same = union_all(
            same, select(meant, table.c.key.label("other")).where(table.c.merged_into == meant.c.head)
        )
    return same


@lru_cache(maxsize=128)
def ids_of(kinds: tuple[str, ...]) -> Any:
    """Return kind, key and id of what is named, merged records followed; the keys of a kind as ``<kind>``."""
    parts = []
    for kind in kinds:
        table = table_of(kind)
        found = func.coalesce(table.c.merged_into, table.c.id).label("id")
        parts.append(select(literal(kind).label("kind"), table.c.key, found).where(among(table.c.key, kind)))
    return union_all(*parts)


@cache
def slugs(kind: str) -> Select[Any]:
    """Return id and slug of ``ids``."""
    table = table_of(kind)
    return select(table.c.id, table.c.slug).where(among(table.c.id, "ids"))


@cache
def sources() -> Select[Any]:
    """Return the documents in which each source last named ``ids``."""
    seen, document = Sighting.__table__, SourceDocument.__table__
    # Unnested first: joined by "= ANY (array)" alone, the planner reads every document for every row.
    number = func.unnest(seen.c.documents).table_valued("id", name="number").render_derived()
    return (
        select(
            seen.c.record_id,
            seen.c.seen_at.label("last_seen_at"),
            seen.c.gone_at,
            seen.c.source_id,
            document.c.url,
            document.c.retrieved_at,
            document.c.sha256,
            document.c.parser,
            document.c.licence,
            document.c.run_id,
        )
        .select_from(seen)
        .join(number, true())
        .join(document, document.c.id == number.c.id)
        .where(among(seen.c.record_id, "ids"))
        .order_by(seen.c.record_id, seen.c.source_id, document.c.id)
    )


@cache
def freshness(*, is_narrowed: bool) -> Select[Any]:
    """Return when each source last named records of ``kind``, in ``jurisdictions`` where narrowed."""
    table = FreshnessRow.__table__
    statement = select(table.c.source_id, table.c.jurisdiction, table.c.seen_at, table.c.promise_hours)
    statement = statement.where(table.c.kind == bindparam("kind", type_=Text))
    return statement.where(among(table.c.jurisdiction, "jurisdictions")) if is_narrowed else statement


@cache
def ballots() -> Select[Any]:
    """Return the ballots of ``votes`` in the order of their source, the vote's id first."""
    table = Ballot.__table__
    shown = [column for column in table.columns if column.name != "vote_id"]
    return (
        select(table.c.vote_id, *shown)
        .where(among(table.c.vote_id, "votes"))
        .order_by(table.c.vote_id, table.c.position)
    )


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Return the condition: equal to one of the values in the array parameter of a name."""
    clause: ColumnElement[bool] = column == any_(bindparam(name, type_=ARRAY(column.type)))
    return clause
