"""Open States API v3 (v3.openstates.org): jurisdictions, people, bills, committees, events in its shapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hubs.data_hub.compat.service import states_shapes as shapes
from hubs.data_hub.database.schemas import Condition, ListQuery
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.geography.service import GeographyService
from shared.contracts.civic import FEDERAL
from shared.core.errors import BadRequest, NotFound

Shape = dict[str, Any]
_CHAMBERS = {"lower": "house", "upper": "senate", "legislature": "legislature"}
_SHORT = {"ca": FEDERAL, "canada": FEDERAL}
_PROVINCES = ("ab", "bc", "mb", "nb", "nl", "ns", "on", "pe", "qc", "sk")
_TERRITORIES = ("nt", "nu", "yt")
BILL_SORTS = {
    "updated_asc": ("updated_at", False),
    "updated_desc": ("updated_at", True),
    "first_action_asc": ("introduced_on", False),
    "first_action_desc": ("introduced_on", True),
    "latest_action_asc": ("sort_date", False),
    "latest_action_desc": ("sort_date", True),
}


@dataclass(frozen=True)
class Paged:
    """A page by number, counted from 1."""

    page: int
    per_page: int


def jurisdiction_id(text: str) -> str:
    """Return the OCD id behind a name: ``ca`` is the Parliament of Canada, ``on`` Ontario's legislature."""
    low = text.strip().casefold()
    if low in _SHORT:
        return _SHORT[low]
    if low in _PROVINCES:
        return f"ocd-jurisdiction/country:ca/province:{low}/legislature"
    if low in _TERRITORIES:
        return f"ocd-jurisdiction/country:ca/territory:{low}/legislature"
    return text.strip()


