"""How members voted: ballots across votes, by person, party, bill or dissent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hubs.data_hub.database.repository.ballots import BallotRepository, as_record
from hubs.data_hub.database.repository.reading import ReadingRepository
from hubs.data_hub.database.schemas import BallotQuery
from hubs.data_hub.database.service import rendering
from hubs.data_hub.database.service.freshness import judge
from hubs.data_hub.database.service.reading import RecordPage
from shared.core.clock import utc_now


@dataclass(frozen=True)
class BallotNames:
    """Whose ballots, in which votes, on which bills: each an id, a slug or a key."""

    person: str = ""
    vote: str = ""
    bill: str = ""


class BallotingService:
    """Reads ballots."""

    def __init__(self, ballots: BallotRepository, records: ReadingRepository) -> None:
        self._ballots = ballots
        self._records = records

    def window(
        self, names: BallotNames, query: BallotQuery, offset: int
    ) -> tuple[Sequence[rendering.Record], bool]:
        """Return ballots after an offset and whether more follow: for interfaces that page so."""
        narrowed = self._named(names, replace(query, limit=query.limit + 1))
        rows = self._ballots.window(narrowed, offset)
        records = [as_record(row) for row in rows[: query.limit]]
        places = rendering.references(records)
        rendering.link(places, self._records.ids_of(rendering.keys_by_kind(places)))
        return records, len(rows) > query.limit

    def list(
        self, names: BallotNames, query: BallotQuery, lang: str = "", *, total: bool = False
    ) -> RecordPage:
        """Return one page of ballots with the votes they were cast in.

        Raises: InvalidCursor.
        """
        query = self._named(names, query)
        page = self._ballots.page(query)
        records: Sequence[rendering.Record] = [as_record(row) for row in page.items]
        places = rendering.references(records)
        rendering.link(places, self._records.ids_of(rendering.keys_by_kind(places)))
        if lang:
            records = [rendering.in_language(record, lang) for record in records]
        counted = self._ballots.count(query) if total else None
        homes = sorted({row["jurisdiction"] for row in page.items})
        fresh = judge("vote_event", self._records.freshness("vote_event", homes), utc_now())
        return RecordPage(records, page.next_cursor, fresh, counted)

    def _named(self, names: BallotNames, query: BallotQuery) -> BallotQuery:
        return replace(
            query,
            person_keys=self._keys("person", names.person),
            vote_keys=self._keys("vote_event", names.vote),
            bill_keys=self._keys("bill", names.bill),
        )

    def _keys(self, kind: str, name: str) -> Sequence[str] | None:
        if not name:
            return None
        return self._records.keys_of(kind, [name]).get(name, [name])
