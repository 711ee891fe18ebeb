"""Cards of records, and the delta between what a phone holds and what stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubs.ux_hub.mobile.schemas import COLLECTIONS, Cards, Delta
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
MAX_BATCH = 200
"""Changes of one answer."""


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

    def __init__(self, record: RecordReader) -> None:
        self._record = record

    def list(self, collection: str, **filters: Any) -> Cards:
        """Return one page of cards."""
        found = self._record.list(collection, **filters)
        return Cards(data=[card(collection, row) for row in found.rows], cursor=found.cursor)

    def get(self, collection: str, item: str, include: str) -> Mapping[str, Any]:
        """Return one record whole. Raises: PageNotFound."""
        return self._record.get(collection, item, include=include)

    def sync(self, token: str, limit: int) -> Delta:
        """Return what changed since a token; an empty token begins with nothing, and so sends everything.

        The records are read after the changes, so that none is older than the token says: a change in
        between comes again with the next delta. Raises: Invalid for a token that was never given.
        """
        if token and not (token.isascii() and token.isdigit() and len(token) <= 18):
            raise Invalid("token: as the last answer gave it, or empty to begin")
        answer = self._record.changes(after=token or 0, limit=limit, type=",".join(COLLECTIONS))
        entries = answer["data"]
        last: dict[str, dict[str, Any]] = {str(entry["id"]): entry for entry in entries}
        wanted: dict[str, set[str]] = {}
        for name, entry in last.items():
            wanted.setdefault(entry["type"], set()).add(name)
        changed: dict[str, list[dict[str, Any]]] = {}
        standing: set[str] = set()
        for kind, ids in sorted(wanted.items()):
            collection = COLLECTIONS[kind]
            include = "memberships" if kind == "person" else ""
            found = self._record.list(
                collection, id__in=",".join(sorted(ids)), include=include, limit=MAX_BATCH
            )
            changed[kind] = [card(collection, row) for row in found.rows]
            standing |= {str(row["id"]) for row in found.rows}
        return Delta(
            changed=changed,
            removed=sorted(set(last) - standing),
            token=str(answer["meta"]["position"]),
            has_more=len(entries) == limit,
        )
