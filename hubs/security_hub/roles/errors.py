"""What can go wrong with roles."""

from __future__ import annotations

from shared.core.errors import Conflict, Forbidden, NotFound


class RoleNotFound(NotFound):
    """No role has this name."""

    code = "role-not-found"
    title = "Role not found"


class RoleIsBuiltin(Conflict):
    """Built-in roles are defined in code; copy one under another name to change it."""

    code = "role-is-builtin"
    title = "Built-in role"


class BeyondOwnRights(Forbidden):
    """Nobody gives away what they do not have."""

    code = "beyond-own-rights"
    title = "Beyond your own rights"


class LastAdministrator(Conflict):
    """The last administrator cannot be removed: nobody could bring one back."""

    code = "last-administrator"
    title = "Last administrator"
