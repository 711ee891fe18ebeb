"""openparliament (api.openparliament.ca): members, bills, votes, debates and committees in its shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from hubs.data_hub.compat.schemas import Asked, Kind, Window, typed
from hubs.data_hub.compat.service.parliament_shapes import OTTAWA, politician
from hubs.data_hub.database.schemas import Condition, ListQuery
from hubs.data_hub.database.service.balloting import BallotingService
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.projection import key_slug
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.text import slugify
from shared.contracts.civic import FEDERAL
from shared.core.errors import NotFound

Shape = dict[str, Any]
# Their filter: our column and its type.
BILL_FILTERS: dict[str, tuple[str, Kind]] = {
    "session": ("session", "text"),
    "number": ("number", "text"),
    "introduced": ("introduced_on", "date"),
    "law": ("is_law", "bool"),
    "private_member_bill": ("is_private_member", "bool"),
    "status_code": ("status_code", "text"),
    "sponsor_politician": ("sponsor_keys", "array"),
}
VOTE_FILTERS: dict[str, tuple[str, Kind]] = {
    "session": ("session", "text"),
    "number": ("number", "int"),
    "date": ("date", "date"),
    "yea_total": ("yes_count", "int"),
    "nay_total": ("no_count", "int"),
    "paired_total": ("paired_count", "int"),
    "bill": ("bill_key", "relation"),
}
POLITICIAN_FILTERS: dict[str, tuple[str, Kind]] = {
    "name": ("name", "text"),
    "family_name": ("family_name", "text"),
    "given_name": ("given_name", "text"),
}
SPEECH_FILTERS: dict[str, tuple[str, Kind]] = {
    "procedural": ("is_procedural", "bool"),
    "politician": ("person_key", "relation"),
    "time": ("sort_date", "date"),
    "mentioned_bill": ("bill_keys", "array"),
    "bill_debated": ("bill_keys", "array"),
}
DEBATE_FILTERS: dict[str, tuple[str, Kind]] = {
    "session": ("session", "text"),
    "date": ("date", "date"),
    "number": ("number", "text"),
}
MEETING_FILTERS: dict[str, tuple[str, Kind]] = {
    "session": ("session", "text"),
    "number": ("number", "text"),
    "date": ("start_date", "date"),
}


class OpenParliamentFacade:
    """Reads the federal record as openparliament would tell it."""

    def __init__(self, records: ReadingService, ballots: BallotingService) -> None:
        self.records = records
        self.ballots = ballots

    def conditions(
        self, filters: Sequence[Asked], table: Mapping[str, tuple[str, Kind]]
    ) -> tuple[Condition, ...]:
        """Return filters as conditions of ours.

        Raises: BadRequest for a value of the wrong type.
        """
        found = [Condition("jurisdiction", "exact", FEDERAL, "text")]
        for asked in filters:
            column, kind = table[asked.name]
            value = typed(asked, kind)
            if kind in ("array", "relation"):
                value = [name_in(one) for one in (value if isinstance(value, list) else [value])]
                found.append(Condition(column, "in", value, kind))
            else:
                found.append(Condition(column, asked.operator, value, kind))  # type: ignore[arg-type]
        return tuple(found)

    def list(self, path: str, query: ListQuery, offset: int) -> tuple[Sequence[Shape], bool]:
        """Return records of a collection and whether more follow."""
        rows, _ = self.records.window(BY_PATH[path], replace(query, limit=query.limit + 1), offset)
        return rows[: query.limit], len(rows) > query.limit

    def slugs(self, kind: str, ids: Iterable[Any]) -> dict[Any, str]:
        """Return the slugs of records by id."""
        return self.records.slugs(kind, [one for one in ids if one])

    def get(self, path: str, item: str, includes: Sequence[str] = ()) -> Shape:
        """Return one record.

        Raises: NotFound.
        """
        found = self.records.find(BY_PATH[path], item, includes)
        if found is None:
            raise NotFound(f"no {BY_PATH[path].singular} {item[:100]!r}")
        return found

    def politicians(
        self, window: Window, filters: Sequence[Asked], include: str
    ) -> tuple[Sequence[Shape], bool]:
        """Return members: those who sit, former ones, or all."""
        today = datetime.now(OTTAWA).date()
        query = ListQuery(
            conditions=self.conditions(filters, POLITICIAN_FILTERS),
            sort="sort_name",
            limit=window.limit,
            includes=("memberships",),
            on=today if include not in ("former", "all") else None,
            left_by=today if include == "former" else None,
        )
        rows, more = self.list("people", query, window.offset)
        return [politician(row) for row in rows], more


def name_in(value: str) -> str:
    """Return the slug in one of their URLs: ``/politicians/judy-foote/`` or ``/bills/45-1/C-2/``."""
    parts = [part for part in value.strip("/").split("/") if part]
    if parts and parts[0] in ("politicians", "bills", "votes", "debates", "committees"):
        parts = parts[1:]
    return "-".join(parts).lower()


def speech_slug(debate_key: str, anchor: str) -> str:
    """Return the slug of a speech from its debate and its name in it."""
    return slugify(f"{key_slug(debate_key)} {anchor}", 200)
