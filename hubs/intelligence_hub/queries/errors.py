"""What can go wrong with a saved query."""

from __future__ import annotations

from shared.core.errors import Conflict, GatewayTimeout, Invalid, NotFound


class QueryNotFound(NotFound):
    """No saved query has this name."""


class QueryExists(Conflict):
    """There is a saved query of this name already."""


class BadStatement(Invalid):
    """The statement does not run: what the database said."""


class QueryTimeout(GatewayTimeout):
    """The query took longer than it may."""
