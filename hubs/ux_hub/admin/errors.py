"""What can go wrong in the console."""

from __future__ import annotations

from shared.core.errors import Forbidden, Unauthorized


class NotSignedIn(Unauthorized):
    """The console was opened without a session, or the session has run out."""


class ForgedForm(Forbidden):
    """A form came without the session's own token, or from another site."""
