"""Shapes of the search API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from hubs.data_hub.search.querying import Filters

Sort = Literal["relevance", "date", "-date"]


@dataclass(frozen=True)
class SearchRequest:
    """One search as asked for."""

    text: str
    filters: Filters
    lang: str = ""
    sort: Sort = "relevance"
    limit: int = 20
    offset: int = 0
    wants_facets: bool = True
    wants_snippets: bool = True


class FacetValue(BaseModel):
    """How many hits carry a value."""

    value: str | int
    count: int


class SearchMeta(BaseModel):
    """What is known about all hits together."""

    total: int
    facets: dict[str, list[FacetValue]] = {}
    did_you_mean: str | None = None
    shortcut: dict[str, Any] | None = None
    """Where the query leads straight away: a member, a bill, a postal code."""
    position: int
    """Position of the change feed that the index has reached."""
    is_rebuilding: bool = False
    took_ms: float


class SearchAnswer(BaseModel):
    """One page of hits."""

    data: list[dict[str, Any]]
    next: str | None = None
    meta: SearchMeta
