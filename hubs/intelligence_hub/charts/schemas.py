"""A figure: what is drawn, in words and numbers, before anybody draws it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_POINTS = 10_000
Kind = Literal["bar", "line", "pie", "scatter", "heatmap", "hemicycle", "timeline", "sparkline"]
Label = Annotated[str, Field(max_length=300)]


class Point(BaseModel):
    """One datum: its place on the axis or its name, its value, and the series it belongs to."""

    model_config = ConfigDict(extra="forbid")
    x: float | Label
    y: float = Field(allow_inf_nan=False)
    series: Label = ""
    label: Label = ""


class Figure(BaseModel):
    """A chart in both languages; x of a heat map is the column and ``series`` the row."""

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    title_en: Label
    title_fr: Label
    description_en: Annotated[str, Field(max_length=2_000)] = ""
    description_fr: Annotated[str, Field(max_length=2_000)] = ""
    x_title_en: Label = ""
    x_title_fr: Label = ""
    y_title_en: Label = ""
    y_title_fr: Label = ""
    unit: Label = ""
    source: Label = ""
    points: list[Point] = Field(max_length=MAX_POINTS)

    @model_validator(mode="after")
    def _numbers_where_numbers_are_needed(self) -> Figure:
        if self.kind in ("scatter",) and any(isinstance(point.x, str) for point in self.points):
            raise ValueError(f"x of a {self.kind} chart is a number")
        if self.kind in ("pie", "hemicycle") and any(point.y < 0 for point in self.points):
            raise ValueError(f"a {self.kind} chart has no negative parts")
        return self

    def title(self, lang: str) -> str:
        """Return the title in a language."""
        return self.title_fr if lang == "fr" else self.title_en

    def description(self, lang: str) -> str:
        """Return the description in a language."""
        return self.description_fr if lang == "fr" else self.description_en

    def series_names(self) -> list[str]:
        """Return the names of the series in order of appearance."""
        return list(dict.fromkeys(point.series for point in self.points))
