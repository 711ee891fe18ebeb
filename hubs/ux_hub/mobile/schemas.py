"""Shapes of the mobile API: small cards, one language or both, and the delta of a synchronisation."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

Kind = Literal["bill", "person", "vote_event"]
COLLECTIONS: dict[str, str] = {"bill": "bills", "person": "people", "vote_event": "votes"}


class Cards(BaseModel):
    """One page of cards; ``cursor`` asks for the next."""

    data: list[dict[str, Any]]
    cursor: str | None = None


class Delta(BaseModel):
    """What changed since a token: records to keep, ids to drop, and the token to ask with next."""

    changed: dict[str, list[dict[str, Any]]] = Field(description="records by kind, each as it stands now")
    removed: list[str] = Field(description="ids of records that were withdrawn")
    token: str
    has_more: bool
