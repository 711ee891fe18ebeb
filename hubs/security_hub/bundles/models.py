"""Tables: bundles as they were built, the keys that sign them, and the agents that use them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hubs.security_hub.base import Model
from shared.core.clock import utc_now


class BundleBuild(Model):
    """One bundle as it is served; kept as bytes, since a signature made anew would be another one."""

    __tablename__ = "bundle_builds"
    __table_args__ = (Index(None, "name", "number"),)
    number: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    name: Mapped[str]
    revision: Mapped[str]
    etag: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary())
    roots: Mapped[list[str]]
    built_at: Mapped[datetime] = mapped_column(default=utc_now)


class BundleKey(Model):
    """A key that signs bundles; agents are configured with its public half, so it lives long."""

    __tablename__ = "bundle_keys"
    kid: Mapped[str] = mapped_column(primary_key=True)
    public_pem: Mapped[str]
    sealed_private: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    retired_at: Mapped[datetime | None]


class PolicyAgent(Model):
    """One Open Policy Agent, as it last reported itself."""

    __tablename__ = "policy_agents"
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[dict[str, Any]]
    bundles: Mapped[dict[str, Any]]
    plugins: Mapped[dict[str, Any]]
    reported_by: Mapped[str]
    first_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_seen_at: Mapped[datetime] = mapped_column(default=utc_now)
