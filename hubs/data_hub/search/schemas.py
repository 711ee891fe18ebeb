"""Shapes of the search API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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


@dataclass(frozen=True)
class SearchAnswer:
    """One page of hits and what is known about all of them together.

    ``meta`` holds total, facets, did_you_mean, shortcut, position (of the change feed that the index has
    reached), is_rebuilding and took_ms.
    """

    hits: list[dict[str, Any]]
    meta: dict[str, Any]


MAX_SAVED = 200


class SavedParams(BaseModel):
    """The parameters of ``/api/v1/search`` that are worth keeping, with what each may be."""

    q: str = ""
    type: str = ""
    party: str = ""
    jurisdiction: str = ""
    province: str = ""
    session: str = ""
    person: str = Field("", max_length=100)
    date_from: date | None = None
    date_to: date | None = None
    lang: Literal["", "en", "fr"] = ""
    sort: Sort = "relevance"


class SaveRequest(BaseModel):
    """A search to keep: a name, and the parameters of ``/api/v1/search``."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    params: dict[str, Annotated[str, StringConstraints(max_length=1_000)]] = Field(max_length=20)
