"""What can go wrong with a token that comes back to us."""

from __future__ import annotations

from shared.core.errors import Unauthorized


class BadToken(Unauthorized):
    """The token is not one of ours, was altered, or has run out."""

    code = "bad-token"
    title = "Token not valid"
