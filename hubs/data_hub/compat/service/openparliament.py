"""openparliament (api.openparliament.ca): members, bills, votes, debates and committees in its shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hubs.data_hub.compat.schemas import Asked, Kind, Window, operator_for, typed
from hubs.data_hub.compat.service.parliament_shapes import OTTAWA, document_url, politician, speech
from hubs.data_hub.database.schemas import Condition, ListQuery
from hubs.data_hub.database.service.balloting import BallotingService
from hubs.data_hub.database.service.collections import BY_PATH
from hubs.data_hub.database.service.projection import key_slug
from hubs.data_hub.database.service.reading import ReadingService
from hubs.data_hub.text import slugify
from shared.contracts.civic import FEDERAL
from shared.core.errors import BadRequest, NotFound

Shape = dict[str, Any]
HOUSE = "ca/house"
OF_THE_HOUSE = Condition("organization_key", "exact", HOUSE, "relation")
"""The Senate has numbers and days of its own, which the addresses of this interface do not tell apart."""
_MOST_SEATS = 5_000
_MOST_COMMITTEES = 1_000
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

        Raises: BadRequest for a value of the wrong type, or an operator that its type has not.
        """
        found = [Condition("jurisdiction", "exact", FEDERAL, "text")]
        for asked in filters:
            column, kind = table[asked.name]
            value, operator = typed(asked, kind), operator_for(asked, kind)
            if kind in ("array", "relation") and operator != "isnull":
                value = [name_in(one) for one in (value if isinstance(value, list) else [value])]
                operator = "in"
            found.append(Condition(column, operator, value, kind))
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

    def seats(self, people: Iterable[Any]) -> Seats:
        """Return the seats that people (by id) have held in the House."""
        ids = sorted({str(one) for one in people if one})
        if not ids:
            return Seats(())
        query = ListQuery(
            conditions=(
                Condition("person_key", "in", ids, "relation"),
                OF_THE_HOUSE,
                Condition("area", "isnull", False, "text"),
            ),
            sort="sort_date",
            limit=_MOST_SEATS,
        )
        return Seats(self.records.window(BY_PATH["memberships"], query, 0)[0])

    def committee(self, name: str, session: str = "") -> Shape:
        """Return a committee by slug, acronym or name (``finance``); of several sessions' the newest.

        Raises: NotFound.
        """
        found = None if session else self.records.find(BY_PATH["committees"], name)
        if found is not None:
            return found
        query = ListQuery(
            conditions=(
                Condition("jurisdiction", "exact", FEDERAL, "text"),
                *((Condition("session", "exact", session, "text"),) if session else ()),
            ),
            sort="sort_name",
            limit=_MOST_COMMITTEES,
        )
        rows = self.records.window(BY_PATH["committees"], query, 0)[0]
        named = [row for row in rows if name.lower() in _names_of(row)]
        if not named:
            raise NotFound(f"no committee {name[:100]!r}")
        return max(named, key=lambda row: _session_order(row["session"]))

    def meeting(self, name: str, session: str, number: str) -> Shape:
        """Return a meeting of a committee, with the committee.

        Raises: NotFound.
        """
        body = self.committee(name, session)
        found = self._numbered("events", body, session, number, ("documents",))
        if found is None:
            raise NotFound(f"no meeting {number[:20]} of {name[:100]!r} in {session[:20]}")
        return {**found, "organization": body}

    def evidence(self, body: Shape, session: str, number: str) -> Shape | None:
        """Return the record of what was said at a meeting of a committee, if there is one."""
        return self._numbered("debates", body, session, number)

    def _numbered(
        self, path: str, body: Shape, session: str, number: str, includes: tuple[str, ...] = ()
    ) -> Shape | None:
        query = ListQuery(
            conditions=(
                Condition("organization_key", "exact", body["key"], "relation"),
                Condition("session", "exact", session, "text"),
                Condition("number", "exact", number, "text"),
            ),
            sort="sort_date",
            limit=1,
            includes=includes,
        )
        rows, _ = self.records.window(BY_PATH[path], query, 0)
        return rows[0] if rows else None

    def sitting(self, on: date) -> Shape:
        """Return the sitting of the House on a day.

        Raises: NotFound.
        """
        query = ListQuery(
            conditions=(
                Condition("jurisdiction", "exact", FEDERAL, "text"),
                Condition("date", "exact", on, "date"),
                Condition("document_type", "exact", "debate", "text"),
                OF_THE_HOUSE,
            ),
            sort="sort_name",
            limit=1,
        )
        rows, _ = self.records.window(BY_PATH["debates"], query, 0)
        if not rows:
            raise NotFound(f"the House did not sit on {on}, as far as is on record")
        return rows[0]

    def document(self, url: str) -> Shape:
        """Return the debate behind ``/debates/2013/6/18/`` or ``/committees/finance/45-1/12/``.

        Raises: BadRequest for another address; NotFound.
        """
        parts = url.strip("/").split("/")
        if len(parts) == 4 and parts[0] == "debates":
            return self.sitting(day_of(*parts[1:]))
        if len(parts) == 4 and parts[0] == "committees":
            found = self.evidence(self.committee(parts[1], parts[2]), parts[2], parts[3])
            if found is None:
                raise NotFound("nothing that was said at this meeting is on record")
            return found
        raise BadRequest("document: a debate such as /debates/2013/6/18/, or a meeting of a committee")

    def speeches(self, rows: Sequence[Shape]) -> Sequence[Shape]:
        """Return speeches (their debates with them) in their shape."""
        debates = [row["debate"] for row in rows if row["debate"]]
        bodies = self.slugs("organization", {d.get("organization_id") for d in debates})
        people = {row["person_id"] for row in rows}
        slugs, seats = self.slugs("person", people), self.seats(people)
        return [
            speech(
                row,
                slugs.get(row["person_id"]),
                document_url(row["debate"], bodies) if row["debate"] else None,
                seats.url(row["person_id"], row["debate"]["date"] if row["debate"] else None),
            )
            for row in rows
        ]

    def mentions(self, slug: str) -> tuple[Condition, ...]:
        """Return the condition: a person is named in it.

        Raises: NotFound.
        """
        known = [f"{one['scheme']}:{one['value']}" for one in self.get("people", slug)["identifiers"]]
        return (Condition("mentioned", "in", known or [""], "array"),)

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
            member_of={"organization": (HOUSE,)} if include not in ("former", "all") else {},
        )
        rows, more = self.list("people", query, window.offset)
        return [politician(row) for row in rows], more


