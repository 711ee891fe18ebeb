"""A real OPA server, asked through opa-python-client with one client per thread.

Decisions one by one, of which there are many, go over kept connections of the event loop instead: for them a
general client would cost more than the decision.

A server of the platform's own has no credentials and reaches nobody: this hub puts the verified policies into
it, and puts them there again when a restart has emptied it. One that pulls bundles by itself is left alone
(``OP_OPA__IS_FED``).
"""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any
from urllib.parse import quote, urlsplit

from anyio import to_thread

from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadPolicy, BadQuery, EngineAway, EngineTimeout, EvaluationFailed
from hubs.intelligence_hub.opa.exact import read_exact, write_exact
from shared.http.connection import BrokenOff
from shared.http.json import dumps
from shared.http.pool import Away, Origin, Pool
from shared.logging import get_logger

log = get_logger(__name__)
_TIMEOUT_S = 2.0
_OURS = "openpolicy/"
_MARK = "openpolicy_revision"
_LOOK_EVERY_S = 1.0
_MOST_AT_ONCE = 64
_HEADERS = [(b"content-type", b"application/json"), (b"accept", b"application/json")]


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
        self._origin = Origin(f"{parts.scheme}://{parts.netloc}")
        self._pool = Pool()
        self._turns = asyncio.Semaphore(_MOST_AT_ONCE)
        self._loading = threading.Lock()
        self._held: tuple[dict[str, str], dict[str, Any]] | None = None
        self._looked_at = 0.0
        self.revision = ""

    def load(self, modules: dict[str, str], data: dict[str, Any], revision: str) -> None:
        """Put a set of policies and data into the server, in place of the set before.

        OPA takes modules one by one: for the moment of the change a decision may see both sets.
        Raises: BadPolicy, EngineAway.
        """
        with self._loading:
            self._put(modules, data, revision)
            self._held, self.revision = (modules, data), revision

    def _is_due(self) -> bool:
        return self._held is not None and time.monotonic() - self._looked_at >= _LOOK_EVERY_S

    def _put(self, modules: dict[str, str], data: dict[str, Any], revision: str) -> None:
        for path, text in modules.items():
            self._send("PUT", f"policies/{_OURS}{quote(path)}", text.encode(), "text/plain")
        for name in self.policies():
            if name.startswith(_OURS) and name.removeprefix(_OURS) not in modules:
                self._send("DELETE", f"policies/{quote(name)}")
        for key, value in {**data, _MARK: revision}.items():
            # The mark last: only a whole set carries it.
            self._send("PUT", f"data/{quote(key, safe='')}", dumps(value), "application/json")

    def restore(self) -> bool:
        """Put the policies there again if a restart lost them; tell whether it had. Raises: as ``load``."""
        if self._held is None or not self._is_due():
            return False
        self._looked_at = time.monotonic()
        with self._loading:
            if self._post(f"data/{_MARK}", {}, {}).get("result") == self.revision:
                return False
            self._put(*self._held, self.revision)
        log.warning("policies put into the policy engine again", revision=self.revision)
        return True

    def evaluate(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the document at a path for an input.

        Raises: BadQuery, EvaluationFailed, EngineAway, EngineTimeout.
        """
        began = time.perf_counter()
        found = self._ask(path, question, {"provenance": "true"})
        if "result" not in found and self.restore():
            found = self._ask(path, question, {"provenance": "true"})
        return self._answered(found, began)

    async def ask(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the same over a connection of the event loop.

        Raises: as ``evaluate``.
        """
        began = time.perf_counter()
        found, size = await self._ask_here(path, question)
        if "result" not in found and self._is_due() and await to_thread.run_sync(self.restore):
            found, size = await self._ask_here(path, question)
        return self._answered(found, began, size)

    def close(self) -> None:
        """End the connections."""
        self._pool.close()

    def _answered(self, found: dict[str, Any], began: float, size: int = 0) -> Answer:
        provenance = {**found.get("provenance", {}), "engine": self.name}
        if self._held is not None:
            provenance["bundles"] = {"platform": {"revision": self.revision}}
        seconds = time.perf_counter() - began
        return Answer("result" in found, found.get("result"), provenance, seconds, size)

    async def _ask_here(self, path: tuple[str, ...], question: Any) -> tuple[dict[str, Any], int]:
        target = f"/v1/{_document(path)}?strict-builtin-errors=true&provenance=true"
        # Written anew: OPA would take a member of another spelling ("Input") for the input as well.
        body = b"{}" if question is MISSING else b'{"input":%b}' % write_exact(question)
        failure: Exception | None = None
        for is_fresh in (False, True):
            try:
                async with self._turns, asyncio.timeout(_TIMEOUT_S):
                    answer = await self._pool.ask(
                        self._origin, "POST", target, list(_HEADERS), body, timeout_s=_TIMEOUT_S,
                        is_fresh=is_fresh,
                    )  # fmt: skip
                    text = await answer.read()
                return _read(answer.status, read_exact(text)), len(body) + len(text)
            except TimeoutError as error:
                raise EngineTimeout("the policy engine did not answer in time") from error
            except BrokenOff as error:
                # A kept connection may have ended as the question went out; a decision may be asked twice.
                failure = error
            except (Away, ValueError) as error:
                raise EngineAway("the policy engine is away") from error
        raise EngineAway("the policy engine is away") from failure

    async def explain(self, path: tuple[str, ...], question: Any) -> list[Any]:
        """Return OPA's own trace.

        Raises: as ``evaluate``.
        """
        parameters = {"explain": "full", "pretty": "true"}
        found = await to_thread.run_sync(self._ask, path, question, parameters)
        return list(found.get("explanation") or [])

    async def query(self, query: str, question: Any) -> dict[str, Any]:
        """Return OPA's answer to an ad-hoc query.

        Raises: as ``evaluate``.
        """
        body = {"query": query} if question is MISSING else {"query": query, "input": question}
        return await to_thread.run_sync(self._post, "query", body, {})

    def data(self) -> dict[str, Any]:
        """Return nothing: data and documents are one tree here, and a replay brings its own."""
        return {}

    def _ask(self, path: tuple[str, ...], question: Any, parameters: dict[str, str]) -> dict[str, Any]:
        # The client's own query methods drop an empty input and hide an undefined result, so its session is
        # used and the answer read here.
        place = _document(path)
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
        return _read(answer.status_code, found)

    def health(self) -> None:
        """Return when OPA says that it is healthy. Raises: EngineAway."""
        try:
            is_well = self._client().check_health()
        except Exception as error:
            raise EngineAway("the policy engine is away") from error
        if not is_well:
            raise EngineAway("the policy engine is not healthy")
        self.restore()

    def policies(self) -> dict[str, str]:
        """Return the source of each module by its id. Raises: EngineAway."""
        import requests

        client = self._client()
        try:
            answer = client._session.get(f"{client.root_url}/policies", timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            raise EngineAway("the policy engine is away") from error
        return {row["id"]: row.get("raw", "") for row in answer.json().get("result", [])}

    def _send(self, method: str, place: str, body: bytes = b"", content_type: str = "") -> None:
        import requests

        client = self._client()
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            answer = client._session.request(
                method, f"{client.root_url}/{place}", data=body, headers=headers, timeout=_TIMEOUT_S
            )
        except requests.RequestException as error:
            raise EngineAway("the policy engine is away") from error
        if answer.status_code == 400:
            raise BadPolicy(f"the policy engine refuses {place}: {answer.text[:300]}")
        if answer.status_code >= 300:
            raise EngineAway(f"the policy engine answered {answer.status_code}")

    def _client(self) -> Any:
        if self._own.client is None:
            # Imported late: 13 MiB that an installation without an OPA server does not need.
            from opa_client import create_opa_client

            self._own.client = create_opa_client(
                host=self._host, port=self._port, ssl=self._ssl, timeout=_TIMEOUT_S, retries=0
            )
        return self._own.client


def _document(path: tuple[str, ...]) -> str:
    return f"data/{'/'.join(quote(part, safe='') for part in path)}"


def _read(status: int, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise EngineAway("the policy engine answered with something else")
    if status == 400:
        raise BadQuery(str(found.get("message", "the question cannot be read")))
    if status == 500:
        raise EvaluationFailed(_said(found))
    if status != 200:
        raise EngineAway(f"the policy engine answered {status}")
    return found


def _said(problem: dict[str, Any]) -> str:
    errors = problem.get("errors") or [problem]
    return str(errors[0].get("message") or "the policy failed on this input")[:300]
