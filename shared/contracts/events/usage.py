"""How much the platform is used: sums, and nothing of whoever used it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from shared.contracts.envelope import Event


class RouteUse(BaseModel):
    """Requests of one route template and one class of answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    route: str
    """The template, never a path: ``/api/v1/bills``, ``/{lang:lang}/votes/{item}``."""
    status: int
    """The hundreds of the status: 2, 3, 4 or 5."""
    requests: int


class UsageCountedV1(Event):
    """Requests that one door answered until ``ended_at``, since it last said so."""

    topic: ClassVar[str] = "platform.usage.counted.v1"
    ended_at: datetime
    routes: tuple[RouteUse, ...]