class Seats:
    """Which seat in the House somebody held on a day."""

    def __init__(self, rows: Sequence[Shape]) -> None:
        self._held: dict[str, list[Shape]] = {}
        for row in rows:
            self._held.setdefault(str(row.get("person_id")), []).append(row)

    def url(self, person_id: Any, day: str | date | None) -> str | None:
        """Return the path of the seat that a person held on a day, None where it is not known."""
        on = str(day or "")[:10]
        for row in self._held.get(str(person_id), ()) if on else ():
            begins, ends = str(row["start_date"] or ""), str(row["end_date"] or "9999")
            if begins <= on <= ends:
                return f"/politicians/memberships/{row['id']}/"
        return None


def _names_of(row: Shape) -> set[str]:
    return {row["slug"], row["abbreviation"].lower(), slugify(row["name_en"]), slugify(row["name_fr"])} - {""}


def _session_order(session: str) -> tuple[int, ...]:
    return tuple(int(part) for part in session.split("-") if part.isdigit())


def day_of(year: str | int, month: str | int, day: str | int) -> date:
    """Return the day in an address.

    Raises: NotFound when there is none.
    """
    try:
        return date(int(str(year)[:5]), int(str(month)[:3]), int(str(day)[:3]))
    except (ValueError, OverflowError):
        raise NotFound("no such day") from None


def name_in(value: str) -> str:
    """Return the slug in one of their URLs: ``/politicians/judy-foote/`` or ``/bills/45-1/C-2/``."""
    parts = [part for part in value.strip("/").split("/") if part]
    if parts and parts[0] in ("politicians", "bills", "votes", "debates", "committees"):
        parts = parts[1:]
    return "-".join(parts).lower()


def speech_slug(debate_key: str, anchor: str) -> str:
    """Return the slug of a speech from its debate and its name in it."""
    return slugify(f"{key_slug(debate_key)} {anchor}", 200)
