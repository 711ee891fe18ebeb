"""Checking: the index against the record, id by id, and on request word by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tantivy import Query, Searcher

from hubs.data_hub.database.service.feeding import SEARCHABLE, Feed, FeedingService
from hubs.data_hub.search.documents import index_fields
from hubs.data_hub.search.engine import IndexReader
from hubs.data_hub.search.keeper import IndexKeeper

BATCH = 1_000
MAX_TOLD = 20
_KEPT = ("title_en", "title_fr", "body_en", "body_fr", "card")


@dataclass
class CheckReport:
    """How many records each side holds, and where they differ (at most twenty ids each)."""

    position: int
    expected: int = 0
    indexed: int = 0
    missing: list[str] = field(default_factory=list)
    """On record and not in the index."""
    extra: list[str] = field(default_factory=list)
    """In the index and not on record."""
    differing: list[str] = field(default_factory=list)
    """In both, with other words in the index than on record; looked for on request only."""

    @property
    def is_equal(self) -> bool:
        """Tell whether both hold the same records."""
        told = (self.missing, self.extra, self.differing)
        return self.expected == self.indexed and not any(told)


def check_index(keeper: IndexKeeper, feeding: FeedingService, *, by_content: bool = False) -> CheckReport:
    """Compare the index with the record; changes that come meanwhile may show as differences.

    Raises: IndexNotReady; Unavailable.
    """
    generation = keeper.generation()
    reader = generation.reader()
    searcher = reader.searcher()
    report = CheckReport(position=generation.position, indexed=searcher.num_docs)
    # Ids are kept only where the counts say that there is something to be found.
    seen: set[bytes] | None = None if sum(feeding.counts().values()) == report.indexed else set()
    for batch in _batches(feeding, by_content=by_content):
        wanted = [str(one) for one in batch]
        report.expected += len(wanted)
        found = _addresses(reader, searcher, wanted)
        _tell(report.missing, [one for one in wanted if one not in found])
        if by_content:
            feeds = batch.values()
            _tell(report.differing, [str(f.row["id"]) for f in feeds if f and _differs(f, searcher, found)])
        if seen is not None:
            seen.update(one.bytes for one in batch)
    if seen is not None:
        _tell(report.extra, _extra(searcher, seen))
    return report


def _batches(feeding: FeedingService, *, by_content: bool) -> Iterator[Mapping[UUID, Feed | None]]:
    for kind in SEARCHABLE:
        after: UUID | None = None
        batch: Mapping[UUID, Feed | None]
        while True:
            if by_content:
                batch = {feed.row["id"]: feed for feed in feeding.scan(kind, after, BATCH)}
            else:
                batch = dict.fromkeys(feeding.ids(kind, after, BATCH))
            if not batch:
                break
            yield batch
            after = list(batch)[-1]


def _addresses(reader: IndexReader, searcher: Searcher, ids: Sequence[str]) -> dict[str, Any]:
    # Not the frequency of the term: that counts what was taken out and not merged away yet.
    query = Query.term_set_query(reader.schema, "id", list(ids))
    hits = searcher.search(query, limit=len(ids), count=False).hits
    return {str(searcher.doc(address)["id"][0]): address for _, address in hits}


def _differs(feed: Feed, searcher: Searcher, found: Mapping[str, Any]) -> bool:
    address = found.get(str(feed.row["id"]))
    if address is None:
        return False
    document, fields = searcher.doc(address), index_fields(feed)
    return any((document.get_first(name) or type(fields[name])()) != fields[name] for name in _KEPT)


def _extra(searcher: Searcher, seen: set[bytes]) -> list[str]:
    hits = searcher.search(Query.all_query(), limit=max(1, searcher.num_docs), count=False).hits
    ids = (str(searcher.doc(address)["id"][0]) for _, address in hits)
    return [one for one in ids if UUID(one).bytes not in seen]


def _tell(told: list[str], ids: Sequence[str]) -> None:
    told += ids[: MAX_TOLD - len(told)]
