"""Loading: staged records go to data_hub in batches; each batch and the cursor behind it count once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from shared.contracts.events.importing import KindReport
from shared.contracts.events.scraping import CompleteSet
from shared.contracts.http.ingest import (
    CloseRun,
    CloseRunReport,
    CompareBatch,
    CompareReport,
    RevertReport,
    SourceCounts,
    UpsertReport,
)
from shared.contracts.records import LOAD_ORDER


class Canon(Protocol):
    """The canonical record as the importer needs it: data_hub's client, or a fake of it."""

    def upsert_encoded(
        self, head: Mapping[str, Any], bodies: Sequence[bytes], idempotency_key: str
    ) -> UpsertReport:
        """Load one batch of records given as JSON bytes; the same key twice counts once."""

    def compare(self, batch: CompareBatch) -> CompareReport:
        """Tell what records would be inserted and changed, and note those that were seen."""

    def close_run(self, close: CloseRun) -> CloseRunReport:
        """Mark as gone what a complete run no longer saw."""

    def revert_run(self, run_id: UUID, source_id: str, earlier: Sequence[UUID] = ()) -> RevertReport:
        """Take back what a run and earlier ones of it changed."""

    def source_keys(self, source_id: str, kind: str, prefix: str = "") -> Iterable[str]:
        """Return the keys of standing records under a prefix that only this source names."""

    def source_counts(self, source_id: str) -> SourceCounts:
        """Return how many standing records came from a source."""


def next_kind(counts: Mapping[str, int], after: str) -> str | None:
    """Return the kind that is loaded after another (the first for an empty string), None at the end."""
    order = [kind for kind in LOAD_ORDER if counts.get(kind)]
    if not after:
        return order[0] if order else None
    following = order[order.index(after) + 1 :]
    return following[0] if following else None


def known_in_set(counts: SourceCounts, one: CompleteSet) -> int:
    """Return how many standing records of a source a complete set covers."""
    total = 0
    for name, count in counts.counts.items():
        kind, has_prefix, prefix = name.partition(":")
        # Names without a prefix are the sums of the others.
        if has_prefix and kind == one.kind and prefix.startswith(one.prefix):
            total += count
    return total


def add_reports(before: Mapping[str, Any], kind: str, more: KindReport) -> dict[str, Any]:
    """Return the report per kind with another batch's counts added."""
    known = KindReport.model_validate(before.get(kind, {}))
    total = {name: getattr(known, name) + getattr(more, name) for name in KindReport.model_fields}
    return {**before, kind: total}


def reports(stored: Mapping[str, Any]) -> dict[str, KindReport]:
    """Return a stored report as models."""
    return {kind: KindReport.model_validate(one) for kind, one in stored.items()}


def complete_sets(stored: Iterable[Mapping[str, Any]]) -> tuple[CompleteSet, ...]:
    """Return stored complete sets as models."""
    return tuple(CompleteSet.model_validate(one) for one in stored)


def batch_key(run_id: UUID, kind: str, number: int) -> str:
    """Return the Idempotency-Key of a batch."""
    return f"{run_id}:{kind}:{number}"
