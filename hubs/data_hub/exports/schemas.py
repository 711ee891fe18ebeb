"""Shapes of the exports API."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from pydantic import BaseModel


class ExportRead(BaseModel):
    """An export as the API shows it."""

    id: UUID
    state: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    position: int | None
    size_bytes: int | None
    rows: int | None
    problem: str
    manifest_url: str


class ExportList(BaseModel):
    """Exports, newest first."""

    data: list[ExportRead]


class ManifestRead(BaseModel):
    """What an export holds; every file with its address."""

    id: UUID
    manifest: dict[str, Any]
