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
