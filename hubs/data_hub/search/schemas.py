"""Shapes of the search API."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hubs.data_hub.search.querying import Filters
from hubs.data_hub.search.wire import SearchRequest, Sort

MAX_SAVED = 200
MAX_OFFSET = 10_000
_Listed = Annotated[str, Field(max_length=1_000, description="several separated by commas")]


class SavedParams(BaseModel):
    """The parameters of ``/api/v1/search`` that are worth keeping, with what each may be."""

    q: str = Field("", description='words, "phrase", -word, OR, prefix*, party:, mp:, bill:, date: ...')
    type: _Listed = ""
    party: _Listed = ""
    jurisdiction: _Listed = ""
    province: _Listed = ""
    session: _Listed = ""
    person: str = Field("", max_length=100, description="id of a person")
    date_from: date | None = None
    date_to: date | None = None
    lang: Literal["", "en", "fr"] = Field("", description="language of the snippets")
    sort: Sort = "relevance"


class SearchParams(SavedParams):
    """All parameters of ``/api/v1/search``."""

    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=MAX_OFFSET)
    facets: bool = True
    snippets: bool = True

    def request(self) -> SearchRequest:
        """Return the search that they ask for."""
        filters = Filters(
            types=_values(self.type),
            parties=_values(self.party),
            jurisdictions=_values(self.jurisdiction),
            provinces=_values(self.province),
            sessions=_values(self.session),
            person_id=self.person,
            date_from=self.date_from,
            date_to=self.date_to,
        )
        return SearchRequest(
            self.q, filters, self.lang, self.sort, self.limit, self.offset, self.facets, self.snippets
        )


def _values(raw: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in raw.split(",") if part.strip()) if raw else ()


class SaveRequest(BaseModel):
    """A search to keep: a name, and the parameters of ``/api/v1/search``."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=200)
    params: dict[str, Annotated[str, StringConstraints(max_length=1_000)]] = Field(max_length=20)
