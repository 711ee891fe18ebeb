"""Pure ASGI middleware: request id and trace, body limit, request metrics."""

from __future__ import annotations

import re
import secrets
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.core.errors import TooLarge
from shared.core.ids import new_id
from shared.http.problems import crash_response, problem_response
from shared.logging import request_id_var, trace_id_var

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{8,128}$")
_TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class RequestContext:
    """Give each request an ``X-Request-ID`` (kept when a sound one came in) and a trace id.

    What nobody caught ends here as a problem document, so that it carries the id too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with the context variables set."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id, trace_id = "", ""
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.match(value):
                request_id = value.decode()
            elif name == b"traceparent" and (match := _TRACEPARENT.match(value)):
                trace_id = match[1].decode()
        request_id = request_id or str(new_id())
        trace_id = trace_id or secrets.token_hex(16)
        token, trace_token = request_id_var.set(request_id), trace_id_var.set(trace_id)

        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("X-Request-ID", request_id)
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            if started:
                raise
            await crash_response(error, scope["path"])(scope, receive, send_with_id)
        finally:
            request_id_var.reset(token)
            trace_id_var.reset(trace_token)


class BodyLimit:
    """Refuse bodies over a limit with 413 before the application reads them.

    ``exempt`` lists path prefixes whose routes count for themselves (streamed uploads).
    """

    def __init__(self, app: ASGIApp, max_bytes: int, exempt: tuple[str, ...] = ()) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a counting ``receive``."""
        if scope["type"] != "http" or (self.exempt and scope["path"].startswith(self.exempt)):
            await self.app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self.max_bytes:
                await problem_response(self._error(), scope["path"])(scope, receive, send)
                return
        seen = 0
        started = False
        exceeded = False

        async def counting_receive() -> Message:
            nonlocal seen, exceeded
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.max_bytes:
                    exceeded = True
                    raise self._error()
            return message

        async def noting_send(message: Message) -> None:
            nonlocal started
            if exceeded and not started:
                return  # the framework makes a 400 of what stopped its reading; ours says why
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, counting_receive, noting_send)
        except TooLarge:
            if started or not exceeded:
                raise
        if exceeded and not started:
            await problem_response(self._error(), scope["path"])(scope, receive, send)

    def _error(self) -> TooLarge:
        return TooLarge(f"the body is larger than {self.max_bytes} bytes", max_bytes=self.max_bytes)


class RequestMetrics:
    """Count requests and their duration per route template (rate, errors, duration)."""

    def __init__(self, app: ASGIApp, hub: str, registry: CollectorRegistry) -> None:
        self.app = app
        labels = ("hub", "method", "route", "status")
        self.requests = Counter("http_requests", "Requests answered.", labels, registry=registry)
        self.duration = Histogram(
            "http_request_duration_seconds",
            "Seconds until the last byte of an answer.",
            ("hub", "method", "route"),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=registry,
        )
        self.in_flight = Gauge(
            "http_requests_in_flight", "Requests being answered.", ("hub",), registry=registry
        )
        self.hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and note how it went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        in_flight = self.in_flight.labels(self.hub)
        in_flight.inc()
        try:
            await self.app(scope, receive, noting_send)
        finally:
            in_flight.dec()
            route = _route_template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self.requests.labels(self.hub, method, route, str(status)).inc()
            self.duration.labels(self.hub, method, route).observe(time.perf_counter() - start)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _route_template(scope: Scope) -> str:
    # The template, never the path: a label per path would let callers fill the memory.
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else scope.get("openpolicy.route", "unmatched")
