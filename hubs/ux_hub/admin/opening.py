"""How the console comes to be in a process."""

from __future__ import annotations

from typing import Any

from hubs.ux_hub.admin.dependencies import Hubs
from hubs.ux_hub.admin.service.sessions import ConsoleSessions
from shared.app import Resources
from shared.clients.base import HubClient


class _Bearer:
    """One token, as a client asks for it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get(self) -> str:
        """Return the token."""
        return self._token

    def forget(self) -> None:
        """Keep it: there is no other."""


def open_console(resources: Resources) -> None:
    """Make what keeps the console's sessions and reaches the hubs for them."""
    hubs = Hubs(resources)
    security = hubs.caller("security", None)

    def whose(token: str) -> Any:
        return HubClient(resources.settings.hubs.security, resources.http, _Bearer(token))

    resources.put(hubs)
    resources.put(ConsoleSessions(resources.cache.namespace("console"), security, whose))
