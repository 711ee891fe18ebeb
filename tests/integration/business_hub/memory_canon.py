"""The canonical record in memory, with the promises that the importer relies on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.contracts.events.importing import KindReport
from shared.contracts.http.ingest import (
    CloseRun,
    CloseRunReport,
    CompareBatch,
    CompareReport,
    RevertReport,
    SourceCounts,
    UpsertReport,
)
from shared.contracts.records import content_hash
from shared.core.errors import Unavailable
from shared.http.json import dumps, loads


@dataclass
class MemoryCanon:
    """The canonical record in memory, with the promises that the importer relies on."""

    rows: dict[tuple[str, str], bytes] = field(default_factory=dict)
    sources: dict[tuple[str, str], str] = field(default_factory=dict)
    seen: dict[tuple[str, str], UUID] = field(default_factory=dict)
    answers: dict[str, UpsertReport] = field(default_factory=dict)
    before: dict[UUID, dict[tuple[str, str], bytes | None]] = field(default_factory=dict)
    """What stood under each place before a run touched it."""
    calls: list[str] = field(default_factory=list)
    is_away: bool = False
    after_call: Callable[[int], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def upsert_encoded(
        self, head: Mapping[str, Any], bodies: Sequence[bytes], idempotency_key: str
    ) -> UpsertReport:
        with self.lock:
            return self._upsert(head, bodies, idempotency_key)

    def _upsert(self, head: Mapping[str, Any], bodies: Sequence[bytes], idempotency_key: str) -> UpsertReport:
        if self.is_away:
            raise Unavailable("data_hub is away")
        self.calls.append(idempotency_key)
        if idempotency_key not in self.answers:
            counts = {"inserted": 0, "updated": 0, "unchanged": 0}
            for body in bodies:
                place = (head["kind"], loads(body)["key"])
                known = self.rows.get(place)
                is_same = known is not None and facts(known) == facts(body)
                self.before.setdefault(head["run_id"], {}).setdefault(place, known)
                counts["inserted" if known is None else "unchanged" if is_same else "updated"] += 1
                self.rows[place] = body
                self.sources[place] = head["source_id"]
                self.seen[place] = head["run_id"]
            report = UpsertReport(kind=head["kind"], report=KindReport(**counts))
            self.answers[idempotency_key] = report
        if self.after_call is not None:
            self.after_call(len(self.calls))
        return self.answers[idempotency_key]

    def compare(self, batch: CompareBatch) -> CompareReport:
        if self.is_away:
            raise Unavailable("data_hub is away")
        found: dict[str, list[str]] = {"unchanged": [], "changed": [], "new": [], "mine": [], "shared": []}
        for key, mark in batch.hashes.items():
            place = (batch.kind, key)
            known = self.rows.get(place)
            is_mine = self.sources.get(place) == batch.source_id
            is_same = known is not None and is_mine and content_hash(dumps(facts(known))).hex() == mark
            found["new" if known is None else "unchanged" if is_same else "changed"].append(key)
            if known is not None:
                found["mine" if is_mine else "shared"].append(key)
        for key in batch.seen:
            self.seen[batch.kind, key] = batch.run_id
        standing = {
            key: facts(self.rows[batch.kind, key]) for key in batch.facts_of if (batch.kind, key) in self.rows
        }
        return CompareReport(**{name: tuple(keys) for name, keys in found.items()}, facts=standing)

    def revert_run(self, run_id: UUID, source_id: str, earlier: Sequence[UUID] = ()) -> RevertReport:
        for each in (run_id, *reversed(earlier)):
            for place, row in self.before.pop(each, {}).items():
                if row is None:
                    self.rows.pop(place, None)
                else:
                    self.rows[place] = row
        return RevertReport()

    def close_run(self, close: CloseRun) -> CloseRunReport:
        if self.is_away:
            raise Unavailable("data_hub is away")
        gone: dict[str, int] = {}
        for one in close.complete:
            for place in [p for p in self.rows if p[0] == one.kind and p[1].startswith(one.prefix)]:
                if self.seen[place] != close.run_id and self.sources[place] == close.source_id:
                    self.before.setdefault(close.run_id, {})[place] = self.rows.pop(place)
                    gone[one.kind] = gone.get(one.kind, 0) + 1
        return CloseRunReport(tombstoned=gone)

    def source_keys(self, source_id: str, kind: str, prefix: str = "") -> list[str]:
        return sorted(
            key
            for (of, key), source in self.sources.items()
            if of == kind and source == source_id and key.startswith(prefix) and (of, key) in self.rows
        )

    def source_counts(self, source_id: str) -> SourceCounts:
        if self.is_away:
            raise Unavailable("data_hub is away")
        counts: dict[str, int] = {}
        for (kind, key), source in self.sources.items():
            if source == source_id and (kind, key) in self.rows:
                name = f"{kind}:{key.rpartition('/')[0]}/"
                counts[name] = counts.get(name, 0) + 1
        return SourceCounts(source_id=source_id, counts=counts)


def facts(body: bytes) -> dict[str, Any]:
    """A record without where and when it was read."""
    return {name: value for name, value in loads(body).items() if name != "sources"}
