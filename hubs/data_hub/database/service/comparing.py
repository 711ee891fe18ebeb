"""Comparing: what a batch would insert and change, without loading it; and noting what was seen."""

from __future__ import annotations

from hubs.data_hub.database.repository.comparing import ComparingRepository
from hubs.data_hub.database.repository.ledger import LedgerRepository
from shared.contracts.http.ingest import CompareBatch, CompareReport
from shared.contracts.records import record_class


class ComparingService:
    """Answers importers before they load."""

    def __init__(self, comparing: ComparingRepository, ledger: LedgerRepository) -> None:
        self._comparing = comparing
        self._ledger = ledger

    def compare(self, asked: CompareBatch) -> CompareReport:
        """Sort keys into unchanged, changed and new, and note those that the run has seen.

        Raises: Invalid for an unknown kind.
        """
        kind = record_class(asked.kind).kind
        standing = self._comparing.standing(asked.source_id, kind, list(asked.hashes))
        unchanged: list[str] = []
        changed: list[str] = []
        new: list[str] = []
        mine: list[str] = []
        shared: list[str] = []
        for key, mark in asked.hashes.items():
            row = standing.get(key)
            if row is None:
                new.append(key)
                continue
            is_same = row.content_hash.hex() == mark and row.is_named_by_source and not row.is_deleted
            (unchanged if is_same else changed).append(key)
            if row.is_named_by_source:
                mine.append(key)
            if row.is_named_by_others:
                shared.append(key)
        if asked.seen:
            self._comparing.renew(asked.source_id, kind, asked.seen, asked.run_id, asked.observed_at)
            self._ledger.renew_freshness(
                kind,
                asked.source_id,
                asked.run_id,
                asked.observed_at,
                self._ledger.jurisdictions(kind, asked.seen),
            )
        facts = self._comparing.facts(kind, asked.facts_of) if asked.facts_of else {}
        if facts and asked.with_ballots and kind == "vote_event":
            ballots = self._comparing.ballots(list(facts))
            facts = {key: {**one, "ballots": ballots.get(key, [])} for key, one in facts.items()}
        return CompareReport(
            unchanged=tuple(unchanged),
            changed=tuple(changed),
            new=tuple(new),
            mine=tuple(mine),
            shared=tuple(shared),
            facts=facts,
        )
