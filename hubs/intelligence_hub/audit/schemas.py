"""Shapes of the audit log's answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.core.clock import in_utc, utc_now
from shared.core.ids import new_id


class EntryCreate(BaseModel):
    """An auditable act as a caller states it."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(default_factory=new_id, description="the same id twice is one entry")
    occurred_at: Annotated[datetime, AfterValidator(in_utc)] = Field(default_factory=utc_now)
    producer: str = Field("", max_length=200)
    actor: str = Field(max_length=500)
    actor_type: str = Field("user", max_length=50)
    action: str = Field(pattern=r"^[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+$", max_length=100)
    target: str = Field("", max_length=500)
    target_type: str = Field("", max_length=100)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    reason: str = Field("", max_length=4_000)
    request_id: str = Field("", max_length=200)
    trace_id: str = Field("", max_length=64)
    clock_source: str = Field("", max_length=200, description="whose clock said occurred_at; empty: ours")
    metadata: dict[str, Any] = {}


class Search(BaseModel):
    """What entries to find; each condition narrows it."""

    actor: str = ""
    action: str = ""
    target: str = ""
    target_type: str = ""
    producer: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


class EntryRead(BaseModel):
    """An entry; a field that was redacted is null and named in ``redacted``."""

    seq: int
    id: UUID
    occurred_at: datetime
    recorded_at: datetime
    producer: str
    actor: str | None
    actor_type: str
    action: str
    target: str
    target_type: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str | None
    request_id: str
    trace_id: str
    clock_source: str
    metadata: dict[str, Any] | None
    redacted: list[str] = []
    commitments: dict[str, str]
    leaf_hash: str = Field(description="hexadecimal RFC 6962 leaf hash")


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an entry went."""

    seq: int
    id: UUID
    leaf_hash: str


class InclusionProof(BaseModel):
    """Ties entry ``seq`` to the root of the tree of ``size`` (hashes in hexadecimal)."""

    seq: int
    size: int
    leaf_hash: str
    path: list[str]
    root: str


class ConsistencyProof(BaseModel):
    """Ties the tree of ``first`` entries to that of ``second``."""

    first: int
    second: int
    path: list[str]
    first_root: str
    second_root: str


class Verification(BaseModel):
    """What recomputing the whole log found."""

    is_intact: bool
    entries: int
    checkpoints: int
    root: str
    first_bad_seq: int | None = None
    problem: str = ""


class RedactionCreate(BaseModel):
    """Which sensitive fields of an entry to delete, and why."""

    model_config = ConfigDict(extra="forbid")

    fields: list[str] = Field(min_length=1)
    reason: str = Field(min_length=3, max_length=1_000)
