"""Why a password is not taken."""

from __future__ import annotations

from shared.core.errors import Invalid, Unavailable


class WeakPassword(Invalid):
    """The password is too short, too long, or among the first that anybody would try; ``reason`` says
    which.
    """

    code = "weak-password"
    title = "Weak password"


class TooManyHashes(Unavailable):
    """More sign-ins are waiting than the process bears."""

    code = "sign-in-busy"
    title = "Sign-in is busy"
