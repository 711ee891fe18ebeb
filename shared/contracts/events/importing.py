"""Events of the importer: a run was loaded, refused or held."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Event


class KindReport(BaseModel):
    """What loading did to one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    tombstoned: int = 0
    revived: int = 0
    skipped: int = 0


class ImportFinishedV1(Event):
    """The import of a run ended; ``summary`` is one readable sentence per language."""

    topic: ClassVar[str] = "importing.run.finished.v1"
    job_id: UUID
    run_id: UUID
    source_id: str
    outcome: Literal["succeeded", "failed", "quarantined", "cancelled", "timed_out"]
    reason: str = ""
    report: dict[str, KindReport] = {}
    summary_en: str = ""
    summary_fr: str = ""
