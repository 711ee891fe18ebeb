"""A real OPA server, asked through opa-python-client with one client per thread."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote, urlsplit

from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadQuery, EngineAway, EngineTimeout

_TIMEOUT_S = 2.0


class _Own(threading.local):
    client: Any = None


class OpaServerEngine:
    """Asks OPA's REST API; what it does not define is undefined here too."""

    name = "opa"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or 8181
        self._ssl = parts.scheme == "https"
        self._own = _Own()

    def evaluate(self, path: tuple[str, ...], question: Any, *, strict: bool = False) -> Answer:
        """Return the document at a path for an input.

        Raises: BadQuery, EngineAway, EngineTimeout.
        """
        # The client's own query methods drop an empty input and hide an undefined result, so its session is
        # used and the answer read here.
        import requests

        client = self._client()
        url = f"{client.root_url}/data/{'/'.join(quote(part, safe='') for part in path)}"
        parameters = {"provenance": "true", **({"strict-builtin-errors": "true"} if strict else {})}
        body = {} if question is MISSING else {"input": question}
        try:
            answer = client._session.post(url, json=body, params=parameters, timeout=_TIMEOUT_S)
        except requests.Timeout as error:
            raise EngineTimeout("the policy engine did not answer in time") from error
        except requests.RequestException as error:
            raise EngineAway("the policy engine is away") from error
        if answer.status_code == 400:
            raise BadQuery(str(answer.json().get("message", "the question cannot be read")))
        if answer.status_code != 200:
            raise EngineAway(f"the policy engine answered {answer.status_code}")
        found = answer.json()
        provenance = {**found.get("provenance", {}), "engine": self.name}
        return Answer("result" in found, found.get("result"), provenance)

    def health(self) -> None:
        """Return when OPA says that it is healthy. Raises: EngineAway."""
        try:
            is_well = self._client().check_health()
        except Exception as error:
            raise EngineAway("the policy engine is away") from error
        if not is_well:
            raise EngineAway("the policy engine is not healthy")

    def policies(self) -> dict[str, str]:
        """Return the source of each module by its id. Raises: EngineAway."""
        import requests

        client = self._client()
        try:
            answer = client._session.get(f"{client.root_url}/policies", timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            raise EngineAway("the policy engine is away") from error
        return {row["id"]: row.get("raw", "") for row in answer.json().get("result", [])}

    def _client(self) -> Any:
        if self._own.client is None:
            # Imported late: 13 MiB that an installation without an OPA server does not need.
            from opa_client import create_opa_client

            self._own.client = create_opa_client(
                host=self._host, port=self._port, ssl=self._ssl, timeout=_TIMEOUT_S, retries=0
            )
        return self._own.client
