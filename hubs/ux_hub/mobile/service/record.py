"""Cards of records, and the delta between what a phone holds and what stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

from hubs.ux_hub.mobile.schemas import COLLECTIONS, MAX_HELD, Cards, Delta, HeldRead, Kind, SyncStatus
from hubs.ux_hub.web.service import bills
from hubs.ux_hub.web.service.language import Catalogue
from hubs.ux_hub.web.service.record import RecordReader
from shared.core.errors import Invalid

_FIELDS: dict[str, tuple[str, ...]] = {
    "bills": (
        "id", "key", "slug", "session", "number", "title_en", "title_fr", "short_title_en", "short_title_fr",
        "status_en", "status_fr", "chamber", "is_law", "latest_activity_on", "updated_at",
    ),
    "people": ("id", "key", "slug", "name", "image", "updated_at"),
    "votes": (
        "id", "key", "slug", "session", "number", "date", "subject_en", "subject_fr", "result", "yes_count",
        "no_count", "bill_id", "updated_at",
    ),
}  # fmt: skip
_PER_CALL = 50
"""Ids in one question: more would not fit into an address."""
_COUNTED = 1_000


def card(collection: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a phone keeps of a record."""
    shown = {name: row.get(name) for name in _FIELDS[collection]}
    if collection == "people":
        seat: Mapping[str, Any] = next(
            (m for m in row.get("memberships") or () if m.get("area") and not m.get("end_date")), {}
        )
        shown |= {name: seat.get(name, "") for name in ("party", "area", "province")}
    return shown


