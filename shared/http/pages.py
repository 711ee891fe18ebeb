"""The shape of every list answer."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Freshness(BaseModel):
    """How fresh the rows of an answer are."""

    as_of: datetime | None = Field(None, description="when the newest contributing source was last read")
    stale: bool = Field(False, description="whether that is older than the source's promise")


class PageMeta(BaseModel):
    """What is known about the list as a whole."""

    freshness: Freshness | None = None
    total: int | None = Field(None, description="exact count, only when asked for")


class Page(BaseModel, Generic[T]):
    """One page; ``next`` is the URL of the following one (also in the ``Link`` header)."""

    data: list[T]
    next: str | None = None
    previous: str | None = None
    meta: PageMeta = PageMeta()
