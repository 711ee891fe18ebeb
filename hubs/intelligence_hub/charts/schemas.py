"""A figure: what is drawn, in words and numbers, before anybody draws it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAX_POINTS = 10_000
Kind = Literal["bar", "line", "pie", "scatter", "heatmap", "hemicycle", "timeline", "sparkline"]
LARGEST = 1e15
Drawable = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
"""A number that an axis can be labelled with."""
Label = Annotated[str, Field(max_length=300)]


class Point(BaseModel):
    """One datum: its place on the axis or its name, its value, and the series it belongs to."""

    model_config = ConfigDict(extra="forbid")
    x: Drawable | Label
    y: Drawable
    series: Label = ""
    label: Label = ""
    label_fr: Label = ""

    def words(self, lang: str) -> str:
        """Return what the point is called in a language."""
        return (self.label_fr if lang == "fr" else "") or self.label or str(self.x)


class ChartRead(BaseModel):
    """A chart that is drawn here, and what it takes."""

    indicator: str
    kind: Kind
    title_en: str
    title_fr: str
    parameters: tuple[str, ...]
    required: tuple[str, ...]


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
    unit_en: Label = ""
    unit_fr: Label = ""
    source_en: Label = ""
    source_fr: Label = ""
    words_fr: dict[Label, Label] = Field({}, max_length=500)
    """French for names of series and places on the axis, where they differ."""
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

    def unit(self, lang: str) -> str:
        """Return the unit in a language."""
        return self.unit_fr if lang == "fr" else self.unit_en

    def source(self, lang: str) -> str:
        """Return the source in a language."""
        return self.source_fr if lang == "fr" else self.source_en

    def axis(self, which: Literal["x", "y"], lang: str) -> str:
        """Return the title of an axis in a language; of y, the unit when it has none."""
        titles = {
            "x": (self.x_title_en, self.x_title_fr),
            "y": (self.y_title_en or self.unit_en, self.y_title_fr or self.unit_fr),
        }
        return titles[which][lang == "fr"]

    def name(self, word: str, lang: str) -> str:
        """Return the name of a series or of a place on the axis in a language."""
        return self.words_fr.get(word, word) if lang == "fr" else word

    def series_names(self) -> list[str]:
        """Return the names of the series in order of appearance."""
        return list(dict.fromkeys(point.series for point in self.points))
