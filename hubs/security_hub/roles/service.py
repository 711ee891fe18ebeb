"""Roles: what they allow, who has them, and that nobody gives away more than they have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.roles.errors import BeyondOwnRights, LastAdministrator, RoleIsBuiltin, RoleNotFound
from hubs.security_hub.roles.models import Role
from hubs.security_hub.roles.repository import RoleRepository
from hubs.security_hub.roles.schemas import (
    BUILTIN_ROLES,
    Rights,
    RoleCreate,
    RoleRead,
    RoleUpdate,
    is_covered,
)
from hubs.security_hub.trail.service import Trail
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.auth import Principal
from shared.core.clock import utc_now
from shared.core.errors import Conflict
from shared.core.ids import new_id
from shared.db.session import transaction


class RoleService:
    """Roles and rights."""

    def __init__(
        self, repository: RoleRepository, trail: Trail, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._repository = repository
        self._trail = trail
        self._now = now

    def ensure_builtin(self) -> None:
        """Write the built-in roles as this release defines them."""
        self._repository.upsert_builtin(
            {
                "id": new_id(),
                "name": name,
                "title_en": en,
                "title_fr": fr,
                "permissions": list(allows),
                "is_builtin": True,
            }
            for name, (en, fr, allows) in sorted(BUILTIN_ROLES.items())
        )

    def list(self) -> Sequence[RoleRead]:
        """Return all roles."""
        return [RoleRead.model_validate(role) for role in self._repository.list()]

    def get(self, name: str) -> RoleRead:
        """Return one role.

        Raises: RoleNotFound.
        """
        return RoleRead.model_validate(self._get(name))

    def create(self, form: RoleCreate, caller: Principal) -> RoleRead:
        """Make a role out of permissions that the caller has.

        Raises: Conflict when the name is taken; BeyondOwnRights.
        """
        self._require_own(form.permissions, caller)
        if self._repository.find(form.name):
            raise Conflict(f"there is a role {form.name!r} already")
        role = Role(**form.model_dump(), is_builtin=False)
        self._repository.add(role)
        self._trail.record(
            "role.created",
            caller,
            target=role.name,
            target_type="role",
            after={"permissions": role.permissions},
        )
        return RoleRead.model_validate(role)

    def update(self, name: str, form: RoleUpdate, caller: Principal) -> RoleRead:
        """Change a role that is not built in.

        Raises: RoleNotFound, RoleIsBuiltin, BeyondOwnRights.
        """
        role = self._get_changeable(name)
        changes = form.model_dump(exclude_none=True)
        self._require_own(changes.get("permissions", []), caller)
        before = {field: getattr(role, field) for field in changes}
        for field, value in changes.items():
            setattr(role, field, value)
        role.updated_at = self._now()
        self._trail.record(
            "role.changed", caller, target=name, target_type="role", before=before, after=changes
        )
        return RoleRead.model_validate(role)

    def delete(self, name: str, caller: Principal) -> None:
        """Delete a role and take it from everybody.

        Raises: RoleNotFound, RoleIsBuiltin.
        """
        role = self._get_changeable(name)
        self._trail.record(
            "role.deleted", caller, target=name, target_type="role", before={"permissions": role.permissions}
        )
        self._repository.delete(role)

    def rights_of(self, subject_id: UUID) -> Rights:
        """Return what somebody may do now."""
        roles = self._repository.roles_of(subject_id)
        return Rights(
            roles=tuple(role.name for role in roles),
            permissions=frozenset(p for role in roles for p in role.permissions),
        )

    def names_of_many(self, subject_ids: Iterable[UUID]) -> dict[UUID, Sequence[str]]:
        """Return the role names of several people at once."""
        return self._repository.roles_of_many(subject_ids)

    def grant(self, subject_id: UUID, name: str, caller: Principal | str) -> None:
        """Give a role whose permissions the caller has.

        Raises: RoleNotFound, BeyondOwnRights.
        """
        role = self._get(name)
        if isinstance(caller, Principal):
            self._require_own(role.permissions, caller)
        self._repository.grant(subject_id, role, caller.subject if isinstance(caller, Principal) else caller)
        self._trail.record(
            "role.granted", caller, target=str(subject_id), target_type="user", after={"role": name}
        )

    def withdraw(self, subject_id: UUID, name: str, caller: Principal) -> None:
        """Take a role away that the caller could give.

        Raises: RoleNotFound, BeyondOwnRights, LastAdministrator.
        """
        role = self._get(name)
        self._require_own(role.permissions, caller)
        if name == "admin":
            self.keep_an_administrator(subject_id)
        self._repository.withdraw(subject_id, role)
        self._trail.record(
            "role.withdrawn", caller, target=str(subject_id), target_type="user", before={"role": name}
        )

    def withdraw_all(self, subject_id: UUID) -> None:
        """Take every role away, when an account ends."""
        self._repository.withdraw_all(subject_id)

    def administrators(self) -> Sequence[UUID]:
        """Return everybody with the role ``admin``."""
        return self._repository.subjects_with(self._get("admin"))

    def keep_an_administrator(self, leaving: UUID) -> None:
        """Refuse to let the last administrator go.

        Raises: LastAdministrator.
        """
        self._repository.lock()
        holders = self.administrators()
        if leaving in holders and len(holders) == 1:
            raise LastAdministrator("this is the last administrator; appoint another one first")

    def _get(self, name: str) -> Role:
        role = self._repository.find(name)
        if role is None:
            raise RoleNotFound(f"no role {name!r}")
        return role

    def _get_changeable(self, name: str) -> Role:
        role = self._get(name)
        if role.is_builtin:
            raise RoleIsBuiltin(f"{name!r} is built in")
        return role

    @staticmethod
    def _require_own(permissions: Iterable[str], caller: Principal) -> None:
        for permission in permissions:
            if not is_covered(permission, caller.scopes):
                raise BeyondOwnRights(f"you do not have {permission!r} yourself")


def build(session: Session, resources: Resources) -> RoleService:
    """Return the service for one transaction."""
    return RoleService(RoleRepository(session), build_trail(session, resources))


def ensure_builtin_roles(resources: Resources) -> None:
    """Write the built-in roles at start."""
    with transaction(resources.sessionmaker) as session:
        build(session, resources).ensure_builtin()
