"""Following the record: the change feed, a record's history, and what is held against its promise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.errors import RecordNotFound
from hubs.data_hub.database.repository.feed import FeedRepository
from hubs.data_hub.database.service.collections import PATH_OF, url_of
from hubs.data_hub.database.service.freshness import is_stale, promise_of
from shared.core.clock import utc_now
from shared.core.errors import Invalid

Entry = dict[str, Any]


class FollowingService:
    """Reads what changed, when, and how much is held."""

    def __init__(self, repository: FeedRepository) -> None:
        self._repository = repository

    def changes(
        self,
        after: int,
        limit: int,
        kinds: Sequence[str] = (),
        jurisdictions: Sequence[str] = (),
        source_id: str = "",
    ) -> tuple[list[Entry], int]:
        """Return changes after a position and the position to ask after next.

        Raises: Invalid for an unknown kind, or a position that this feed has not reached.
        """
        if strange := [kind for kind in kinds if kind not in PATH_OF]:
            raise Invalid(f"unknown record kind {strange[0][:80]!r}", known=sorted(PATH_OF))
        rows = self._repository.changes(after, limit, list(kinds), list(jurisdictions), source_id)
        if not rows and after > (newest := self._repository.position()):
            # Silence would let a reader whose position is of another database wait for ever.
            raise Invalid(f"after: {after} is beyond the newest change; start over", position=newest)
        return [_entry(row) for row in rows], rows[-1]["seq"] if rows else after

    def position(self) -> int:
        """Return the position of the newest change."""
        return self._repository.position()

    def position_at(self, moment: datetime) -> int:
        """Return the position from which a reader sees everything since a moment."""
        return self._repository.position_at(moment)

    def history(self, record_id: UUID, limit: int = 100) -> Entry:
        """Return the changes of a record and the states it left, newest first.

        Raises: RecordNotFound for an id that never was on record.
        """
        changes = self._repository.changes_of(record_id, limit)
        if not changes:
            raise RecordNotFound(f"no record has the id {record_id}")
        return {
            "changes": [_entry(row) for row in changes],
            "revisions": [
                {
                    name: row[name]
                    for name in ("recorded_from", "recorded_to", "was_deleted", "facts", "ballots")
                    if name != "ballots" or row[name] is not None
                }
                for row in self._repository.revisions(record_id, limit)
            ],
        }

    def coverage(self) -> list[Entry]:
        """Return what is held per jurisdiction and kind, how fresh it is, and what was promised."""
        now = utc_now()
        read: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in self._repository.freshness():
            read.setdefault((row["kind"], row["jurisdiction"]), []).append(row)
        entries = []
        for row in self._repository.counts():
            sources = read.get((row["kind"], row["jurisdiction"]), [])
            newest = max(sources, key=lambda source: source["seen_at"], default=None)
            entries.append(
                {
                    "jurisdiction": row["jurisdiction"],
                    "type": row["kind"],
                    "url": f"/api/v1/{PATH_OF[row['kind']]}?jurisdiction={row['jurisdiction']}",
                    "count": row["count"],
                    "first_date": row["first_date"],
                    "last_date": row["last_date"],
                    "updated_at": row["updated_at"],
                    "as_of": newest["seen_at"] if newest else None,
                    "promise_hours": promise_of(row["kind"], newest["promise_hours"] if newest else None),
                    "stale": is_stale(row["kind"], newest, now) if newest else True,
                    "sources": sorted({source["source_id"] for source in sources}),
                    "readings": [
                        {
                            "source_id": source["source_id"],
                            "as_of": source["seen_at"],
                            "stale": is_stale(row["kind"], source, now),
                        }
                        for source in sorted(sources, key=lambda source: source["source_id"])
                    ],
                }
            )
        return sorted(entries, key=lambda entry: (entry["jurisdiction"], entry["type"]))


def _entry(row: Mapping[str, Any]) -> Entry:
    return {
        "seq": row["seq"],
        "type": row["kind"],
        "change": row["change"],
        "id": row["record_id"],
        "key": row["key"],
        "url": url_of(row["kind"], row["record_id"]),
        "jurisdiction": row["jurisdiction"],
        "title_en": row["title_en"],
        "title_fr": row["title_fr"],
        "fields": row["fields"],
        "source_id": row["source_id"],
        "run_id": row["run_id"],
        "changed_at": row["changed_at"],
    }
