"""API shapes of bundles and agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class BundleRead(BaseModel):
    """A bundle as it is served now."""

    model_config = ConfigDict(from_attributes=True)
    name: str
    number: int
    revision: str
    etag: str
    roots: list[str]
    built_at: datetime
    size_bytes: int


class BundleList(BaseModel):
    """Bundles by name."""

    data: list[BundleRead]


class BundleKeyRead(BaseModel):
    """The public half of a key that signs bundles, as an agent's configuration wants it."""

    model_config = ConfigDict(from_attributes=True)
    kid: str
    algorithm: Literal["ES256"] = "ES256"
    public_pem: str
    created_at: datetime
    retired_at: datetime | None


class BundleKeyList(BaseModel):
    """Keys, the one that signs now first."""

    data: list[BundleKeyRead]


class AgentRead(BaseModel):
    """An agent as it last reported itself."""

    agent_id: str
    labels: dict[str, Any]
    revisions: dict[str, str]
    is_current: bool
    problems: dict[str, str]
    plugins: dict[str, Any]
    first_seen_at: datetime
    last_seen_at: datetime


class AgentList(BaseModel):
    """Agents, the one heard of last first."""

    data: list[AgentRead]
