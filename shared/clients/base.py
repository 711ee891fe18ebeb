"""What every hub client does: time limit, one retry where safe, identity forwarded, errors restored."""

from __future__ import annotations

import time
from typing import Any, Protocol
from uuid import UUID

import httpx

from shared.core.errors import AppError, BadGateway, GatewayTimeout, Unavailable, error_class
from shared.http.json import dumps, loads
from shared.logging import request_id_var, trace_id_var

_SAFE = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
_READS = {"GET", "HEAD"}
_PAUSE_S = 0.1


class TokenSource(Protocol):
    """Where a client takes its bearer token from."""

    def get(self) -> str:
        """Return a current token."""
        ...

    def forget(self) -> None:
        """Drop a token that was refused."""
        ...


class HubClient:
    """Base of the clients; turns problem documents back into the errors that they were."""

    def __init__(self, base_url: str, http: httpx.Client, tokens: TokenSource | None) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = http
        self._tokens = tokens

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | UUID | None = None,
        timeout_s: float | None = None,
    ) -> Any:
        """Call the hub and return the decoded JSON (None when there is no body).

        Raises: the ``AppError`` subclass of the hub's answer; Unavailable or GatewayTimeout when
        there is none.
        """
        response = self.send(
            method, path, params=params, json=json, idempotency_key=idempotency_key, timeout_s=timeout_s
        )
        return loads(response.content) if response.content else None

    def read(self, path: str, *, params: dict[str, Any] | None = None) -> bytes:
        """Return the JSON of the answer to a GET as it came, for a caller that keeps it.

        Raises: as ``request``.
        """
        return self.send("GET", path, params=params).content

    def send(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        json: Any = None,
        idempotency_key: str | UUID | None = None,
        timeout_s: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Call the hub and return its answer, for a caller that needs more than the body.

        Raises: as ``request``.
        """
        content = None if json is None else dumps(json)
        safe = method in _SAFE or idempotency_key is not None
        last: AppError | None = None
        for attempt in range(2 if safe else 1):
            if attempt:
                time.sleep(_PAUSE_S)
            try:
                response = self._http.request(
                    method,
                    f"{self._base_url}{path}",
                    params=params,
                    content=content,
                    headers={**self._headers(content is not None, idempotency_key), **(headers or {})},
                    timeout=timeout_s or httpx.USE_CLIENT_DEFAULT,
                    # A merged record answers 308 under each of its former names.
                    follow_redirects=method in _READS,
                )
            except httpx.TimeoutException as error:
                last = GatewayTimeout(f"{method} {path}: no answer in time ({error})")
                continue
            except httpx.HTTPError as error:
                last = Unavailable(f"{method} {path}: {error or type(error).__name__}")
                continue
            if response.status_code == 401 and self._tokens is not None and attempt == 0:
                self._tokens.forget()
                last = restore_error(response)
                continue
            if response.status_code == 503 and attempt == 0:
                last = restore_error(response)
                continue
            if response.status_code >= 400 or response.has_redirect_location:
                raise restore_error(response)
            return response
        assert last is not None
        raise last

    def _headers(self, has_body: bool, key: str | UUID | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if has_body:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = f'"{key}"'
        if request_id := request_id_var.get():
            headers["X-Request-ID"] = request_id
        if trace_id := trace_id_var.get():
            headers["traceparent"] = f"00-{trace_id}-{trace_id[:16]}-01"
        if self._tokens is not None:
            headers["Authorization"] = f"Bearer {self._tokens.get()}"
        return headers


def restore_error(response: httpx.Response) -> AppError:
    """Return the error that a problem document describes (BadGateway when it is none)."""
    cls = error_class(response.status_code)
    try:
        body = loads(response.content)
        detail = str(body.get("detail") or body.get("title") or "")
        extensions = {
            key: value
            for key, value in body.items()
            if key not in {"type", "title", "status", "detail", "instance"} and key.isidentifier()
        }
    except (ValueError, AttributeError):
        return BadGateway(f"the hub answered {response.status_code} without a problem document")
    return cls(detail, **extensions)
