"""Shapes of the geography API."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.http.pages import Freshness

Method = Literal["concordance", "centroid", "point_in_polygon"]


class BoundarySetWrite(BaseModel):
    """What describes a set of boundaries."""

    model_config = ConfigDict(extra="forbid")
    name_en: str = Field(min_length=1, max_length=300)
    name_fr: str = Field("", max_length=300)
    singular_en: str = Field("", max_length=300)
    singular_fr: str = Field("", max_length=300)
    domain: str = Field("", max_length=300)
    authority: str = Field("", max_length=300)
    jurisdiction: str = Field("", max_length=300)
    organization_key: str = Field("", max_length=300, description="the body whose members sit for these")
    source_url: str = Field("", max_length=2_000)
    licence_url: str = Field("", max_length=2_000)
    last_updated: dt.date | None = None
    valid_from: dt.date | None = None
    valid_through: dt.date | None = None


class BoundarySetRead(BoundarySetWrite):
    """A set of boundaries as the API shows it."""

    id: UUID
    slug: str
    url: str
    boundaries_url: str
    count: int
    updated_at: dt.datetime


class BoundariesLoaded(BaseModel):
    """What became of a file of shapes."""

    set: str
    inserted: int
    updated: int
    unchanged: int
    removed: int


class PostalRow(BaseModel):
    """A postal code in a district, or at a place; at least one of the two."""

    model_config = ConfigDict(extra="forbid")
    code: str
    set: str = ""
    external_id: str = Field("", max_length=200)
    share: float | None = Field(None, gt=0, le=1)
    lat: float | None = Field(None, ge=-90, le=90)
    lng: float | None = Field(None, ge=-180, le=180)
    city: str = Field("", max_length=200)
    province: str = Field("", max_length=100)


class PostalBatch(BaseModel):
    """Postal codes from one source."""

    model_config = ConfigDict(extra="forbid")
    source: str = Field(min_length=1, max_length=500)
    rows: list[PostalRow] = Field(max_length=20_000)


class PostalLoaded(BaseModel):
    """How many rows a batch of postal codes wrote."""

    concordances: int
    centroids: int


class BoundaryRead(BaseModel):
    """A boundary without its shape."""

    id: UUID
    url: str
    set: str
    slug: str
    external_id: str
    name_en: str
    name_fr: str
    division_id: str
    centroid: tuple[float, float]
    extent: list[float]

    @field_validator("centroid", mode="before")
    @classmethod
    def _rounded(cls, value: Any) -> Any:
        return tuple(round(float(part), 6) for part in value)


class Candidate(BaseModel):
    """A district that a place may lie in."""

    boundary: BoundaryRead
    method: Method
    confidence: float = Field(description="0 to 1")
    share: float | None = Field(None, description="of the postal code's addresses, where known")
    is_near_edge: bool = False


class Representative(BaseModel):
    """Who sits for a district; no person where the seat is vacant."""

    person: dict[str, Any] | None
    membership: dict[str, Any] | None
    post: dict[str, Any] | None
    is_vacant: bool
    boundary: BoundaryRead
    confidence: float
    method: Method


class PlaceMeta(BaseModel):
    """How the place was found, and how sure that is."""

    method: Method
    confidence: float
    is_ambiguous: bool
    ask_for_address: bool
    message_en: str = ""
    message_fr: str = ""
    as_of: dt.date
    postal_code: str | None = None
    point: tuple[float, float] | None = None
    city: str = ""
    province: str = ""
    candidates: list[Candidate]
    freshness: Freshness


class PlaceAnswer(BaseModel):
    """Representatives of a place."""

    data: list[Representative]
    meta: PlaceMeta
