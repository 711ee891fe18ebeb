"""What business_hub sends to data_hub's batch upsert, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.events.importing import KindReport
from shared.contracts.events.scraping import CompleteSet


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class UpsertBatch(_Plain):
    """Records of one kind (the model in ``shared.contracts.records``), seen by one run."""

    run_id: UUID
    source_id: str
    kind: str
    observed_at: datetime
    records: tuple[dict[str, Any], ...] = Field(max_length=5_000)


class UnmatchedName(_Plain):
    """A name that no person could be found for."""

    name: str
    context: str
    record_key: str


class UpsertReport(_Plain):
    """Counts per batch; ``unmatched`` goes to the review queue."""

    kind: str
    report: KindReport
    unmatched: tuple[UnmatchedName, ...] = ()


class CompareBatch(_Plain):
    """Keys of one kind with the hash of each record; with ``is_seen`` those that are as before count as seen.

    ``facts_of`` asks for what is on record of some of the keys.
    """

    run_id: UUID
    source_id: str
    kind: str
    observed_at: datetime
    hashes: dict[str, str] = Field(max_length=20_000)
    """Key to the hash (``shared.contracts.records.content_hash``), hexadecimal."""
    is_seen: bool = False
    facts_of: tuple[str, ...] = Field(default=(), max_length=5_000)


class CompareReport(_Plain):
    """Each key is in one of the first three lists; ``shared`` holds those that other sources name too."""

    unchanged: tuple[str, ...] = ()
    """Named by this source before, with the same hash."""
    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    facts: dict[str, dict[str, Any]] = {}


class CloseRun(_Plain):
    """All batches of a run are in: mark what the run proves to be gone."""

    run_id: UUID
    source_id: str
    observed_at: datetime
    complete: tuple[CompleteSet, ...] = ()


class CloseRunReport(_Plain):
    """Tombstones per kind."""

    tombstoned: dict[str, int] = {}


class SourceCounts(_Plain):
    """Live rows per kind and prefix that came from a source: what the guards compare with."""

    source_id: str
    counts: dict[str, int] = {}
