"""intelligence_hub as other hubs see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared.clients.base import HubClient

_AT_ONCE = 500


class IntelligenceHubClient(HubClient):
    """Policy decisions."""

    def decide_many(self, document: str, inputs: Sequence[Any]) -> list[Any]:
        """Return what a document of the policies in force says of each input; None where it is undefined.

        Raises: Unavailable or GatewayTimeout without an answer, and the errors of the policy engine: each
        means no.
        """
        said: list[Any] = []
        for start in range(0, len(inputs), _AT_ONCE):
            asked = {str(n): given for n, given in enumerate(inputs[start : start + _AT_ONCE])}
            path = f"/api/v1/decisions/batch/{document}"
            answers = self.request("POST", path, json={"inputs": asked}, timeout_s=30.0)["responses"]
            said += [answers[name].get("result") for name in asked]
        return said
