"""Open States API v3 (v3.openstates.org): jurisdictions, people, bills, committees, events in its shapes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hubs.data_hub.compat.service import states_shapes as shapes
from hubs.data_hub.database.schemas import Condition, ListQuery, Operator
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.geography.service import GeographyService
from shared.contracts.civic import FEDERAL
from shared.core.errors import BadRequest, NotFound

Shape = dict[str, Any]
_CHAMBERS = {"lower": "house", "upper": "senate", "legislature": "legislature"}
_SHORT = {"ca": FEDERAL, "canada": FEDERAL, "parliament of canada": FEDERAL}
_PROVINCES = {
    "alberta": "ab", "british columbia": "bc", "manitoba": "mb", "new brunswick": "nb",
    "newfoundland and labrador": "nl", "nova scotia": "ns", "ontario": "on", "prince edward island": "pe",
    "quebec": "qc", "québec": "qc", "saskatchewan": "sk",
}  # fmt: skip
_TERRITORIES = {"northwest territories": "nt", "nunavut": "nu", "yukon": "yt"}
_CHAMBER_KEYS = {"lower": ("ca/house",), "upper": ("ca/senate",)}
_BODIES = ("legislature", "chamber", "council")
_MOST_HOMES = 5_000
_BOUNDS: tuple[tuple[str, Operator], ...] = (("after", "gte"), ("before", "lte"))
_BILL_NUMBER = re.compile(r"^[A-Za-z]{1,3}[\s-]*\d{1,5}$")
_WORDS = re.compile(r'"([^"]+)"|(\S+)')
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
    for kind, names in (("province", _PROVINCES), ("territory", _TERRITORIES)):
        code = names.get(low, low)
        if code in names.values():
            return f"ocd-jurisdiction/country:ca/{kind}:{code}/legislature"
    return text.strip()


class OpenStatesFacade:
    """Reads the record as Open States would tell it."""

    def __init__(self, records: ReadingService, places: GeographyService) -> None:
        self._records = records
        self._places = places

    def jurisdictions(self, paged: Paged, classification: str, include: Sequence[str]) -> Shape:
        """Return the jurisdictions on record: those described, and those that only have people or bills."""
        query = ListQuery(sort="sort_name", limit=_MOST_HOMES)
        rows: list[Mapping[str, Any]] = list(self._records.window(BY_PATH["jurisdictions"], query, 0)[0])
        known = {row["ocd_id"] for row in rows}
        rows += [shapes.bare_jurisdiction(one) for one in self._records.homes() if one not in known]
        if classification:
            rows = [row for row in rows if shapes.level(row) == classification]
        rows.sort(key=lambda row: (row["name_en"].casefold(), row["ocd_id"]))
        first = (paged.page - 1) * paged.per_page
        shown = self._jurisdictions(rows[first : first + paged.per_page], include)
        return _page(shown, paged, len(rows))

    def jurisdiction(self, name: str, include: Sequence[str]) -> Shape:
        """Return one jurisdiction.

        Raises: NotFound.
        """
        wanted = self._home(name)
        query = ListQuery(
            conditions=(Condition("ocd_id", "exact", wanted, "text"),), sort="sort_name", limit=1
        )
        rows, _ = self._records.window(BY_PATH["jurisdictions"], query, 0)
        if rows:
            return self._jurisdictions(rows[:1], include)[0]
        if wanted not in self._records.homes():
            raise NotFound(f"No such Jurisdiction {wanted[:100]!r}.")
        return self._jurisdictions([shapes.bare_jurisdiction(wanted)], include)[0]

    def _home(self, text: str) -> str:
        """Return the OCD id behind an id, a short name or a name."""
        wanted = jurisdiction_id(text)
        if wanted.startswith("ocd-"):
            return wanted
        query = ListQuery(
            conditions=(Condition("title_en", "iexact", wanted, "text"),), sort="sort_name", limit=1
        )
        rows, _ = self._records.window(BY_PATH["jurisdictions"], query, 0)
        return str(rows[0]["ocd_id"]) if rows else wanted

    def _at_home(self, filters: Mapping[str, Any]) -> list[Condition]:
        if not filters.get("jurisdiction"):
            return []
        return [Condition("jurisdiction", "exact", self._home(filters["jurisdiction"]), "text")]

    def people(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return people by jurisdiction, name, id, body or district.

        Raises: BadRequest when nothing narrows the list, or a district has no jurisdiction.
        """
        ids = [shapes.bare_id(one) for one in filters.get("id", ())]
        if not ids and not any(filters.get(name) for name in ("jurisdiction", "name")):
            raise BadRequest("either 'jurisdiction', 'name', or 'id' is required")
        if filters.get("district") and not filters.get("jurisdiction"):
            raise BadRequest("cannot specify 'district' without 'jurisdiction'")
        conditions = self._at_home(filters)
        if ids:
            conditions.append(Condition("id", "in", ids, "relation"))
        if filters.get("name"):
            conditions.append(Condition("name", "icontains", filters["name"], "text"))
        member_of: dict[str, tuple[str, ...]] = {}
        if filters.get("district"):
            member_of["area"] = (filters["district"],)
        if filters.get("org_classification"):
            member_of["organization"] = self._bodies(filters["org_classification"], self._at_home(filters))
        query = ListQuery(
            conditions=tuple(conditions),
            sort="sort_name",
            includes=("memberships",),
            member_of=member_of,
            # A jurisdiction's people are those who sit today; a name or an id finds anybody.
            on=datetime.now(UTC).date() if filters.get("jurisdiction") else None,
        )
        rows, total = self._window("people", query, paged)
        divisions = self._divisions(rows)
        return _page([shapes.person(row, include, divisions) for row in rows], paged, total)

    def _bodies(self, classification: str, home: Sequence[Condition]) -> tuple[str, ...]:
        """Return the keys of the bodies that they class so; `""` where there are none."""
        query = ListQuery(
            conditions=(*home, Condition("classification", "in", list(_BODIES), "text")),
            sort="sort_name",
            limit=_MOST_HOMES,
        )
        rows, _ = self._records.window(BY_PATH["organizations"], query, 0)
        found = [
            row["key"] for row in rows if shapes.body(row["key"], row["classification"]) == classification
        ]
        return tuple(dict.fromkeys((*found, *_CHAMBER_KEYS.get(classification, ())))) or ("",)

    def _divisions(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Return the OCD divisions of the seats of people, by the keys of their posts."""
        keys = sorted({seat["post_key"] for row in rows for seat in row["memberships"] if seat["post_key"]})
        if not keys:
            return {}
        query = ListQuery(
            conditions=(Condition("key", "in", keys, "text"),), sort="sort_name", limit=len(keys)
        )
        found, _ = self._records.window(BY_PATH["posts"], query, 0)
        return {post["key"]: post["division_id"] for post in found}

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
                shape = shapes.person(row, include, {})
                if shape["current_role"]:
                    shape["current_role"]["division_id"] = found.boundary.division_id
                seen[found.person["id"]] = shape
        return _page(list(seen.values()), Paged(1, 100), len(seen))

    def bills(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str], sort: str) -> Shape:
        """Return bills by jurisdiction, session, chamber, sponsor, words or time.

        Raises: BadRequest for an unknown order, when neither jurisdiction nor words narrow the list, or for
        a filter without the one that it depends on.
        """
        if not filters.get("jurisdiction") and not filters.get("q"):
            raise BadRequest("either 'jurisdiction' or 'q' required")
        if sort not in BILL_SORTS:
            raise BadRequest(f"sort: one of {', '.join(BILL_SORTS)}")
        for name, other in (("session", "jurisdiction"), ("sponsor_classification", "sponsor")):
            if filters.get(name) and not filters.get(other):
                raise BadRequest(f"filtering by {name} requires a {other} parameter as well")
        # Every bill on record is a bill with one primary sponsor, and none has subjects.
        if (
            filters.get("subject")
            or filters.get("classification", "bill") != "bill"
            or filters.get("sponsor_classification", "primary") != "primary"
        ):
            return _page([], paged, 0)
        conditions = self._at_home(filters)
        for name in ("session", "chamber"):
            if filters.get(name):
                value = _CHAMBERS.get(filters[name], filters[name]) if name == "chamber" else filters[name]
                conditions.append(Condition(name, "exact", value, "text"))
        if filters.get("identifier"):
            conditions.append(
                Condition("number", "in", [shapes.number(i) for i in filters["identifier"]], "text")
            )
        if filters.get("sponsor"):
            conditions.append(Condition("sponsor_keys", "in", self._sponsors(filters["sponsor"]), "array"))
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
        rows, total = self._worded(query, filters.get("q", ""), paged)
        return _page([shapes.bill(row, include) for row in rows], paged, total)

    def _worded(self, query: ListQuery, q: str, paged: Paged) -> tuple[Sequence[Shape], int]:
        """Return bills by number where ``q`` looks like one, else by the words of a title in one language."""
        if not q or _BILL_NUMBER.match(q.strip()):
            number = [Condition("number", "iexact", shapes.number(q), "text")] if q else []
            return self._window("bills", replace(query, conditions=(*query.conditions, *number)), paged)
        words = [quoted or word for quoted, word in _WORDS.findall(q)]
        for column in ("title_en", "title_fr"):
            said = [Condition(column, "icontains", word, "text") for word in words]
            found = self._window("bills", replace(query, conditions=(*query.conditions, *said)), paged)
            if found[1]:
                break
        return found

    def _sponsors(self, text: str) -> list[str]:
        """Return how a sponsor is named on record: an id as it is, a name by the people who have it."""
        wanted = shapes.bare_id(text)
        query = ListQuery(conditions=(Condition("name", "iexact", wanted, "text"),), limit=50)
        return [wanted, *self._records.keys(BY_PATH["people"], query)[0]]

    def bill(self, item: str, include: Sequence[str]) -> Shape:
        """Return one bill by id or slug.

        Raises: NotFound.
        """
        row = self._records.find(BY_PATH["bills"], shapes.bare_id(item), _bill_includes(include))
        if row is None:
            raise NotFound("No such Bill.")
        return shapes.bill(row, include)

    def bill_of(self, jurisdiction: str, session: str, number: str, include: Sequence[str]) -> Shape:
        """Return one bill by jurisdiction, session and number.

        Raises: NotFound.
        """
        query = ListQuery(
            conditions=(
                Condition("jurisdiction", "exact", self._home(jurisdiction), "text"),
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
        return shapes.bill(rows[0], include)

    def committees(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return committees of a jurisdiction (and chamber, class or parent).

        Raises: BadRequest without a jurisdiction.
        """
        conditions = []
        if filters.get("classification"):
            conditions.append(Condition("classification", "exact", filters["classification"], "text"))
        parents = [shapes.bare_id(filters["parent"])] if filters.get("parent") else []
        if filters.get("chamber"):
            parents += self._bodies(filters["chamber"], self._at_home(filters))
        if parents:
            conditions.append(Condition("parent_key", "in", parents, "relation"))
        return self._plain("committees", paged, filters, include, shapes.committee, conditions)

    def events(self, paged: Paged, filters: Mapping[str, Any], include: Sequence[str]) -> Shape:
        """Return meetings of a jurisdiction, the earliest first.

        Raises: BadRequest without a jurisdiction.
        """
        conditions = [
            Condition("start_date", operator, filters[name].date(), "date")
            for name, operator in _BOUNDS
            if filters.get(name)
        ]
        return self._plain("events", paged, filters, include, shapes.event, conditions)

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
        conditions: Sequence[Condition],
    ) -> Shape:
        if not filters.get("jurisdiction"):
            raise BadRequest("must provide 'jurisdiction' parameter")
        is_event = path == "events"
        query = ListQuery(
            conditions=(*self._at_home(filters), *conditions),
            sort="sort_date" if is_event else "sort_name",
            includes=("documents",) if is_event else ("memberships",),
        )
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
            bodies = Condition("classification", "in", list(_BODIES), "text")
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


def _bill_includes(include: Sequence[str]) -> tuple[str, ...]:
    return ("votes",) if "votes" in include else ()


def _page(results: Sequence[Shape], paged: Paged, total: int) -> Shape:
    pages = max(1, math.ceil(total / paged.per_page))
    if paged.page > pages:
        raise NotFound(f"invalid page, must be in [1, {pages}]")
    return {
        "results": list(results),
        "pagination": {
            "per_page": paged.per_page,
            "page": paged.page,
            "max_page": pages,
            "total_items": total,
        },
    }
