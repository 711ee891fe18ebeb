"""Shapes of the indicators' answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Format = Literal["json", "csv", "ndjson"]


class IndicatorRead(BaseModel):
    """An indicator's definition."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    title_en: str
    title_fr: str
    definition_en: str
    definition_fr: str
    formula_en: str
    formula_fr: str
    unit_en: str
    unit_fr: str
    source_en: str
    source_fr: str
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
    columns: list[str]
    rows: list[dict[str, Any]]
    is_cut: bool = Field(False, description="whether there are more rows than the limit")


class RebuildReport(BaseModel):
    """What a rebuild kept, per kind of record."""

    kept: dict[str, int]
    as_of_seq: int
    seconds: float
