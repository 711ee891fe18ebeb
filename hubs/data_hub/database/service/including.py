"""What a record can carry along: related records, fetched for a whole page at once."""

from __future__ import annotations

from collections.abc import Collection as Group
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hubs.data_hub.database.repository.ballots import BallotRepository, as_record
from hubs.data_hub.database.repository.reading import ReadingRepository, Row
from hubs.data_hub.database.repository.recorded import RecordedRepository
from hubs.data_hub.database.repository.statements import MERGING_KIND
from hubs.data_hub.database.schemas import Collection
from hubs.data_hub.database.service import rendering
from hubs.data_hub.database.service.collections import BY_PATH
from shared.core.errors import Invalid

MAX_RELATED = 10_000
"""Related rows fetched for one page or one record; their own list endpoint has no such end."""
MAX_BALLOTS = 25_000
"""Ballots that one page carries along: a hub that writes more of them at once outgrows its memory."""
RECENT = 30
"""Bills, speeches and ballots each among what a person did lately."""


@dataclass(frozen=True)
class _Many:
    """Records of another collection that refer to this one."""

    path: str
    column: str
    is_array: bool = False
    most: int = MAX_RELATED


@dataclass(frozen=True)
class _One:
    """The record that this one refers to."""

    path: str
    field: str


_INCLUDES: dict[tuple[str, str], _Many | _One] = {
    ("person", "memberships"): _Many("memberships", "person_key"),
    ("membership", "person"): _One("people", "person_key"),
    ("membership", "organization"): _One("organizations", "organization_key"),
    ("membership", "post"): _One("posts", "post_key"),
    ("organization", "memberships"): _Many("memberships", "organization_key"),
    ("organization", "posts"): _Many("posts", "organization_key"),
    ("post", "memberships"): _Many("memberships", "post_key"),
    ("post", "organization"): _One("organizations", "organization_key"),
    ("bill", "votes"): _Many("votes", "bill_key"),
    ("bill", "texts"): _Many("bill-texts", "bill_key"),
    ("bill_text", "bill"): _One("bills", "bill_key"),
    ("vote_event", "bill"): _One("bills", "bill_key"),
    ("election", "candidacies"): _Many("candidacies", "election_key"),
    ("candidacy", "election"): _One("elections", "election_key"),
    ("candidacy", "person"): _One("people", "person_key"),
    ("event", "documents"): _Many("documents", "event_key"),
    ("event", "votes"): _Many("votes", "event_key"),
    ("event", "organization"): _One("organizations", "organization_key"),
    ("debate", "speeches"): _Many("speeches", "debate_key", most=5_000),
    ("debate", "organization"): _One("organizations", "organization_key"),
    ("speech", "debate"): _One("debates", "debate_key"),
    ("speech", "person"): _One("people", "person_key"),
    ("document", "event"): _One("events", "event_key"),
    ("document", "organization"): _One("organizations", "organization_key"),
}


_OF_THE_PRESENT = ("recent", "merged")
Owners = dict[str, rendering.Record]
"""Records by each key that others may name them by."""


def _needs_owners(kind: str, name: str) -> bool:
    return (kind, name) == (MERGING_KIND, "recent") or isinstance(_INCLUDES.get((kind, name)), _Many)