class MobileService:
    """Reads the record for phones."""

    def __init__(self, record: RecordReader, catalogue: Catalogue) -> None:
        self._record = record
        self._catalogue = catalogue

    def list(self, collection: str, **filters: Any) -> Cards:
        """Return one page of cards."""
        found = self._record.list(collection, **filters)
        return Cards(data=[card(collection, row) for row in found.rows], cursor=found.cursor)

    def get(self, collection: str, item: str, include: str) -> Mapping[str, Any]:
        """Return one record whole. Raises: PageNotFound."""
        return self._record.get(collection, item, include=include)

    def votes_on(self, item: str) -> Cards:
        """Return the votes on a bill. Raises: PageNotFound."""
        bill = self._record.get("bills", item, include="votes")
        return Cards(data=[card("votes", vote) for vote in bill["votes"]])

    def timeline(self, item: str) -> Sequence[dict[str, Any]]:
        """Return what happened to a bill with its day, the oldest first. Raises: PageNotFound."""
        bill = self._record.get("bills", item, include="votes")
        found = [
            {"date": one["date"], "kind": "action", "title_en": one["description_en"],
             "title_fr": one["description_fr"], "id": None}
            for one in bill["actions"]
        ] + [
            {"date": one["date"], "kind": "stage", "title_en": one["name_en"], "title_fr": one["name_fr"],
             "id": None}
            for one in bill["stages"]
            if one.get("date")
        ] + [
            {"date": one["date"], "kind": "vote", "title_en": one["subject_en"],
             "title_fr": one["subject_fr"], "id": one["id"]}
            for one in bill["votes"]
        ]  # fmt: skip
        return sorted(found, key=lambda one: str(one["date"] or ""))

    def amendments(self, item: str, lang: str) -> Sequence[dict[str, Any]]:
        """Return what each text of a bill adds to and removes from the one before.

        Raises: PageNotFound.
        """
        texts = bills.texts_in(self._record.get("bills", item, include="texts"), lang)
        found = []
        for before, after in pairwise(texts):
            passages = bills.compare(before["text"], after["text"], context=0)
            found.append(
                {"from": before["version"], "to": after["version"]}
                | {
                    change: [one.text for one in passages if one.change == change]
                    for change in ("added", "removed")
                }
            )
        return found

    def parties(self) -> Sequence[dict[str, Any]]:
        """Return the parties on record."""
        rows = self._record.list("organizations", classification="party", limit=200).rows
        return [{name: row[name] for name in ("id", "key", "name_en", "name_fr")} for row in rows]

    def provinces(self) -> Sequence[dict[str, str]]:
        """Return provinces and territories by the name that filters take."""
        keys = [key for key in self._catalogue if key.startswith("province.") and key != "province.none"]
        return [
            {"name": self._catalogue.text("en", key), "name_en": self._catalogue.text("en", key),
             "name_fr": self._catalogue.text("fr", key)}
            for key in keys
        ]  # fmt: skip

    def committees_of(self, item: str) -> Sequence[dict[str, Any]]:
        """Return the committees on which a member sits now."""
        rows = self._record.list(
            "memberships", person=item, include="organization", current="true", limit=200
        ).rows
        return [
            {"id": body["id"], "key": body["key"], "slug": body["slug"], "name_en": body["name_en"],
             "name_fr": body["name_fr"], "role_en": row["role_en"], "role_fr": row["role_fr"]}
            for row in rows
            if (body := row.get("organization")) and body["classification"] == "committee"
        ]  # fmt: skip

    def filters(self) -> dict[str, Any]:
        """Return what a search can be narrowed by, as it is on record."""
        coverage = self._record.coverage()
        return {
            "types": sorted({entry["type"] for entry in coverage}),
            "jurisdictions": sorted({entry["jurisdiction"] for entry in coverage}),
            "parties": self.parties(),
            "provinces": self.provinces(),
        }

    def held(self, ids: Mapping[Kind, Sequence[UUID]]) -> HeldRead:
        """Return the records with some ids as they stand now, and the ids that lead nowhere.

        Raises: Invalid for too many.
        """
        wanted: dict[str, set[str]] = {kind: {str(one) for one in some} for kind, some in ids.items()}
        if sum(map(len, wanted.values())) > MAX_HELD:
            raise Invalid(f"ids: at most {MAX_HELD} together")
        data = self._read(wanted)
        standing = {str(row["id"]) for rows in data.values() for row in rows}
        return HeldRead(data=data, removed=sorted(set().union(*wanted.values()) - standing))

    def standing(self, token: str) -> SyncStatus:
        """Return how far a token is behind. Raises: Invalid for a token that was never given."""
        _check(token)
        now = str(self._record.changes(after="now", limit=1)["meta"]["position"])
        answer, is_reset = self._changes(token, _COUNTED)
        found = answer["data"]
        return SyncStatus(
            token=now, is_current=not found and not is_reset, is_reset=is_reset, behind=len(found)
        )

    def _changes(self, token: str, limit: int) -> tuple[Mapping[str, Any], bool]:
        """Return the changes after a token, or from the start where the record has not come so far.

        The record was set up anew then, or went back to a copy: the second value says so.
        """
        asked = {"limit": limit, "type": ",".join(COLLECTIONS)}
        try:
            return self._record.changes(after=token or 0, **asked), False
        except Invalid as error:
            if not token or "position" not in error.extensions:
                raise
            return self._record.changes(after=0, **asked), True

    def _read(self, wanted: Mapping[str, set[str]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for kind, ids in sorted(wanted.items()):
            include = "memberships" if kind == "person" else ""
            for some in _in_pieces(sorted(ids)):
                rows = self._record.list(
                    COLLECTIONS[kind], id__in=",".join(some), include=include, limit=_PER_CALL
                ).rows
                found.setdefault(kind, []).extend(card(COLLECTIONS[kind], row) for row in rows)
        return found

    def sync(self, token: str, limit: int) -> Delta:
        """Return what changed since a token; an empty token begins with nothing, and so sends everything.

        The records are read after the changes, so that none is older than the token says: a change in
        between comes again with the next delta. A token of another record gets the first batch of everything,
        and is told so. Raises: Invalid for a token that was never given.
        """
        _check(token)
        answer, is_reset = self._changes(token, limit)
        entries = answer["data"]
        last: dict[str, dict[str, Any]] = {str(entry["id"]): entry for entry in entries}
        wanted: dict[str, set[str]] = {}
        for name, entry in last.items():
            wanted.setdefault(entry["type"], set()).add(name)
        changed = self._read(wanted)
        standing = {str(row["id"]) for rows in changed.values() for row in rows}
        return Delta(
            changed=changed,
            removed=sorted(set(last) - standing),
            token=str(answer["meta"]["position"]),
            has_more=len(entries) == limit,
            is_reset=is_reset,
        )


def _check(token: str) -> None:
    if token and not (token.isascii() and token.isdigit() and len(token) <= 18):
        raise Invalid("token: as the last answer gave it, or empty to begin")


def _in_pieces(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _PER_CALL):
        yield ids[start : start + _PER_CALL]
