"""What can go wrong with clients."""

from __future__ import annotations

from shared.core.errors import NotFound, Unauthorized


class ClientNotFound(NotFound):
    """No client has this id."""

    code = "client-not-found"
    title = "Application not found"


class BadClient(Unauthorized):
    """The client is unknown, disabled, or did not prove who it is; which of them is not said."""

    code = "invalid-client"
    title = "Client authentication failed"
