"""Loading a batch: the new is inserted, what differs is updated with its history, the rest only seen."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hubs.data_hub.database.repository.ledger import LedgerRepository
from hubs.data_hub.database.repository.loading import Existing, LoadingRepository, Stored
from hubs.data_hub.database.service.ahead import Ahead, write_ahead
from hubs.data_hub.database.service.announcing import Announcer
from hubs.data_hub.database.service.batch import Incoming, canonical, read_batch
from hubs.data_hub.database.service.differing import (
    Fields,
    ballot_changes,
    field_changes,
)
from hubs.data_hub.database.service.matching import PersonMatcher
from hubs.data_hub.database.service.projection import base_slug, key_slug, project
from hubs.data_hub.database.service.voting import Tally
from shared.contracts.events.importing import KindReport
from shared.contracts.http.ingest import UpsertBatch, UpsertReport
from shared.core.clock import utc_now
from shared.core.ids import new_id

Row = dict[str, Any]


@dataclass
class _Work:
    """What a batch comes down to."""

    inserts: list[Row] = field(default_factory=list)
    updates: list[Row] = field(default_factory=list)
    touched: dict[UUID, bytes] = field(default_factory=dict)
    changes: list[Row] = field(default_factory=list)
    revisions: list[Row] = field(default_factory=list)
    ballots: list[tuple[UUID, str, Sequence[Mapping[str, Any]], frozenset[int]]] = field(default_factory=list)
    replaced: list[UUID] = field(default_factory=list)
    renamed: dict[str, UUID] = field(default_factory=dict)
    """Slugs that records would be given now; they keep the one they have, and the new one leads there."""
    unchanged: int = 0
    updated: int = 0
    revived: int = 0
    ids: dict[str, UUID] = field(default_factory=dict)


class LoadingService:
    """Writes batches of one source's records; one call, one transaction."""

    def __init__(
        self,
        loading: LoadingRepository,
        ledger: LedgerRepository,
        matcher: PersonMatcher,
        announcer: Announcer,
        refresh_merged: Callable[[Sequence[UUID]], None],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._loading = loading
        self._ledger = ledger
        self._matcher = matcher
        self._announcer = announcer
        self._refresh_merged = refresh_merged
        self._clock = clock

    def load(self, batch: UpsertBatch) -> UpsertReport:
        """Upsert the records of a batch and return what became of them.

        Raises: RecordRefused when one breaks its contract; then nothing is stored.
        """
        read = read_batch(batch)
        if not read.records:
            return UpsertReport(kind=batch.kind, report=KindReport())
        kind, now = batch.kind, self._clock()
        self._matcher.begin(batch)
        # What differs is checked before other loads of the kind have to wait, and looked for again after when
        # anything has changed meanwhile: each change has its place in the feed, in the order of commits.
        seen = self._loading.allow_time()
        existing, other = self._differing(kind, read.records)
        checked = canonical(kind, other)
        self._matcher.match(kind, list(checked.values()))
        ahead = write_ahead(self._loading, checked, existing) if kind == "vote_event" else Ahead()
        if self._loading.begin(kind) != seen:
            existing, other = self._differing(kind, read.records)
        same = len(read.records) - len(other)
        work = _Work(unchanged=same, ids={key: row.id for key, row in existing.items()})
        jurisdictions = {str(item.raw.get("jurisdiction", "")) for item in read.records.values()} - {""}
        silent = [key for key, item in read.records.items() if not item.raw.get("jurisdiction")]
        if other:
            late = canonical(kind, [item for item in other if item.key not in checked])
            self._matcher.match(kind, list(late.values()))
            facts = {item.key: checked.get(item.key) or late[item.key] for item in other}
            jurisdictions |= {fact["jurisdiction"] for fact in facts.values()}
            silent = [key for key in silent if key not in facts]
            self._sort_out(kind, other, facts, existing, ahead, work, now)
            self._write(kind, work)
            if kind == "person" and work.updates:
                self._refresh_merged([row["id"] for row in work.updates])
        # Records may leave out where they belong; of those that are unchanged, the rows say it.
        jurisdictions.update(existing[key].jurisdiction for key in silent)
        # Of votes that another load has brought meanwhile, or a human corrects.
        self._loading.delete_ballots(list(ahead.written.values()))
        documents = self._ledger.upsert_documents(read.documents, batch.run_id, batch.source_id)
        self._see(batch, read.records, existing, documents, work)
        self._ledger.renew_freshness(kind, batch.source_id, batch.run_id, batch.observed_at, jurisdictions)
        self._matcher.keep_unmatched(now)
        self._announcer.announce(kind, work.changes, batch.run_id, batch.source_id, now)
        report = KindReport(
            inserted=len(work.inserts), updated=work.updated, unchanged=work.unchanged, revived=work.revived
        )
        return UpsertReport(kind=kind, report=report, unmatched=tuple(self._matcher.unmatched))

    def _differing(
        self, kind: str, records: Mapping[str, Incoming]
    ) -> tuple[dict[str, Existing], list[Incoming]]:
        """Return the rows under the keys of a batch, and the records that are not as they stand there."""
        existing = self._loading.existing(kind, list(records))
        same = {
            key
            for key, row in existing.items()
            if row.content_hash == records[key].hash and not row.is_deleted
        }
        return existing, [item for key, item in records.items() if key not in same]

    def _sort_out(
        self,
        kind: str,
        items: Sequence[Incoming],
        facts: Mapping[str, dict[str, Any]],
        existing: Mapping[str, Existing],
        ahead: Ahead,
        work: _Work,
        now: datetime,
    ) -> None:
        known = [item.key for item in items if item.key in existing]
        stored = self._loading.stored(kind, known) if known else {}
        locked = self._loading.corrections(kind, [item.key for item in items])
        said: list[tuple[str, str, Any]] = []
        for key, fields in locked.items():
            if key in facts:
                for name, value in fields.items():
                    said.append((key, name, facts[key].get(name)))
                    facts[key][name] = value
        self._loading.note_source_values(kind, said)
        if kind == "vote_event":
            ahead.count(facts, changed=locked)
        old_ballots = self._old_ballots(ahead.hashes, stored)
        fresh: list[Row] = []
        for item in items:
            fact = facts[item.key]
            ballots: Any = fact.pop("ballots", None) if kind == "vote_event" else None
            row = self._row(kind, fact, item.hash, now)
            if kind == "vote_event":
                row |= _vote_columns(ahead.tallies[item.key], ballots, ahead.hashes[item.key])
            before = stored.get(item.key)
            if before is None:
                written = None if item.key in locked else ahead.take(item.key)
                row |= {"id": written or new_id(), "created_at": now}
                work.ids[item.key] = row["id"]
                fresh.append(row)
                self._note_ballots(row, None if written else ballots, work)
                work.changes.append(_change(kind, row, "insert", {}))
            else:
                self._update(kind, row, ballots, before, old_ballots.get(before.id), work)
        self._give_slugs(kind, fresh)
        work.inserts = fresh

    def _row(self, kind: str, fact: Row, hash_: bytes, now: datetime) -> Row:
        row = project(kind, fact)
        row |= self._matcher.columns(kind, fact)
        return row | {
            "facts": fact,
            "content_hash": hash_,
            "updated_at": now,
            "deleted_at": None,
            "merged_into": None,
        }

    def _old_ballots(
        self, hashes: Mapping[str, bytes], stored: Mapping[str, Stored]
    ) -> dict[UUID, list[dict[str, Any]]]:
        differing = [
            row.id for key, row in stored.items() if key in hashes and row.ballots_hash != hashes[key]
        ]
        return self._loading.ballots(differing) if differing else {}

    def _update(
        self, kind: str, row: Row, ballots: Any, before: Stored, old_ballots: list[Any] | None, work: _Work
    ) -> None:
        changes: Fields = field_changes(before.facts, row["facts"])
        ballots_differ = kind == "vote_event" and before.ballots_hash != row["ballots_hash"]
        if ballots_differ:
            told = ballot_changes(old_ballots or [], ballots)
            # Other words for the same ballots (an identifier more, a name matched since) are no change.
            ballots_differ = told[0] != told[1]
            if ballots_differ:
                changes["ballots"] = told
        if not changes and not before.is_deleted:
            work.unchanged += 1
            work.touched[before.id] = row["content_hash"]
            return
        row |= {"id": before.id, "slug": before.slug}
        wanted = base_slug(kind, row["facts"])
        if wanted not in (before.slug, base_slug(kind, before.facts)):
            work.renamed[wanted] = before.id
        work.updates.append(row)
        if before.is_deleted:
            work.revived += 1
        else:
            work.updated += 1
        work.changes.append(_change(kind, row, "revive" if before.is_deleted else "update", changes))
        work.revisions.append(
            {
                "kind": kind,
                "record_id": before.id,
                "key": row["key"],
                "recorded_from": before.updated_at,
                "recorded_to": row["updated_at"],
                "was_deleted": before.is_deleted,
                "facts": before.facts,
                "ballots": (old_ballots or []) if ballots_differ else None,
            }
        )
        if ballots_differ:
            work.replaced.append(before.id)
            self._note_ballots(row, ballots, work)

    def _note_ballots(self, row: Row, ballots: Any, work: _Work) -> None:
        if ballots:
            work.ballots.append((row["id"], row["date"], ballots, row.pop("_dissents")))
        else:
            row.pop("_dissents", None)

    def _give_slugs(self, kind: str, rows: Sequence[Row]) -> None:
        wanted = [base_slug(kind, row["facts"]) for row in rows]
        taken = self._loading.slugs_taken(kind, set(wanted)) if rows else set()
        others: list[tuple[Row, str, str]] = []
        for row, slug in zip(rows, wanted, strict=True):
            if slug and slug not in taken:
                taken.add(slug)
                row["slug"] = slug
            else:
                of_key = key_slug(row["key"])
                tail = of_key.rpartition("-")[2]
                others.append((row, f"{slug}-{tail}" if kind == "person" and slug else of_key, of_key))
        if others:
            taken |= self._loading.slugs_taken(kind, {slug for _, *slugs in others for slug in slugs})
        for row, slug, of_key in others:
            # Keys that differ in punctuation alone have one slug: a mark of the key tells them apart.
            mark = hashlib.blake2b(row["key"].encode(), digest_size=4).hexdigest()
            found = next((one for one in (slug, of_key) if one not in taken), f"{of_key}-{mark}")
            taken.add(found)
            row["slug"] = found

    def _write(self, kind: str, work: _Work) -> None:
        if work.revisions:
            documents = self._ledger.documents_of([row["record_id"] for row in work.revisions])
            for row in work.revisions:
                row["documents"] = documents.get(row["record_id"], [])
        self._loading.insert(kind, work.inserts)
        self._loading.update(kind, work.updates)
        self._loading.touch_hashes(kind, work.touched)
        self._loading.delete_ballots(work.replaced)
        if work.ballots:
            self._loading.insert_ballots(work.ballots)
        self._loading.insert_revisions(work.revisions)
        self._loading.insert_permalinks(kind, work.renamed)

    def _see(
        self,
        batch: UpsertBatch,
        records: Mapping[str, Incoming],
        existing: Mapping[str, Existing],
        documents: Mapping[bytes, int],
        work: _Work,
    ) -> None:
        common = {
            "source_id": batch.source_id,
            "kind": batch.kind,
            "run_id": batch.run_id,
            "seen_at": batch.observed_at,
            "gone_at": None,
        }
        first: list[Row] = []
        again: list[Row] = []
        for key, item in records.items():
            row = {
                **common,
                "key": key,
                "record_id": work.ids[key],
                "documents": [documents[mark] for mark in item.sources],
            }
            (again if key in existing else first).append(row)
        self._ledger.insert_sightings(first)
        self._ledger.renew_sightings(again)


def _vote_columns(counted: Tally, ballots: Sequence[Mapping[str, Any]], hash_: bytes) -> Row:
    return {
        "yes_count": counted.yes,
        "no_count": counted.no,
        "paired_count": counted.paired,
        "ballot_count": len(ballots),
        "is_consistent": counted.is_consistent,
        "party_lines": counted.party_lines,
        "ballots_hash": hash_,
        "_dissents": counted.dissents,
    }


def _change(kind: str, row: Row, change: str, fields: Fields) -> Row:
    return {
        "kind": kind,
        "record_id": row["id"],
        "key": row["key"],
        "change": change,
        "jurisdiction": row["jurisdiction"],
        "title_en": row["title_en"],
        "title_fr": row["title_fr"],
        "fields": fields,
    }
