"""Shapes of reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hubs.intelligence_hub.queries.schemas import Name
from hubs.intelligence_hub.reports.schedule import Every


class ReportWrite(BaseModel):
    """What is counted, with which values, how often."""

    model_config = ConfigDict(extra="forbid")
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    kind: Literal["indicator", "query"]
    subject: str = Field(max_length=80, description="name of the indicator or saved query")
    parameters: dict[str, str] = Field({}, max_length=20)
    every: Every = "week"
    weekday: int = Field(0, ge=0, le=6, description="0 is Monday; for weekly reports")
    hour: int = Field(6, ge=0, le=23)
    time_zone: str = Field("America/Toronto", max_length=60)
    keep: int = Field(12, ge=1, le=400, description="runs that are kept")
    is_enabled: bool = True

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone") from None
        return name


class ReportCreate(ReportWrite):
    """A new report."""

    name: Name


class ReportRead(ReportWrite):
    """A report and when it is due."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    name: str
    author: str
    next_at: datetime


class RunRead(BaseModel):
    """One counting, without its rows."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    report: str
    due_at: datetime
    started_at: datetime
    finished_at: datetime
    outcome: Literal["succeeded", "failed"]
    error: str
    as_of_seq: int | None
    is_cut: bool


class RunDetail(RunRead):
    """One counting with its rows."""

    columns: list[str]
    rows: list[Any]
