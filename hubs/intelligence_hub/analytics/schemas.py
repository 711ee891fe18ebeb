"""Shapes of the indicators' answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class IndicatorRead(BaseModel):
    """An indicator's definition."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title_en: str
    title_fr: str
    definition_en: str
    definition_fr: str
    formula: str
    unit: str
    source: str
    caveat_en: str
    caveat_fr: str
    parameters: tuple[str, ...]
    required: tuple[str, ...]


class IndicatorResult(BaseModel):
    """Rows of an indicator, with its definition and how far the record was read."""

    indicator: IndicatorRead
    parameters: dict[str, str]
    as_of_seq: int = Field(description="position of the change feed that the rows reflect")
    computed_at: datetime
    rows: list[dict[str, Any]]
    is_cut: bool = Field(False, description="whether there are more rows than the limit")


class RebuildReport(BaseModel):
    """What a rebuild kept."""

    votes: int
    bills: int
    as_of_seq: int
    seconds: float
