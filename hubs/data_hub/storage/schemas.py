"""Shapes of the storage API."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class Upload:
    """A body that was received: a temporary file, its hash and size in bytes."""

    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class FileNames:
    """What an uploaded file is to be called, and how it is to be kept."""

    namespace: str
    name: str
    claimed_type: str = ""
    is_public: bool = False
    retention_days: int | None = None


@dataclass(frozen=True)
class Part:
    """A part of a file: first byte and length."""

    start: int
    length: int


class FileRead(BaseModel):
    """A stored file as the API shows it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    namespace: str
    name: str
    version: int
    sha256: str
    size_bytes: int
    media_type: str
    is_public: bool
    is_held: bool
    created_by: str
    created_at: dt.datetime
    expires_at: dt.datetime | None
    text_state: str
    url: str
    content_url: str
    is_duplicate: bool = Field(False, description="the bytes were stored before, under whatever name")


class FileList(BaseModel):
    """Files, newest first."""

    data: list[FileRead]
    next: str | None = None


class HoldRequest(BaseModel):
    """Put a file under a legal hold, or take it off."""

    model_config = ConfigDict(extra="forbid")
    is_held: bool
    reason: str = Field("", max_length=2_000)


class SignRequest(BaseModel):
    """How long a signed address is good for, in seconds."""

    model_config = ConfigDict(extra="forbid")
    ttl_s: int = Field(3_600, ge=1, le=7 * 86_400)


class SignedUrl(BaseModel):
    """An address that anyone may read until it runs out."""

    url: str
    expires_at: dt.datetime


class Usage(BaseModel):
    """What is stored, in bytes."""

    files: int
    blobs: int
    size_bytes: int
    quota_bytes: int
    by_namespace: dict[str, int]
    damaged: int


class ScrubReport(BaseModel):
    """What a look at the oldest unverified bytes found."""

    checked: int
    damaged: list[str]
    expired: int
    removed: int


class ProvenanceDocument(BaseModel):
    """A document that a record was read in, and whether its archived bytes still have their hash."""

    source_id: str
    url: str
    retrieved_at: dt.datetime
    sha256: str
    parser: str
    licence: str
    run_id: UUID
    last_seen_at: dt.datetime
    is_archived: bool
    is_verified: bool
    content_url: str | None
    size_bytes: int | None
    media_type: str


class Provenance(BaseModel):
    """Where a record was read."""

    id: UUID
    type: str
    key: str
    url: str
    documents: list[ProvenanceDocument]
