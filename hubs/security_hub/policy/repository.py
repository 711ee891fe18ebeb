"""Every query about policies."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hubs.security_hub.policy.models import Policy, PolicyVersion


class PolicyRepository:
    """The tables of policies."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Policy | PolicyVersion) -> None:
        """Insert a row."""
        self._session.add(row)
        self._session.flush()

    def find(self, name: str, *, is_locked: bool = False) -> Policy | None:
        """Return one policy."""
        query = select(Policy).where(Policy.name == name)
        return self._session.scalar(query.with_for_update() if is_locked else query)

    def list(self, category: str | None = None, search: str = "") -> Sequence[Policy]:
        """Return policies by name."""
        query = select(Policy).order_by(Policy.name)
        if category is not None:
            query = query.where(Policy.category == category)
        if search:
            query = query.where(Policy.name.contains(search, autoescape=True))
        return self._session.scalars(query).all()

    def roots(self) -> Sequence[str]:
        """Return the roots of all policies."""
        return self._session.scalars(select(Policy.root).order_by(Policy.root)).all()

    def delete(self, policy: Policy) -> None:
        """Delete a policy and its versions."""
        self._session.delete(policy)
        self._session.flush()

    def find_version(self, policy_id: UUID, version: int) -> PolicyVersion | None:
        """Return one version."""
        query = select(PolicyVersion).where(
            PolicyVersion.policy_id == policy_id, PolicyVersion.version == version
        )
        return self._session.scalar(query)

    def versions(self, policy_id: UUID) -> Sequence[PolicyVersion]:
        """Return versions, the newest first."""
        query = select(PolicyVersion).where(PolicyVersion.policy_id == policy_id)
        return self._session.scalars(query.order_by(PolicyVersion.version.desc())).all()

    def last_version(self, policy_id: UUID) -> int:
        """Return the number of the newest version, 0 when there is none."""
        query = select(func.max(PolicyVersion.version)).where(PolicyVersion.policy_id == policy_id)
        return self._session.scalar(query) or 0

    def published_in(self, bundle: str) -> Sequence[tuple[Policy, PolicyVersion]]:
        """Return what is published in a bundle, by root."""
        query = (
            select(Policy, PolicyVersion)
            .join(PolicyVersion, PolicyVersion.policy_id == Policy.id)
            .where(Policy.bundle == bundle, PolicyVersion.version == Policy.published_version)
            .order_by(Policy.root)
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]
