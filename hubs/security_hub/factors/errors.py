"""What can go wrong with second factors."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, Unauthorized


class BadCode(Unauthorized):
    """The code is wrong, too old, or was used before."""

    code = "bad-code"
    title = "Wrong code"


class CodeNotConfirmed(Invalid):
    """The code does not fit the secret: the authenticator is not set up yet."""

    code = "code-not-confirmed"
    title = "Wrong code"


class AlreadyProtected(Conflict):
    """One-time codes are set up already; remove them first."""

    code = "already-protected"
    title = "Already set up"
