"""Shapes of saved queries."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ParameterType = Literal["text", "integer", "number", "date", "boolean"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
MAX_ROWS = 10_000


class Parameter(BaseModel):
    """A value that whoever runs the query gives; ``:name`` in the statement."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    type: ParameterType = "text"
    default: str | None = Field(None, max_length=300, description="null: the value must be given")
    label_en: str = Field("", max_length=200)
    label_fr: str = Field("", max_length=200)

    @model_validator(mode="after")
    def _default_fits(self) -> Parameter:
        if self.default is not None:
            typed(self, self.default)
        return self


class QueryWrite(BaseModel):
    """A saved query as its author writes it."""

    model_config = ConfigDict(extra="forbid")
    title_en: str = Field(min_length=1, max_length=200)
    title_fr: str = Field(min_length=1, max_length=200)
    description_en: str = Field("", max_length=2_000)
    description_fr: str = Field("", max_length=2_000)
    statement: str = Field(min_length=8, max_length=20_000, description="one SELECT over the facts")
    parameters: list[Parameter] = Field([], max_length=20)
    row_limit: int = Field(1_000, ge=1, le=MAX_ROWS)
    timeout_ms: int = Field(5_000, ge=50, le=20_000)
    max_age_s: int = Field(300, ge=0, le=86_400, description="seconds that an answer may be given again")

    @model_validator(mode="after")
    def _names_differ(self) -> QueryWrite:
        names = [parameter.name for parameter in self.parameters]
        if len(set(names)) != len(names):
            raise ValueError("a parameter is named twice")
        return self


class QueryCreate(QueryWrite):
    """A new saved query."""

    name: Name


class QueryRead(QueryWrite):
    """A saved query."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
    name: str
    version: int
    author: str
    updated_at: datetime


class QueryResult(BaseModel):
    """The rows of a saved query, and how old they are."""

    name: str
    version: int
    parameters: dict[str, Any]
    columns: list[str]
    rows: list[list[Any]]
    is_cut: bool = Field(description="whether there are more rows than the limit")
    computed_at: datetime
    age_s: float = Field(description="seconds since the rows were computed")
    duration_ms: float


def typed(parameter: Parameter, raw: str) -> Any:
    """Return a value of the parameter's type.

    Raises: ValueError.
    """
    match parameter.type:
        case "integer":
            return int(raw)
        case "number":
            return float(raw)
        case "date":
            return date.fromisoformat(raw)
        case "boolean":
            if raw.lower() not in ("true", "false"):
                raise ValueError("true or false")
            return raw.lower() == "true"
    return raw
