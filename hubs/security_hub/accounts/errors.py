"""What can go wrong with accounts."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound


class UserNotFound(NotFound):
    """No account has this id."""

    code = "user-not-found"
    title = "Account not found"


class NameTaken(Conflict):
    """The user name, or one that looks the same, belongs to somebody else."""

    code = "name-taken"
    title = "User name taken"


class BadName(Invalid):
    """The user name mixes scripts, hides characters or is reserved."""

    code = "bad-user-name"
    title = "Unsuitable user name"


class BadAddress(Invalid):
    """Not an e-mail address that mail can be sent to."""

    code = "bad-address"
    title = "Unsuitable e-mail address"


class BadLink(Invalid):
    """The link was used, has run out, or was never sent by us."""

    code = "bad-link"
    title = "The link is not valid"
