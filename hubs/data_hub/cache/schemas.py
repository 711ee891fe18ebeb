"""Shapes of the cache API."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class CacheWrite(BaseModel):
    """A value to keep, for so many seconds."""

    model_config = ConfigDict(extra="forbid")
    value: Any
    ttl_s: float = Field(300.0, gt=0, le=7 * 86_400)


class CacheRead(BaseModel):
    """A kept value and the seconds that it has left."""

    key: str
    value: Any
    ttl_s: float | None


class CacheState(BaseModel):
    """What a namespace has seen in this process, and what it holds (null: the cache is away)."""

    namespace: str
    backend: str
    hits: int
    misses: int
    sets: int
    deletes: int
    errors: int
    evictions: int
    entries: int | None
    hit_ratio: float
    is_available: bool
