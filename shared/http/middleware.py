"""Pure ASGI middleware: request id and trace, body limit, request metrics."""

from __future__ import annotations

import re
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.core.errors import TooLarge
from shared.core.ids import new_text_id, new_trace_id
from shared.http.problems import crash_response, problem_response
from shared.logging import request_id_var, trace_id_var

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{8,128}$")
_TRACEPARENT = re.compile(rb"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def sound_ids(request_id: bytes, traceparent: bytes) -> tuple[str, str]:
    """Return request id and trace id: those that came in when they are sound, else new ones."""
    match = _TRACEPARENT.match(traceparent) if traceparent else None
    return (
        request_id.decode() if request_id and _REQUEST_ID.match(request_id) else new_text_id(),
        match[1].decode() if match else new_trace_id(),
    )


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
        given = {n: v for n, v in scope["headers"] if n in (b"x-request-id", b"traceparent")}
        request_id, trace_id = sound_ids(given.get(b"x-request-id", b""), given.get(b"traceparent", b""))
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


class HttpMetrics:
    """Rate, errors and duration of a process's requests, per route template."""

    def __init__(self, hub: str, registry: CollectorRegistry) -> None:
        labels = ("hub", "method", "route", "status")
        self.requests = Counter("http_requests", "Requests answered.", labels, registry=registry)
        self.duration = Histogram(
            "http_request_duration_seconds",
            "Seconds until the last byte of an answer.",
            ("hub", "method", "route"),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
            registry=registry,
        )
        in_flight = Gauge("http_requests_in_flight", "Requests being answered.", ("hub",), registry=registry)
        self.hub = hub
        self.in_flight = in_flight.labels(hub)
        # Looking up a child by its labels costs more than counting: routes and statuses are few.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def totals(self) -> dict[tuple[str, str, int], int]:
        """Return the requests answered so far, by method, route template and status."""
        return {
            key: int(next(iter(counter.collect())).samples[0].value)
            for key, (counter, _) in list(self._children.items())
        }

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one answered request; ``route`` is a template, so that labels stay few."""
        key = (method, route, status)
        children = self._children.get(key)
        if children is None:
            name = method if method in _METHODS else "OTHER"
            children = self._children[name, route, status] = (
                self.requests.labels(self.hub, name, route, str(status)),
                self.duration.labels(self.hub, name, route),
            )
        children[0].inc()
        children[1].observe(seconds)


class RequestMetrics:
    """Count requests and their duration per route template."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self.app = app
        self.metrics = metrics

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

        in_flight = self.metrics.in_flight
        in_flight.inc()
        try:
            await self.app(scope, receive, noting_send)
        finally:
            in_flight.dec()
            seconds = time.perf_counter() - start
            self.metrics.observe(scope["method"], _route_template(scope), status, seconds)


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _route_template(scope: Scope) -> str:
    # The template, never the path: a label per path would let callers fill the memory.
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else scope.get("openpolicy.route", "unmatched")
