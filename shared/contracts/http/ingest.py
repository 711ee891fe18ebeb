"""What business_hub sends to data_hub's batch upsert, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

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
    records: tuple[SkipValidation[dict[str, Any]], ...] = Field(max_length=5_000)
    """Whoever reads them checks that each is an object: here every key of every record would be looked at."""


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
    """Keys of one kind with the hash of each record.

    ``seen`` are keys that this source names and that the run has seen as they were; ``facts_of`` asks for
    what is on record under some keys.
    """

    run_id: UUID
    source_id: str
    kind: str
    observed_at: datetime
    hashes: dict[str, str] = Field(default={}, max_length=20_000)
    """Key to the hash (``shared.contracts.records.content_hash``), hexadecimal."""
    seen: tuple[str, ...] = Field(default=(), max_length=20_000)
    facts_of: tuple[str, ...] = Field(default=(), max_length=5_000)
    with_ballots: bool = False
    """The facts of votes come with their ballots."""


class CompareReport(_Plain):
    """Each key is in one of the first three lists; ``mine``: this source names it, ``shared``: others do."""

    unchanged: tuple[str, ...] = ()
    """Named by this source before, with the same hash."""
    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()
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


class RevertRun(_Plain):
    """Take back what a run of a source changed, as if neither it nor ``earlier`` runs of it had been."""

    run_id: UUID
    source_id: str
    earlier: tuple[UUID, ...] = Field(default=(), max_length=1_000)


class RevertReport(_Plain):
    """What was taken back; ``kept`` counts records that somebody else changed since."""

    report: dict[str, KindReport] = {}
    kept: dict[str, int] = {}


class SourceKeys(_Plain):
    """Keys, in their order, of standing records that a source names and no other does."""

    keys: tuple[str, ...] = ()
    after: str = ""
    """Where the next page begins; empty at the end."""


class SourceCounts(_Plain):
    """Live rows per kind and prefix that came from a source: what the guards compare with."""

    source_id: str
    counts: dict[str, int] = {}