class Includer:
    """Adds related records to the records of a page, one query per kind of relation."""

    def __init__(
        self,
        repository: ReadingRepository,
        ballots: BallotRepository,
        recorded: RecordedRepository,
        at: datetime | None = None,
    ) -> None:
        self._repository = repository
        self._cast = ballots
        self._recorded = recorded
        self._at = at
        """Recorded time: related records as they were recorded at that moment."""

    def include(self, collection: Any, records: Sequence[rendering.Record], names: Sequence[str]) -> None:
        """Add what is asked for under its own name.

        Raises: Invalid for what is known of the present alone, when asked of the past; for more than a page
        of several records can carry.
        """
        if self._at and (present := next((name for name in names if name in _OF_THE_PRESENT), None)):
            raise Invalid(f"include: {present} cannot be combined with recorded_at")
        if not records:
            return
        owners: Owners = {}
        if any(_needs_owners(collection.kind, name) for name in names):
            owners = self._owners(collection.kind, records)
        for name in names:
            if (collection.kind, name) == ("vote_event", "ballots"):
                self._ballots(records)
            elif (collection.kind, name) == ("person", "recent"):
                for record in records:
                    record[name] = self._recent([key for key, owner in owners.items() if owner is record])
            elif name == "merged":
                self._merged(collection.kind, records)
            elif (collection.kind, name) == ("division", "posts"):
                self._posts_of_divisions(records)
            else:
                how = _INCLUDES[collection.kind, name]
                if isinstance(how, _Many):
                    self._many(owners, records, name, how)
                else:
                    self._one(records, name, how)

    def _many(self, owners: Owners, records: Sequence[rendering.Record], name: str, how: _Many) -> None:
        other = BY_PATH[how.path]
        for record in records:
            record[name] = []
        rows = self._related(other, how.column, owners.keys(), how.most, is_array=how.is_array)
        if len(rows) == how.most and len(records) > 1:
            # Of one record the newest are shown; of several, some would seem to have none.
            raise Invalid(f"include: {name} are too many for a page of {len(records)}; take a smaller limit")
        for row in rows:
            # One that names another by now did not always do so.
            if (owner := owners.get(row["facts"][how.column])) is not None:
                owner[name].append(rendering.render(other, row))

    def _related(
        self,
        other: Collection,
        column: str,
        keys: Group[str],
        most: int = MAX_RELATED,
        *,
        is_array: bool = False,
    ) -> Sequence[Row]:
        if self._at is not None:
            return self._recorded.related(other, column, keys, self._at, most)
        return self._repository.related(other, column, keys, most, is_array=is_array)

    def _owners(self, kind: str, records: Sequence[rendering.Record]) -> Owners:
        """Return the records by every key that others may name them by."""
        owners = {record["key"]: record for record in records}
        if kind == MERGING_KIND:
            by_id = {record["id"]: record for record in records}
            if self._at is not None:
                merged = self._recorded.merged_keys(kind, list(by_id), self._at)
                owners.update((key, by_id[into_id]) for key, into_id in merged)
                return owners
            for row in self._repository.merged_into(kind, list(by_id)):
                owners[row["key"]] = by_id[row["merged_into"]]
        return owners

    def _recent(self, keys: Sequence[str]) -> rendering.Record:
        found: rendering.Record = {}
        for path, column in (("bills", "sponsor_keys"), ("speeches", "person_key")):
            other = BY_PATH[path]
            rows = self._repository.latest(other, column, keys, RECENT, is_array=path == "bills")
            found[path] = [rendering.render(other, row) for row in rows]
        for speech in found["speeches"]:
            # A speech can be long; this is a glance at it.
            speech["paragraphs"] = speech["paragraphs"][:1]
        found["ballots"] = [as_record(row) for row in self._cast.latest(keys, RECENT)]
        return found

    def _one(self, records: Sequence[rendering.Record], name: str, how: _One) -> None:
        other = BY_PATH[how.path]
        keys = {record[how.field] for record in records if record.get(how.field)}
        rows = self._related(other, "key", keys) if keys else []
        found = {row["key"]: rendering.render(other, row) for row in rows}
        for record in records:
            record[name] = found.get(record.get(how.field) or "")

    def _posts_of_divisions(self, records: Sequence[rendering.Record]) -> None:
        owners = {record["ocd_id"]: record for record in records}
        for record in records:
            record["posts"] = []
        other = BY_PATH["posts"]
        for row in self._related(other, "division_id", owners.keys()):
            owners[row["facts"]["division_id"]]["posts"].append(rendering.render(other, row))

    def _ballots(self, records: Sequence[rendering.Record]) -> None:
        cast = sum(record["ballot_count"] or 0 for record in records)
        if cast > MAX_BALLOTS and len(records) > 1:
            fitting = max(1, len(records) * MAX_BALLOTS // cast)
            raise Invalid(
                f"include: these votes have {cast} ballots, too many for a page; take limit={fitting}"
            )
        ids = [record["id"] for record in records]
        found = self._repository.ballots(ids)
        if self._at is not None:
            found |= self._recorded.ballots(ids, self._at)
        for record in records:
            record["ballots"] = found.get(record["id"], [])

    def _merged(self, kind: str, records: Sequence[rendering.Record]) -> None:
        by_id = {record["id"]: record for record in records}
        for record in records:
            record["merged"] = []
        for row in self._repository.merged_into(kind, list(by_id)):
            by_id[row.pop("merged_into")]["merged"].append(row)  # type: ignore[attr-defined]
