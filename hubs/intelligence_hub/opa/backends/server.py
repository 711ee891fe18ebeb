"""A real OPA server, asked through opa-python-client with one client per thread."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import quote, urlsplit

from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadQuery, EngineAway, EngineTimeout, EvaluationFailed

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

    def evaluate(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the document at a path for an input.

        Raises: BadQuery, EvaluationFailed, EngineAway, EngineTimeout.
        """
        found = self._ask(path, question, {"provenance": "true"})
        provenance = {**found.get("provenance", {}), "engine": self.name}
        return Answer("result" in found, found.get("result"), provenance)

    def explain(self, path: tuple[str, ...], question: Any) -> list[Any]:
        """Return OPA's own trace.

        Raises: as ``evaluate``.
        """
        found = self._ask(path, question, {"explain": "full", "pretty": "true"})
        return list(found.get("explanation") or [])

    def query(self, query: str, question: Any) -> dict[str, Any]:
        """Return OPA's answer to an ad-hoc query.

        Raises: as ``evaluate``.
        """
        body = {"query": query} if question is MISSING else {"query": query, "input": question}
        return self._post("query", body, {})

    def data(self) -> dict[str, Any]:
        """Return nothing: data and documents are one tree here, and a replay brings its own."""
        return {}

    def _ask(self, path: tuple[str, ...], question: Any, parameters: dict[str, str]) -> dict[str, Any]:
        # The client's own query methods drop an empty input and hide an undefined result, so its session is
        # used and the answer read here.
        place = f"data/{'/'.join(quote(part, safe='') for part in path)}"
        body = {} if question is MISSING else {"input": question}
        return self._post(place, body, {"strict-builtin-errors": "true", **parameters})

    def _post(self, place: str, body: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
        import requests

        client = self._client()
        try:
            answer = client._session.post(
                f"{client.root_url}/{place}", json=body, params=parameters, timeout=_TIMEOUT_S
            )
            found = answer.json()
        except requests.Timeout as error:
            raise EngineTimeout("the policy engine did not answer in time") from error
        except (requests.RequestException, ValueError) as error:
            raise EngineAway("the policy engine is away") from error
        if answer.status_code == 400:
            raise BadQuery(str(found.get("message", "the question cannot be read")))
        if answer.status_code == 500:
            raise EvaluationFailed(_said(found))
        if answer.status_code != 200:
            raise EngineAway(f"the policy engine answered {answer.status_code}")
        return dict(found)

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


def _said(problem: dict[str, Any]) -> str:
    errors = problem.get("errors") or [problem]
    return str(errors[0].get("message") or "the policy failed on this input")[:300]
