"""Dumping: everything that stands, in batches, as the API shows it; and what changed since a position."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.data_hub.database.repository.dumping import DumpingRepository
from hubs.data_hub.database.repository.feed import FeedRepository
from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.service import rendering
from hubs.data_hub.database.service.collections import BY_PATH, PATH_OF
from shared.db.cursor import CursorCodec

Record = dict[str, Any]


class DumpingService:
    """Reads whole tables."""

    def __init__(self, dumping: DumpingRepository, feed: FeedRepository, records: ReadingRepository) -> None:
        self._dumping = dumping
        self._feed = feed
        self._records = records

    def position(self) -> int:
        """Return the position of the newest change."""
        return self._feed.position()

    def records(self, path: str, batch: int) -> Iterator[Sequence[Record]]:
        """Yield every standing record of a collection with its sources, in the order of ids."""
        collection = BY_PATH[path]
        after: UUID | None = None
        while rows := self._dumping.scan(collection, after, batch):
            yield self._shown(path, rows)
            after = rows[-1]["id"]

    def ballots(self, batch: int) -> Iterator[Sequence[Record]]:
        """Yield every ballot of a standing vote with the vote's key, vote after vote."""
        after: tuple[UUID, int] | None = None
        while rows := self._dumping.ballots(after, batch):
            after = (rows[-1]["vote_id"], rows[-1]["position"])
            yield [{name: value for name, value in row.items() if name != "vote_id"} for row in rows]

    def delta(self, after: int, batch: int) -> Iterator[Sequence[Record]]:
        """Yield the changes after a position, each with the record as it stands (null when it does no more).

        A vote comes with its ballots, as the rows of their table: they are to take the place of those held.
        """
        while changes := self._feed.changes(after, batch, [], []):
            standing: dict[UUID, Record] = {}
            kinds: dict[str, set[UUID]] = {}
            for change in changes:
                kinds.setdefault(change["kind"], set()).add(change["record_id"])
            for kind, ids in kinds.items():
                path = PATH_OF[kind]
                for record in self._shown(path, self._dumping.rows(BY_PATH[path], ids)):
                    standing[record["id"]] = record
            cast = self._ballots_of(kinds.get("vote_event", set()))
            yield [
                {
                    "seq": change["seq"],
                    "type": change["kind"],
                    "change": change["change"],
                    "id": change["record_id"],
                    "key": change["key"],
                    "changed_at": change["changed_at"],
                    "record": standing.get(change["record_id"]),
                }
                | ({"ballots": cast.get(change["record_id"], [])} if change["kind"] == "vote_event" else {})
                for change in changes
            ]
            after = changes[-1]["seq"]

    def _ballots_of(self, votes: set[UUID]) -> dict[UUID, list[Record]]:
        found: dict[UUID, list[Record]] = {}
        for row in self._dumping.ballots_of(votes) if votes else ():
            record = dict(row)
            found.setdefault(record.pop("vote_id"), []).append(record)
        return found

    def _shown(self, path: str, rows: Sequence[Any]) -> list[Record]:
        collection = BY_PATH[path]
        records = [rendering.render(collection, row) for row in rows]
        sources = self._records.sources_of([record["id"] for record in records])
        for record in records:
            rendering.attach_sources(record, sources.get(record["id"], []))
        return records


def build_dumping(session: Session) -> DumpingService:
    """Build the service over one transaction."""
    # No cursor ever leaves: any key will do.
    codec = CursorCodec(b"no cursor is ever made")
    return DumpingService(
        DumpingRepository(session), FeedRepository(session), ReadingRepository(session, codec)
    )
