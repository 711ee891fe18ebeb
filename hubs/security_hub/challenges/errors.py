"""What can go wrong with an answer."""

from __future__ import annotations

from shared.core.errors import Unauthorized


class BadChallenge(Unauthorized):
    """The question was answered already, has run out, or was never asked."""

    code = "bad-challenge"
    title = "Start again"