class OpenStatesFacade:
    """Reads the record as Open States would tell it."""

    def __init__(self, records: ReadingService, places: GeographyService) -> None:
        self._records = records
        self._places = places

    def jurisdictions(self, paged: Paged, classification: str, include: Sequence[str]) -> Shape:
        """Return the jurisdictions on record."""
        rows, total = self._window("jurisdictions", ListQuery(sort="sort_name"), paged)
        shown = self._jurisdictions(rows, include)
        if classification:
            shown = [shape for shape in shown if shape["classification"] == classification]
        return _page(shown, paged, total)

    def jurisdiction(self, name: str, include: Sequence[str]) -> Shape:
        """Return one jurisdiction.

        Raises: NotFound.
        """
        wanted = jurisdiction_id(name)
        query = ListQuery(
            conditions=(Condition("ocd_id", "exact", wanted, "text"),), sort="sort_name", limit=1
        )
        rows, _ = self._records.window(BY_PATH["jurisdictions"], query, 0)
        if rows:
            return self._jurisdictions(rows[:1], include)[0]
        query = ListQuery(
            conditions=(Condition("jurisdiction", "exact", wanted, "text"),), sort="sort_name", limit=1
        )
        if not any(self._records.window(BY_PATH[path], query, 0)[0] for path in ("people", "bills")):
            raise NotFound(f"No such Jurisdiction {wanted[:100]!r}.")
        return self._jurisdictions([shapes.bare_jurisdiction(wanted)], include)[0]

    def people(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return people by jurisdiction, name, id, body or district.

        Raises: BadRequest when nothing narrows the list.
        """
        ids = [shapes.bare_id(one) for one in filters.get("id", ())]
        if not ids and not any(filters.get(name) for name in ("jurisdiction", "name")):
            raise BadRequest("either 'jurisdiction', 'name', or 'id' is required")
        conditions = []
        if ids:
            conditions.append(Condition("id", "in", ids, "relation"))
        if filters.get("jurisdiction"):
            wanted = jurisdiction_id(filters["jurisdiction"])
            conditions.append(Condition("jurisdiction", "exact", wanted, "text"))
        if filters.get("name"):
            conditions.append(Condition("name", "icontains", filters["name"], "text"))
        member_of: dict[str, tuple[str, ...]] = (
            {"area": (filters["district"],)} if filters.get("district") else {}
        )
        query = ListQuery(
            conditions=tuple(conditions),
            sort="sort_name",
            includes=("memberships",),
            member_of=member_of,
            # Without an id they are asked for who sits today.
            on=None if ids else datetime.now(UTC).date(),
        )
        rows, total = self._window("people", query, paged)
        wanted_body = filters.get("org_classification", "")
        people = [self._person(row, include) for row in rows]
        if wanted_body:
            people = [
                p
                for p in people
                if p["current_role"] and p["current_role"]["org_classification"] == wanted_body
            ]
        return _page(people, paged, total)

    def people_at(self, lat: float, lng: float, include: Sequence[str]) -> Shape:
        """Return the people who represent a point."""
        try:
            answer = self._places.by_point(lat, lng, datetime.now(UTC).date())
        except NotFound:
            return _page([], Paged(1, 100), 0)
        seen: dict[Any, Shape] = {}
        for found in answer.data:
            if found.person is not None and found.membership is not None:
                row = found.person | {"memberships": [found.membership]}
                shape = self._person(row, include)
                if shape["current_role"]:
                    shape["current_role"]["division_id"] = found.boundary.division_id
                seen[found.person["id"]] = shape
        return _page(list(seen.values()), Paged(1, 100), len(seen))

    def bills(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str], sort: str) -> Shape:
        """Return bills by jurisdiction, session, chamber, sponsor, words or time.

        Raises: BadRequest for an unknown order, or when neither jurisdiction nor words narrow the list.
        """
        if not filters.get("jurisdiction") and not filters.get("q"):
            raise BadRequest("either 'jurisdiction' or 'q' required")
        if sort not in BILL_SORTS:
            raise BadRequest(f"sort: one of {', '.join(BILL_SORTS)}")
        conditions = []
        if filters.get("jurisdiction"):
            wanted = jurisdiction_id(filters["jurisdiction"])
            conditions.append(Condition("jurisdiction", "exact", wanted, "text"))
        for name in ("session", "chamber"):
            if filters.get(name):
                value = _CHAMBERS.get(filters[name], filters[name]) if name == "chamber" else filters[name]
                conditions.append(Condition(name, "exact", value, "text"))
        if filters.get("identifier"):
            conditions.append(
                Condition("number", "in", [shapes.number(i) for i in filters["identifier"]], "text")
            )
        if filters.get("sponsor"):
            sponsor = shapes.bare_id(filters["sponsor"])
            conditions.append(Condition("sponsor_keys", "in", [sponsor], "array"))
        if filters.get("q"):
            conditions.append(Condition("title_en", "icontains", filters["q"], "text"))
        if filters.get("action_since"):
            conditions.append(Condition("latest_activity_on", "gte", filters["action_since"].date(), "date"))
        if filters.get("created_since"):
            conditions.append(Condition("created_at", "gte", filters["created_since"], "time"))
        column, is_descending = BILL_SORTS[sort]
        query = ListQuery(
            conditions=tuple(conditions),
            sort=column,
            is_descending=is_descending,
            updated_since=filters.get("updated_since"),
            includes=_bill_includes(include),
        )
        rows, total = self._window("bills", query, paged)
        return _page([self._bill(row, include) for row in rows], paged, total)

    def bill(self, item: str, include: Sequence[str]) -> Shape:
        """Return one bill by id or slug.

        Raises: NotFound.
        """
        row = self._records.find(BY_PATH["bills"], shapes.bare_id(item), _bill_includes(include))
        if row is None:
            raise NotFound("No such Bill.")
        return self._bill(row, include)

    def bill_of(self, jurisdiction: str, session: str, number: str, include: Sequence[str]) -> Shape:
        """Return one bill by jurisdiction, session and number.

        Raises: NotFound.
        """
        query = ListQuery(
            conditions=(
                Condition("jurisdiction", "exact", jurisdiction_id(jurisdiction), "text"),
                Condition("session", "exact", session, "text"),
                Condition("number", "iexact", shapes.number(number), "text"),
            ),
            sort="sort_name",
            limit=1,
            includes=_bill_includes(include),
        )
        rows, _ = self._records.window(BY_PATH["bills"], query, 0)
        if not rows:
            raise NotFound("No such Bill.")
        return self._bill(rows[0], include)

    def committees(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return committees of a jurisdiction."""
        return self._plain("committees", paged, filters, include, shapes.committee, ("memberships",))

    def events(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return meetings of a jurisdiction."""
        return self._plain("events", paged, filters, include, shapes.event, ("documents",))

    def one(self, path: str, item: str, include: Sequence[str]) -> Shape:
        """Return one committee or event by id.

        Raises: NotFound.
        """
        draw, related = (
            (shapes.committee, ("memberships",)) if path == "committees" else (shapes.event, ("documents",))
        )
        row = self._records.find(BY_PATH[path], shapes.bare_id(item), related)
        if row is None:
            raise NotFound(f"No such {BY_PATH[path].singular.title()}.")
        return draw(row, include)

    def _plain(
        self,
        path: str,
        paged: Paged,
        filters: Mapping[str, Any],
        include: Sequence[str],
        draw: Callable[[Mapping[str, Any], Sequence[str]], Shape],
        related: tuple[str, ...],
    ) -> Shape:
        conditions = []
        if filters.get("jurisdiction"):
            wanted = jurisdiction_id(filters["jurisdiction"])
            conditions.append(Condition("jurisdiction", "exact", wanted, "text"))
        for name, operator in (("after", "gte"), ("before", "lte")):
            if filters.get(name):
                conditions.append(Condition("start_date", operator, filters[name].date(), "date"))  # type: ignore[arg-type]
        query = ListQuery(conditions=tuple(conditions), sort="sort_name", includes=related)
        if path == "events":
            query = replace(query, sort="sort_date")
        rows, total = self._window(path, query, paged)
        return _page([draw(row, include) for row in rows], paged, total)

    def _window(self, path: str, query: ListQuery, paged: Paged) -> tuple[Sequence[Shape], int]:
        sized = replace(query, limit=paged.per_page)
        return self._records.window(BY_PATH[path], sized, (paged.page - 1) * paged.per_page)

    def _jurisdictions(self, rows: Sequence[Mapping[str, Any]], include: Sequence[str]) -> list[Shape]:
        """Return jurisdictions with what is in them, in a number of queries that does not grow with them."""
        ids = [row["ocd_id"] for row in rows]
        home = (Condition("jurisdiction", "in", ids, "text"),)
        found: dict[str, dict[str, list[Shape]]] = {"organizations": {}, "sessions": {}}
        if "organizations" in include:
            bodies = Condition("classification", "in", ["legislature", "chamber", "council"], "text")
            query = ListQuery(
                conditions=(*home, bodies), sort="sort_name", limit=100 * len(ids), includes=("posts",)
            )
            for one in self._records.window(BY_PATH["organizations"], query, 0)[0]:
                found["organizations"].setdefault(one["jurisdiction"], []).append(one)
        if "legislative_sessions" in include:
            query = ListQuery(conditions=home, sort="sort_date", limit=500 * len(ids))
            for one in self._records.window(BY_PATH["sessions"], query, 0)[0]:
                found["sessions"].setdefault(one["jurisdiction"], []).append(one)
        for name, kind in (("people", "person"), ("bills", "bill")):
            newest = self._records.newest(kind, ids)
            found[name] = {home_id: [{"updated_at": at}] for home_id, at in newest.items()}
        return [
            shapes.jurisdiction(
                row, include, {name: held.get(row["ocd_id"], []) for name, held in found.items()}
            )
            for row in rows
        ]

    def _person(self, row: Mapping[str, Any], include: Sequence[str]) -> Shape:
        return shapes.person(row, include)

    def _bill(self, row: Mapping[str, Any], include: Sequence[str]) -> Shape:
        return shapes.bill(row, include)


def _bill_includes(include: Sequence[str]) -> tuple[str, ...]:
    return ("votes",) if "votes" in include else ()


def _page(results: Sequence[Shape], paged: Paged, total: int) -> Shape:
    return {
        "results": list(results),
        "pagination": {
            "per_page": paged.per_page,
            "page": paged.page,
            "max_page": max(1, math.ceil(total / paged.per_page)),
            "total_items": total,
        },
    }
