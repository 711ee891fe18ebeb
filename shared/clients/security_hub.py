"""security_hub as other hubs see it."""

from __future__ import annotations

from shared.clients.base import HubClient
from shared.contracts.http.tokens import TokenRead


class SecurityHubClient(HubClient):
    """Identity for those who have no token yet."""

    def exchange_key(self, key: str) -> TokenRead:
        """Turn an API key into a short-lived token with what the key and its owner may do now.

        Raises: Unauthorized when the key is not valid; Forbidden when this process may not ask.
        """
        answer = self.request("POST", "/api/v1/keys/exchange", json={"key": key})
        return TokenRead.model_validate(answer)
