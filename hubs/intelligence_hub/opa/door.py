"""The one request that comes hundreds of times a second, answered before the framework's routing.

``POST /v1/data/<document>`` without parameters: the same rules, errors, limits, ids and counts as the route
in ``router.py``, which answers every other form of the question and describes this one.
"""

from __future__ import annotations

import time
from functools import cached_property

from fastapi import FastAPI, Request
from starlette.types import Message, Receive, Scope, Send

from hubs.intelligence_hub.opa.exact import write_exact
from hubs.intelligence_hub.opa.schemas import read_input
from hubs.intelligence_hub.opa.service import DecisionService
from shared.app import Resources
from shared.auth import ScopeRule, current_principal
from shared.core.errors import AppError, TooLarge
from shared.http.connection import ClientLeft
from shared.http.middleware import sound_ids
from shared.http.problems import crash_response, problem_response
from shared.logging import get_logger, request_id_var, trace_id_var

log = get_logger(__name__)
_PREFIX = "/v1/data/"
_ROUTE = "/v1/data/{path:path}"
_RULE = ScopeRule("policies:decide")
_JSON = (b"content-type", b"application/json")


class DecisionApp(FastAPI):
    """The hub's application with the plain data query in front of the framework."""

    @cached_property
    def _resources(self) -> Resources:
        found: Resources = self.state.resources
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Decide, or let the framework answer."""
        if (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"].startswith(_PREFIX)
            and not scope["query_string"]
            and not scope.get("root_path")
        ):
            await self._decide(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def _decide(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, metrics = time.perf_counter(), self._resources.http_metrics
        headers: dict[bytes, bytes] = dict(scope["headers"])
        ids = sound_ids(headers.get(b"x-request-id", b""), headers.get(b"traceparent", b""))
        tokens = request_id_var.set(ids[0]), trace_id_var.set(ids[1])
        request_id = (b"x-request-id", ids[0].encode())
        status = 500

        async def refuse(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append(request_id)
            await send(message)

        metrics.in_flight.inc()
        try:
            body = await self._answer({**scope, "app": self}, headers, receive)
            status = 200
            length = (b"content-length", b"%d" % len(body))
            await send({"type": "http.response.start", "status": 200, "headers": [_JSON, length, request_id]})
            await send({"type": "http.response.body", "body": body})
        except ClientLeft:
            status = 499
        except AppError as error:
            status = error.status
            if status >= 500:
                log.warning("request failed", path=scope["path"], code=error.code, detail=error.detail)
            await problem_response(error, scope["path"])(scope, receive, refuse)
        except Exception as error:
            if status == 200:
                raise
            await crash_response(error, scope["path"])(scope, receive, refuse)
        finally:
            metrics.in_flight.dec()
            metrics.observe("POST", _ROUTE, status, time.perf_counter() - began)
            request_id_var.reset(tokens[0])
            trace_id_var.reset(tokens[1])

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        principal = await _RULE(await current_principal(Request(scope)))
        body = await _read(receive, headers, self._resources.settings.http.max_body_bytes)
        service = self._resources.get(DecisionService)
        decision = await service.ask(scope["path"][len(_PREFIX) :], read_input(body), principal.subject)
        return write_exact(decision.shown())


async def _read(receive: Receive, headers: dict[bytes, bytes], max_bytes: int) -> bytes:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= max_bytes:
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise ClientLeft
    if len(body) > max_bytes:
        raise _too_large(max_bytes)
    return body


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"the body is larger than {max_bytes} bytes", max_bytes=max_bytes)
