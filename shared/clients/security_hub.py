"""security_hub as other hubs see it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from shared.clients.base import HubClient, restore_error
from shared.contracts.http.configuration import HeldValues, KeysDeclared, LiveKeys
from shared.contracts.http.tokens import TokenRead

_SILENCE_S = 45.0
"""A stream that is silent for three heartbeats is dead."""


class SecurityHubClient(HubClient):
    """Identity for those who have no token yet, and configuration for hubs."""

    def exchange_key(self, key: str) -> TokenRead:
        """Turn an API key into a short-lived token with what the key and its owner may do now.

        Raises: Unauthorized when the key is not valid; Forbidden when this process may not ask.
        """
        answer = self.request("POST", "/api/v1/keys/exchange", json={"key": key})
        return TokenRead.model_validate(answer)

    def declare_configuration(self, hub: str, keys: LiveKeys) -> KeysDeclared:
        """Say what a hub can change without a restart.

        Raises: Forbidden when it is not the caller's own hub.
        """
        body = keys.model_dump(mode="json", by_alias=True)
        return KeysDeclared.model_validate(self.request("PUT", f"/api/v1/config/services/{hub}", json=body))

    def configuration(self, hub: str, environment: str, etag: str = "") -> tuple[str, HeldValues] | None:
        """Return the values that hold for a hub and their entity tag; None while ``etag`` names them."""
        params = {"service": hub, "environment": environment}
        headers = {"If-None-Match": etag} if etag else {}
        answer = self.send("GET", "/api/v1/config", params=params, headers=headers)
        if answer.status_code == 304:
            return None
        return answer.headers.get("etag", ""), HeldValues.model_validate_json(answer.content)

    def bundle(self, name: str, etag: str = "", wait_s: int = 0) -> tuple[str, bytes] | None:
        """Return a signed policy bundle and its entity tag; None while ``etag`` names the newest.

        With ``wait_s`` the answer may take that many seconds, until there is a newer one.
        """
        headers = {"If-None-Match": etag} if etag else {}
        if wait_s:
            headers["Prefer"] = f"modes=snapshot;wait={wait_s}"
        answer = self.send("GET", f"/bundles/{name}", headers=headers, timeout_s=wait_s + 15.0)
        if answer.status_code == 304:
            return None
        return answer.headers.get("etag", ""), answer.content

    def bundle_keys(self) -> dict[str, str]:
        """Return the public keys (PEM) that sign bundles, by their id."""
        rows = self.request("GET", "/api/v1/policies/bundles/keys")["data"]
        return {row["kid"]: row["public_pem"] for row in rows}

    @contextmanager
    def configuration_stream(self, hub: str) -> Iterator[tuple[Iterator[str], socket.socket | None]]:
        """Open the stream of changes: an event at once and after each change, and its socket to end it by.

        Raises: AppError when it is refused; httpx.HTTPError when the line breaks.
        """
        headers = {**self._headers(False, None), "Accept": "text/event-stream"}
        with self._http.stream(
            "GET",
            f"{self._base_url}/api/v1/config/stream",
            params={"service": hub},
            headers=headers,
            timeout=httpx.Timeout(10.0, read=_SILENCE_S),
        ) as response:
            if response.status_code != 200:
                response.read()
                if response.status_code == 401 and self._tokens is not None:
                    self._tokens.forget()
                raise restore_error(response)
            line = response.extensions["network_stream"].get_extra_info("socket")
            yield (text[6:] for text in response.iter_lines() if text.startswith("data: ")), line
