"""Finding records of the civic record by what people call them: numbers, names, places."""

from __future__ import annotations

import re
import time
from typing import Any

from hubs.ux_hub.mcp.handles import cursor_of
from hubs.ux_hub.mcp.reading import Row, current_membership, member_line, vote_line
from hubs.ux_hub.mcp.schemas import CastVote, Language, MemberLine
from shared.clients.data_hub import DataHubClient
from shared.core.errors import AppError, NotFound

_NOTE_AGE_S = 60.0
_BALLOT_PAGE = 25
_MAX_VOTES = 200
_MAX_PLACES = 6
# As people write it: C-11, c11, Bill C-11, projet de loi S-209.
_BILL_NUMBER = re.compile(
    r"(?:(?:bill|projet de loi)\s+)?(?P<chamber>[CS])[\s-]?(?P<number>\d{1,4}[A-Z]?)", re.IGNORECASE
)
_NOTE = {
    "en": ("Held here: ", "not held: ", "of these jurisdictions and no others: "),
    "fr": ("Détenu ici : ", "non détenu : ", "de ces instances et d’aucune autre : "),
}
_KIND_PATHS = {"vote": "votes", "bill": "bills", "person": "people", "speech": "speeches", "event": "events"}
_KIND_NAMES = {
    "bill": ("bills", "projets de loi"),
    "vote": ("recorded votes", "votes consignés"),
    "person": ("members", "députés"),
    "speech": ("speeches", "interventions"),
    "event": ("meetings", "réunions"),
}


class CivicLookup:
    """Looks up records over the public interface of data_hub."""

    def __init__(self, data: DataHubClient) -> None:
        self._data = data
        self._coverage: tuple[float, list[Row]] = (-1e9, [])

    def page(self, path: str, asked: dict[str, Any], limit: int, cursor: str) -> tuple[list[Row], str]:
        """Return one page of a collection and the cursor of the next."""
        parameters = {name: value for name, value in asked.items() if value not in ("", None)}
        if cursor:
            parameters["cursor"] = cursor
        found = self._data.list(path, **{**parameters, "limit": limit})
        return found["data"], cursor_of(found.get("next"))

    def record(self, kind: str, item: str) -> Row:
        """Return one record, an empty one when there is none."""
        path = _KIND_PATHS.get(kind, f"{kind}s")
        try:
            return self._data.get(path, item)
        except AppError:
            return {}

    def one(self, path: str, item: str, session: str) -> Row:
        """Return a record by number, slug or id.

        Raises: NotFound.
        """
        text = item.strip()
        if text.isdigit():
            if not session:
                session = str(self._data.list(path, limit=1)["data"][0]["session"])
            return self._data.get(path, f"{session}-{text}")
        return self._data.get(path, text)

    def find_bill(self, bill: str, session: str) -> Row:
        """Return a bill with its votes by number, slug or id.

        Raises: NotFound.
        """
        text = bill.strip()
        if named := _BILL_NUMBER.fullmatch(text):
            compact = f"{named['chamber']}-{named['number']}".upper()
            asked: dict[str, Any] = {"number": compact, "limit": 1, "sort": "-latest_activity_on"}
            if session:
                asked["session"] = session
            found = self._data.list("bills", **asked)["data"]
            if not found:
                raise NotFound(f"no bill {compact} is held{f' for session {session}' if session else ''}")
            return self._data.get("bills", found[0]["id"], include="votes")
        return self._data.get("bills", text, include="votes")

    def find_member(self, name: str) -> tuple[Row, list[MemberLine]]:
        """Return a person by name, slug or id, and others with a similar name.

        Raises: NotFound.
        """
        text = name.strip()
        try:
            return self._data.get("people", text.lower().replace(" ", "-")), []
        except NotFound:
            pass
        found = self._data.search(q=text, type="person", limit=5)["data"]
        if not found:
            raise NotFound(f"no member called {text!r} is held")
        others = [member_line({**r, "name": r["title_en"], "memberships": []}) for r in found[1:]]
        return self._data.get("people", found[0]["id"]), others

    def representatives(self, place: str) -> list[Row]:
        """Return who holds a seat for a place: a constituency or a postal code."""
        text = place.strip()
        compact = text.upper().replace(" ", "")
        if len(compact) == 6 and compact[0].isalpha() and compact[1].isdigit():
            try:
                found = self._data.request("GET", f"/api/v1/postcodes/{compact}")
            except NotFound:
                raise NotFound(
                    f"the postal code {text} is not held; ask for the name of the constituency"
                ) from None
            people = [r["person_id"] for r in found.get("representatives", ()) if r.get("person_id")]
            return [self._data.get("people", person) for person in people]
        members = self._data.list("people", area=text, include="memberships", limit=10)["data"]
        if not members:
            found = self._data.search(q=text, type="person", limit=10)["data"]
            wanted = text.casefold()
            near = [r["id"] for r in found if wanted in str(r.get("area", "")).casefold()]
            members = [self._data.get("people", person) for person in near]
        return [m for m in members if current_membership(m)]

    def cast(self, person_id: str, since: str, language: Language) -> list[CastVote]:
        """Return a person's ballots in the newest recorded votes, newest first."""
        cast: list[CastVote] = []
        looked, cursor = 0, ""
        while looked < _MAX_VOTES:
            rows, cursor = self.page(
                "votes", {"include": "ballots", "date__gte": since}, _BALLOT_PAGE, cursor
            )
            for row in rows:
                line = vote_line(row, language)
                cast += [
                    CastVote(vote=line, option=b["option"], party=b["party"], is_dissent=b.get("is_dissent"))
                    for b in row.get("ballots") or ()
                    if b.get("person_id") == person_id
                ]
            looked += len(rows)
            if not cursor:
                break
        return cast

    def held(self) -> list[Row]:
        """Return what is held per jurisdiction and kind, as of a minute ago at most."""
        at, rows = self._coverage
        if time.monotonic() - at > _NOTE_AGE_S:
            rows = self._data.request("GET", "/api/v1/coverage")["data"]
            self._coverage = (time.monotonic(), rows)
        return rows

    def note(self, language: Language) -> str:
        """Return one sentence on what is held and what is not."""
        held: dict[str, list[Row]] = {}
        for row in self.held():
            kind = "vote" if row["type"] == "vote_event" else row["type"]
            held.setdefault(kind, []).append(row)
        position = 0 if language == "en" else 1
        parts, missing = [], []
        for kind, names in _KIND_NAMES.items():
            rows = held.get(kind)
            if not rows:
                missing.append(names[position])
                continue
            count = sum(r["count"] for r in rows)
            dates = sorted(filter(None, (d for r in rows for d in (r["first_date"], r["last_date"]))))
            span = f" ({dates[0]} – {dates[-1]})" if dates and kind != "person" else ""
            parts.append(f"{count} {names[position]}{span}")
        words = _NOTE[language]
        note = words[0] + ", ".join(parts) if parts else ""
        if missing:
            note += ("; " if note else "") + words[1] + ", ".join(missing)
        places = sorted({r["jurisdiction"].rpartition("country:")[2] for r in self.held()})
        if places:
            others = f" + {len(places) - _MAX_PLACES}" if len(places) > _MAX_PLACES else ""
            note += f"; {words[2]}{', '.join(places[:_MAX_PLACES])}{others}"
        return note + "."
