"""Reading the record: lists in pages and single records, with sources, freshness and what they refer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.errors import RecordNotFound
from hubs.data_hub.database.repository.ballots import BallotRepository
from hubs.data_hub.database.repository.reading import ReadingRepository, Row, as_uuid
from hubs.data_hub.database.repository.recorded import RecordedRepository
from hubs.data_hub.database.schemas import Collection, Condition, ItemQuery, ListQuery
from hubs.data_hub.database.service import rendering
from hubs.data_hub.database.service.freshness import judge
from hubs.data_hub.database.service.including import Includer
from hubs.data_hub.database.service.projection import project
from hubs.data_hub.database.service.standing import as_of
from shared.core.clock import utc_now
from shared.core.errors import Invalid
from shared.http.pages import Freshness


@dataclass(frozen=True)
class RecordPage:
    """One page of a listing, ready to be written down."""

    records: Sequence[rendering.Record]
    next_cursor: str | None
    freshness: Freshness
    total: int | None


@dataclass(frozen=True)
class Moved:
    """The record now answers to another id."""

    record_id: UUID


_PLAIN_ITEM = ItemQuery()


class ReadingService:
    """Reads the civic record."""

    def __init__(
        self, repository: ReadingRepository, recorded: RecordedRepository, ballots: BallotRepository
    ) -> None:
        self._repository = repository
        self._recorded = recorded
        self._ballots = ballots

    def list(self, collection: Collection, query: ListQuery) -> RecordPage:
        """Return one page.

        Raises: InvalidCursor; Invalid for a field that no record of the collection has, or what cannot be
        asked of the past.
        """
        query = self._resolved(collection, query)
        if query.recorded_at is None:
            page = self._repository.page(collection, query)
        else:
            _refuse_of_the_past(query)
            page = self._recorded.page(collection, query)
            page = replace(page, items=[_worked_out(collection, row) for row in page.items])
        total = self._repository.count(collection, query) if query.wants_total else None
        # One language has other names for fields.
        fields = () if query.lang else query.fields
        records = self.render(
            collection, page.items, query.includes, on=query.on, fields=fields, at=query.recorded_at
        )
        if query.deleted == "all" and not fields:
            # A table's first record says what its columns are.
            records = [{**record, "deleted_at": record.get("deleted_at")} for record in records]
        # Of what is shown: that a village's source has stopped says nothing of Parliament's.
        homes = _homes_asked_for(query) or sorted({row["jurisdiction"] for row in page.items})
        fresh = self.freshness(collection.kind, homes)
        return RecordPage(
            self.dress(collection, records, query.lang, query.fields), page.next_cursor, fresh, total
        )

    def window(
        self, collection: Collection, query: ListQuery, offset: int
    ) -> tuple[Sequence[rendering.Record], int]:
        """Return records after an offset and how many there are: for interfaces that page so."""
        query = self._resolved(collection, query)
        rows = self._repository.window(collection, query, offset)
        records = self.render(collection, rows, query.includes, on=query.on)
        return records, self._repository.count(collection, query)

    def keys(self, collection: Collection, query: ListQuery) -> tuple[Sequence[str], bool]:
        """Return the natural keys of a listing, and whether there are more than its limit."""
        found = self._repository.keys(collection, replace(query, limit=query.limit + 1))
        return found[: query.limit], len(found) > query.limit

    def find(
        self, collection: Collection, item: str, includes: Sequence[str] = ()
    ) -> rendering.Record | None:
        """Return one standing record by id, slug or key, wherever it has moved; None when there is none."""
        row = self._repository.find(collection, item)
        if row is None and (moved := self._repository.find_permalink(collection.kind, item)):
            row = self._repository.find(collection, str(moved))
        if row is not None and row["merged_into"] is not None:
            row = self._repository.find(collection, str(row["merged_into"]))
        if row is None or row["deleted_at"] is not None:
            return None
        return self.render(collection, [row], includes)[0]

    def newest(self, kind: str, jurisdictions: Sequence[str]) -> dict[str, datetime]:
        """Return when the newest change of a kind was made, per jurisdiction."""
        return self._repository.newest(kind, jurisdictions)

    def homes(self) -> Sequence[str]:
        """Return the jurisdictions from which anything was ever loaded."""
        return self._repository.homes()

    def slugs(self, kind: str, ids: Sequence[UUID]) -> dict[UUID, str]:
        """Return the slugs of records by id."""
        return self._repository.slugs(kind, ids) if ids else {}

    def get(
        self, collection: Collection, item: str, query: ItemQuery = _PLAIN_ITEM
    ) -> rendering.Record | Moved:
        """Return one record by id, slug or natural key, or where it has moved.

        Raises: RecordNotFound, also when it was not on record at the moment, or not there on the day.
        """
        row = self._repository.find(collection, item)
        if row is None:
            moved = self._repository.find_permalink(collection.kind, item) or self._in_small(collection, item)
            if moved is None:
                raise RecordNotFound(f"no {collection.singular} answers to {item[:200]!r}")
            return Moved(moved)
        if query.recorded_at is not None:
            if (into_id := self._recorded.merged_into(row["id"], query.recorded_at)) is not None:
                return Moved(into_id)
            row = self._recorded.find(collection, row["id"], query.recorded_at)
            if row is None:
                raise RecordNotFound(f"{item[:200]!r} was not on record at {query.recorded_at.isoformat()}")
            row = _worked_out(collection, row)
        elif row["merged_into"] is not None:
            return Moved(row["merged_into"])
        # A person is there whether or not he or she sat on that day.
        if query.on is not None and collection.kind != "person":
            self._require_on(collection, row["id"], item, query.on)
        chosen = collection.default_includes if query.includes is None else query.includes
        records = self.render(collection, [row], chosen, on=query.on, at=query.recorded_at)
        return self.dress(collection, records, query.lang, query.fields)[0]

    def _in_small(self, collection: Collection, item: str) -> UUID | None:
        """Return the record that a slug written with capitals means, such as 45-1-C-2."""
        small = item.lower()
        found = self._repository.find(collection, small) if small != item else None
        return found["id"] if found else None

    def _require_on(self, collection: Collection, record_id: UUID, item: str, on: date) -> None:
        if not self._repository.is_valid_on(collection.kind, record_id, on):
            raise RecordNotFound(f"the {collection.singular} {item[:200]!r} was not there on {on}")

    def render(
        self,
        collection: Collection,
        rows: Sequence[Row],
        includes: Sequence[str] = (),
        on: date | None = None,
        fields: Sequence[str] = (),
        at: datetime | None = None,
    ) -> Sequence[rendering.Record]:
        """Return rows with what they refer to and their sources, in a fixed number of queries.

        With ``fields``, what these are made of alone; with ``at``, what they carry along as recorded then.
        """
        records = [rendering.render(collection, row) for row in rows]
        Includer(self._repository, self._ballots, self._recorded, at).include(collection, records, includes)
        if on is not None:
            records = [as_of(collection.kind, record, on) for record in records]
        if fields:
            records = list(rendering.pruned(records, fields))
        places = rendering.references(records)
        rendering.link(places, self._repository.ids_of(rendering.keys_by_kind(places)))
        if fields and rendering.SOURCE_FIELDS.isdisjoint(fields):
            return records
        sources = self._repository.sources_of([record["id"] for record in records])
        for record in records:
            rendering.attach_sources(record, sources.get(record["id"], []))
        return records

    def dress(
        self, collection: Collection, records: Sequence[rendering.Record], lang: str, fields: Sequence[str]
    ) -> Sequence[rendering.Record]:
        """Return records in one language, or with some fields only, where that was asked for.

        Raises: Invalid for a field that none of them has.
        """
        if lang:
            records = [rendering.in_language(record, lang) for record in records]
        if fields:
            if records and (strange := [f for f in fields if not any(f in record for record in records)]):
                raise Invalid(
                    f"fields: no {collection.singular} has {strange[0][:80]!r}", known=sorted(records[0])
                )
            records = [rendering.only_fields(record, fields) for record in records]
        return records

    def freshness(self, kind: str, jurisdictions: Sequence[str] = ()) -> Freshness:
        """Return how fresh what we hold of a kind is."""
        return judge(kind, self._repository.freshness(kind, jurisdictions), utc_now())

    def _resolved(self, collection: Collection, query: ListQuery) -> ListQuery:
        """Return the query with ids and slugs of related records as their natural keys."""
        wanted: dict[str, set[str]] = {}
        relations = {f.column: f.kind for f in collection.filters.values() if f.kind}
        for condition in query.conditions:
            if (kind := relations.get(condition.column)) and condition.operator in ("exact", "in"):
                wanted.setdefault(kind, set()).update(_values(condition))
        organizations = query.member_of.get("organization", ())
        if organizations:
            wanted.setdefault("organization", set()).update(organizations)
        if not wanted and not any(c.column == "id" for c in query.conditions):
            return query
        known = {kind: self._repository.keys_of(kind, names) for kind, names in wanted.items()}
        conditions = []
        for condition in query.conditions:
            kind = relations.get(condition.column, "")
            if condition.column == "id" and condition.operator in ("exact", "in"):
                ids = [parsed for value in _values(condition) if (parsed := as_uuid(str(value)))]
                conditions.append(replace(condition, operator="in", value=ids))
            elif kind and condition.operator in ("exact", "in"):
                # A key that nothing on record holds may still be named by others.
                keys = sorted(
                    {key for value in _values(condition) for key in known[kind].get(value, [value])}
                )
                conditions.append(replace(condition, operator="in", value=keys))
            else:
                conditions.append(condition)
        member_of = dict(query.member_of)
        if organizations:
            found = known["organization"]
            member_of["organization"] = tuple(
                key for name in organizations for key in found.get(name, [name])
            )
        return replace(query, conditions=tuple(conditions), member_of=member_of)


def _homes_asked_for(query: ListQuery) -> list[str]:
    named = [c for c in query.conditions if c.column == "jurisdiction" and c.operator in ("exact", "in")]
    return [home for condition in named for home in _values(condition)]


def _worked_out(collection: Collection, row: Row) -> Row:
    """Return a past state with what its facts alone tell in the columns that are not kept with it."""
    lost = [name for name in collection.extras if row[name] is None]
    told = project(collection.kind, row["facts"]) if lost else {}
    return {**row, **{name: told[name] for name in lost if name in told}}


def _refuse_of_the_past(query: ListQuery) -> None:
    asked = {
        "deleted": query.deleted != "no",
        "updated_since": query.updated_since is not None,
        "as_of": query.on is not None,
        "total": query.wants_total,
        "identifier": bool(query.identifiers),
        "party": bool(query.member_of),
    }
    for name, is_asked in asked.items():
        if is_asked:
            raise Invalid(f"{name}: cannot be combined with recorded_at")


def _values(condition: Condition) -> list[Any]:
    return condition.value if isinstance(condition.value, list) else [condition.value]


__all__ = ["Moved", "ReadingService", "RecordPage"]
