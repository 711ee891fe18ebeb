"""The platform as the operator's command sees it: through the gateway, with a token of its own."""

from __future__ import annotations

import httpx

from shared.auth import ServiceTokens
from shared.clients.business_hub import BusinessHubClient
from shared.clients.data_hub import DataHubClient
from shared.core.errors import Unavailable
from shared.http.client import make_client
from shared.settings import HubSettings, derive_secret

CLIENT_ID = "cli"


class PlatformApi:
    """Typed clients over one connection; close it when done."""

    def __init__(self, settings: HubSettings) -> None:
        self.base_url = settings.hubs.ux
        self.http = make_client(settings.http.client_timeout_s)
        secret = settings.auth.client_secret.get_secret_value() or derive_secret(
            settings, f"client:{CLIENT_ID}"
        )
        self.tokens = ServiceTokens(
            self.http,
            f"{settings.hubs.security}/oauth/token",
            settings.auth.client_id or CLIENT_ID,
            secret,
        )
        self.jobs = BusinessHubClient(self.base_url, self.http, self.tokens)
        self.records = DataHubClient(self.base_url, self.http, self.tokens)

    def is_ready(self, url: str) -> tuple[bool, str]:
        """Tell whether a process is ready, and if not, why."""
        try:
            answer = self.http.get(f"{url}/readyz", timeout=5)
        except httpx.HTTPError as error:
            return False, type(error).__name__
        if answer.status_code == 200:
            return True, ""
        try:
            return False, str(answer.json().get("detail", answer.status_code))
        except ValueError:
            return False, str(answer.status_code)

    def must_answer(self) -> None:
        """Make sure that somebody listens at the platform's address.

        Raises: Unavailable with what to do about it.
        """
        try:
            self.http.get(f"{self.base_url}/livez", timeout=10)
        except httpx.ConnectError:
            told = "start one with `openpolicy up`, or name its --port-base"
            raise Unavailable(f"no platform answers at {self.base_url}; {told}") from None

    def close(self) -> None:
        """Close the connection."""
        self.http.close()
