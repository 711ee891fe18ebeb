"""Every query about roles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hubs.security_hub.roles.models import Role, RoleGrant

_LOCK = 0x6F70_5E03


class RoleRepository:
    """The tables of roles and of who has them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lock(self) -> None:
        """Hold off others that would take roles away, until the transaction ends."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})

    def upsert_builtin(self, roles: Iterable[dict[str, object]]) -> None:
        """Write the built-in roles as the code defines them."""
        query = insert(Role).values(list(roles))
        fields = {
            name: query.excluded[name] for name in ("title_en", "title_fr", "permissions", "is_builtin")
        }
        self._session.execute(query.on_conflict_do_update(index_elements=[Role.name], set_=fields))

    def list(self) -> Sequence[Role]:
        """Return all roles by name."""
        return list(self._session.scalars(select(Role).order_by(Role.name)))

    def find(self, name: str) -> Role | None:
        """Return one role."""
        return self._session.scalar(select(Role).where(Role.name == name))

    def add(self, role: Role) -> None:
        """Insert a role."""
        self._session.add(role)
        self._session.flush()

    def delete(self, role: Role) -> None:
        """Delete a role and take it from everybody."""
        self._session.delete(role)

    def roles_of(self, subject_id: UUID) -> Sequence[Role]:
        """Return the roles that somebody has, by name."""
        query = select(Role).join(RoleGrant, RoleGrant.role_id == Role.id)
        return list(
            self._session.scalars(query.where(RoleGrant.subject_id == subject_id).order_by(Role.name))
        )

    def roles_of_many(self, subject_ids: Iterable[UUID]) -> dict[UUID, Sequence[str]]:
        """Return the names of the roles of several at once."""
        query = (
            select(RoleGrant.subject_id, Role.name)
            .join(Role, RoleGrant.role_id == Role.id)
            .where(RoleGrant.subject_id.in_(list(subject_ids)))
            .order_by(Role.name)
        )
        found: defaultdict[UUID, Any] = defaultdict(list)
        for subject_id, name in self._session.execute(query):
            found[subject_id].append(name)
        return dict(found)

    def grant(self, subject_id: UUID, role: Role, granted_by: str) -> None:
        """Give a role; twice is once."""
        grant = insert(RoleGrant).values(subject_id=subject_id, role_id=role.id, granted_by=granted_by)
        self._session.execute(grant.on_conflict_do_nothing())

    def withdraw(self, subject_id: UUID, role: Role) -> None:
        """Take a role away."""
        of_both = (RoleGrant.subject_id == subject_id) & (RoleGrant.role_id == role.id)
        self._session.execute(delete(RoleGrant).where(of_both))

    def withdraw_all(self, subject_id: UUID) -> None:
        """Take every role away."""
        self._session.execute(delete(RoleGrant).where(RoleGrant.subject_id == subject_id))

    def holders(self, role: Role, among: Iterable[UUID] | None = None) -> int:
        """Return how many have a role."""
        query = select(func.count()).select_from(RoleGrant).where(RoleGrant.role_id == role.id)
        if among is not None:
            query = query.where(RoleGrant.subject_id.in_(list(among)))
        return self._session.scalar(query) or 0

    def subjects_with(self, role: Role) -> Sequence[UUID]:
        """Return everybody who has a role."""
        return list(self._session.scalars(select(RoleGrant.subject_id).where(RoleGrant.role_id == role.id)))
