"""Every query about bundles, their keys and their agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from hubs.security_hub.bundles.models import BundleBuild, BundleKey, PolicyAgent

_LOCK = 0x6F70_5E05
_KEPT_BUILDS = 50
_MOST_AGENTS = 500


class BundleRepository:
    """The tables of bundles."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Hold off other builds until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def latest(self, name: str) -> BundleBuild | None:
        """Return the newest build of a bundle."""
        query = select(BundleBuild).where(BundleBuild.name == name).order_by(BundleBuild.number.desc())
        return self._session.scalar(query.limit(1))

    def latest_of_all(self) -> Sequence[BundleBuild]:
        """Return the newest build of each bundle, by name."""
        query = select(BundleBuild).order_by(BundleBuild.name, BundleBuild.number.desc())
        return self._session.scalars(query.ext(distinct_on(BundleBuild.name))).all()

    def add(self, row: BundleBuild | BundleKey) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def prune(self, name: str) -> None:
        """Drop all but the newest builds of a bundle."""
        kept = (
            select(BundleBuild.number)
            .where(BundleBuild.name == name)
            .order_by(BundleBuild.number.desc())
            .limit(_KEPT_BUILDS)
        )
        old = (BundleBuild.name == name) & BundleBuild.number.not_in(kept)
        self._session.execute(delete(BundleBuild).where(old))

    def list_keys(self) -> Sequence[BundleKey]:
        """Return the keys, the newest first."""
        return self._session.scalars(
            select(BundleKey).order_by(BundleKey.created_at.desc(), BundleKey.kid)
        ).all()

    def report(self, agent: dict[str, object], now: datetime) -> None:
        """Write down what an agent reports."""
        query = insert(PolicyAgent).values(**agent, first_seen_at=now, last_seen_at=now)
        changes = {name: query.excluded[name] for name in ("labels", "bundles", "plugins", "reported_by")}
        changes["last_seen_at"] = query.excluded["last_seen_at"]
        self._session.execute(query.on_conflict_do_update(index_elements=["agent_id"], set_=changes))

    def agents(self) -> Sequence[PolicyAgent]:
        """Return agents, the one heard of last first."""
        query = select(PolicyAgent).order_by(PolicyAgent.last_seen_at.desc(), PolicyAgent.agent_id)
        return self._session.scalars(query.limit(_MOST_AGENTS)).all()

    def forget_agents(self, before: datetime) -> None:
        """Drop agents not heard of since a moment."""
        self._session.execute(delete(PolicyAgent).where(PolicyAgent.last_seen_at < before))
