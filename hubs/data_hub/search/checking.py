"""Checking: the index against the record, id by id."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tantivy import Query, Searcher

from hubs.data_hub.database.service.feeding import SEARCHABLE, FeedingService
from hubs.data_hub.search.engine import Generation
from hubs.data_hub.search.keeper import IndexKeeper

BATCH = 1_000
MAX_TOLD = 20


@dataclass
class CheckReport:
    """How many records each side holds, and what one lacks (at most twenty ids)."""

    position: int
    expected: int = 0
    indexed: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Tell whether both hold the same records."""
        return self.expected == self.indexed and not self.missing


def check_index(keeper: IndexKeeper, feeding: FeedingService) -> CheckReport:
    """Compare the index with the record; changes that come meanwhile may show as differences.

    Raises: IndexNotReady; Unavailable.
    """
    generation = keeper.generation()
    searcher = generation.searcher()
    report = CheckReport(position=generation.position, indexed=searcher.num_docs)
    for kind in SEARCHABLE:
        after: UUID | None = None
        while ids := feeding.ids(kind, after, BATCH):
            report.expected += len(ids)
            after = ids[-1]
            wanted = [str(one) for one in ids]
            if _count(generation, searcher, wanted) != len(wanted) and len(report.missing) < MAX_TOLD:
                report.missing += [one for one in wanted if not _count(generation, searcher, [one])][
                    :MAX_TOLD
                ]
    return report


def _count(generation: Generation, searcher: Searcher, ids: list[str]) -> int:
    # Not the frequency of the term: that counts what was taken out and not merged away yet.
    found: Any = searcher.search(Query.term_set_query(generation.schema, "id", ids), limit=1, count=True)
    return int(found.count)
