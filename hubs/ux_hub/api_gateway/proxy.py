"""The data plane: a raw ASGI application that forwards to the hubs, streaming both ways.

It stands in front of the framework's routing, since a proxied request needs none of it. Method, path,
query, body and headers go through unchanged but for hop-by-hop headers and those that a gateway owns.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import cached_property

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hubs.ux_hub.api_gateway.compression import accepts_gzip, add_vary, is_compressible, mark_gzip, plain_tags
from hubs.ux_hub.api_gateway.exchange import Exchange, GatewayParts
from hubs.ux_hub.api_gateway.headers import (
    HSTS,
    PAGE_SECURITY,
    SECURITY,
    Cors,
    RawHeaders,
    add_missing,
    at_the_door,
    find,
    towards_client,
)
from hubs.ux_hub.api_gateway.identity import Addresses, bucket_of, has_foreign_key
from hubs.ux_hub.api_gateway.inbound import Inbound
from hubs.ux_hub.api_gateway.legacy import ask_in_query, legacy_headers, load_legacy
from hubs.ux_hub.api_gateway.limits import Limit, too_many
from hubs.ux_hub.api_gateway.relay import relay, request_body, send_whole
from hubs.ux_hub.api_gateway.response_cache import Entry
from hubs.ux_hub.api_gateway.table import TABLE, Route, RouteIndex
from hubs.ux_hub.api_gateway.upstream import is_safe
from hubs.ux_hub.settings import UxSettings
from shared.core.errors import AppError, BadGateway, Unauthorized
from shared.http.conditional import matches
from shared.http.connection import BrokenOff, ClientLeft
from shared.http.middleware import sound_ids
from shared.http.problems import crash_response, problem_response
from shared.logging import get_logger, request_id_var, trace_id_var

log = get_logger(__name__)
_LIMITED_INNER = ("/api/", "/mcp", "/legacy/")
_MAX_REFRESHES = 32


class Gateway:
    """Forward what the route table knows; hand everything else to the inner application."""

    def __init__(
        self,
        app: ASGIApp,
        settings: UxSettings,
        parts: Callable[[], GatewayParts],
    ) -> None:
        self.app = app
        self._routes = RouteIndex(TABLE)
        self._legacy = load_legacy()
        self._make_parts = parts
        self._settings = settings.gateway
        self._addresses = Addresses(settings.gateway.trusted_proxies)
        self._max_body_bytes = settings.http.max_body_bytes
        is_secure = settings.public_base.startswith("https://")
        self._security = [*SECURITY, HSTS] if is_secure else list(SECURITY)
        self._page_security = [*PAGE_SECURITY, HSTS] if is_secure else list(PAGE_SECURITY)
        self._refreshes: set[asyncio.Task[None]] = set()
        self.read_settings()

    def read_settings(self) -> None:
        """Take the limits and switches as they are now; called again when one of them changes."""
        given = self._settings
        self._cors = Cors(given.cors_origins)
        self._compress = given.compress
        quotas = dict.fromkeys(("user", "key"), given.user_per_minute)
        quotas |= {"anonymous": given.anonymous_per_minute, "service": given.service_per_minute}
        self._overall = {kind: Limit(kind, quota) for kind, quota in quotas.items()}

    @cached_property
    def _parts(self) -> GatewayParts:
        # The application is built before the process's resources are.
        return self._make_parts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward, or pass inwards."""
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        request_id = traceparent = b""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                request_id = value
            elif name == b"traceparent":
                traceparent = value
        ids = sound_ids(request_id, traceparent)
        tokens = request_id_var.set(ids[0]), trace_id_var.set(ids[1])
        try:
            await self._serve_request(scope, receive, send)
        finally:
            request_id_var.reset(tokens[0])
            trace_id_var.reset(tokens[1])

    async def _serve_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts, began = self._parts, time.perf_counter()
        exchange: Exchange | None = None
        route_name, status = "", 0

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"x-request-id", request_id_var.get().encode()))
            await send(message)

        parts.metrics.in_flight.inc()
        try:
            exchange = Exchange(scope, Inbound(scope))
            path: str = scope["path"]
            if path.startswith("/legacy/"):
                route_name = "/legacy"
                alias = self._legacy.resolve(exchange.method, path)
                if alias.method == "GET" and exchange.method == "POST":
                    await ask_in_query(exchange, receive, self._max_body_bytes)
                exchange.rewrite(alias.method, alias.path, alias.decoded)
                exchange.extra = legacy_headers(alias)
                path = alias.decoded
            exchange.route = route = self._routes.find(path)
            if route is None:
                await self._inside(exchange, receive, send, noting_send)
                return
            route_name = route_name or route.prefix
            if exchange.method == "OPTIONS" and exchange.inbound.get(b"access-control-request-method"):
                await self._preflight(exchange, noting_send)
                return
            await self._admit(exchange, route, scope)
            await self._answer(exchange, route, receive, noting_send)
        except ClientLeft:
            status = status or 499
        except (AppError, BrokenOff, TimeoutError) as error:
            if status:
                raise  # begun and broken off: so is the connection, that nobody takes it for whole
            refusal = error if isinstance(error, AppError) else BadGateway("the answer broke off")
            await self._refuse(refusal, exchange, scope, receive, noting_send)
        except Exception as error:
            if status:
                raise
            await crash_response(error, scope["path"])(scope, receive, noting_send)
        finally:
            parts.metrics.in_flight.dec()
            # What the application inside answered, it counted itself.
            if status and (route_name or exchange is None or status >= 400):
                seconds = time.perf_counter() - began
                parts.metrics.observe(scope["method"], route_name or "unmatched", status, seconds)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_and_close() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._parts.closing.run()
            return message

        is_lifespan = scope["type"] == "lifespan"
        await self.app(scope, receive_and_close if is_lifespan else receive, send)

    async def _refuse(
        self, error: AppError, exchange: Exchange | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: RawHeaders = list(message["headers"])
                self._dress(headers, exchange)
                message = {**message, "headers": headers}
            await send(message)

        await problem_response(error, scope["path"])(scope, receive, send_dressed)

    def _dress(self, headers: RawHeaders, exchange: Exchange | None) -> None:
        """Add what every answer carries."""
        add_missing(headers, self._security)
        if exchange is None:
            return
        if origin := exchange.inbound.values.get(b"origin"):
            self._cors.add(headers, origin)
        if exchange.verdict is not None and not find(headers, b"ratelimit"):
            headers.extend(exchange.verdict.headers())
        headers.extend(exchange.extra)

    async def _preflight(self, exchange: Exchange, send: Send) -> None:
        headers = [*self._cors.preflight(exchange.inbound.get(b"origin")), *exchange.extra]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    async def _admit(self, exchange: Exchange, route: Route | None, scope: Scope) -> None:
        """Establish the caller, count the request, ask the policy.

        Raises: Unauthorized, Forbidden, TooManyRequests, Unavailable.
        """
        parts, inbound = self._parts, exchange.inbound
        exchange.client = address = self._addresses.of(scope)
        own_credentials = route is not None and route.has_own_credentials
        if own_credentials or (route is not None and route.ignores_foreign_keys and has_foreign_key(inbound)):
            caller = parts.identities.nobody
        else:
            known = parts.identities.recall(inbound, exchange.method)
            if isinstance(known, bytes):
                # Guessing is counted before it is answered.
                await self._count(exchange, [self._overall["anonymous"]], f"a:{bucket_of(address)}")
                known = await parts.identities.establish(known, address)
            caller = known
        exchange.caller = caller
        principal = caller.principal
        overall = self._overall.get(principal.kind, self._overall["user"])
        if caller.per_minute:
            overall = Limit(overall.policy, caller.per_minute)
        limits = [overall]
        if route is not None and route.per_minute and principal.kind != "service":
            limits.append(Limit(route.prefix.rpartition("/")[2], route.per_minute))
        client = f"a:{bucket_of(address)}" if principal.is_anonymous else f"s:{principal.subject}"
        await self._count(exchange, limits, client)
        if route is None or own_credentials or parts.decisions is None:
            return
        if not parts.decisions.recall(route.prefix, exchange.method, principal, route.hub):
            await parts.decisions.decide(route.prefix, exchange.method, principal, route.hub)

    async def _count(self, exchange: Exchange, limits: list[Limit], client: str) -> None:
        limiter = self._parts.limiter
        verdict = await limiter.hit(limits, client) if limiter.is_shared else limiter.hit_here(limits, client)
        exchange.verdict = verdict
        if verdict.is_exceeded:
            raise too_many(verdict)

    async def _inside(self, exchange: Exchange, receive: Receive, send: Send, refusing_send: Send) -> None:
        """Let the hub's own application answer, with the caller's token in place of other credentials.

        What the gateway itself answers goes through ``refusing_send``, which counts it.
        """
        scope, inbound = exchange.scope, exchange.inbound
        is_api = scope["path"].startswith(_LIMITED_INNER)
        if is_api and exchange.method == "OPTIONS" and inbound.get(b"access-control-request-method"):
            await self._preflight(exchange, refusing_send)
            return
        if is_api or inbound.get(b"authorization") or inbound.token_cookie():
            try:
                await self._admit(exchange, None, scope)
            except Unauthorized:
                # A page is shown to whoever's sign-in has run out; only an API refuses, and the model
                # context server says itself where its tokens come from.
                if not scope["path"].startswith("/mcp") and (is_api or inbound.get(b"authorization")):
                    raise
        caller = exchange.caller
        kept: RawHeaders = [p for p in scope["headers"] if p[0] not in (b"x-request-id", b"traceparent")]
        if caller is not None and caller.authorization:
            kept = [p for p in kept if p[0] not in (b"authorization", b"x-api-key")]
            kept.append((b"authorization", caller.authorization))
        kept += exchange.trace_headers()
        scope = {**scope, "headers": kept}

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: RawHeaders = [(n.lower(), v) for n, v in message["headers"]]
                if is_api:
                    self._dress(headers, exchange)
                else:
                    add_missing(headers, self._page_security)
                    headers.extend(exchange.extra)
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_dressed)

    async def _answer(self, exchange: Exchange, route: Route, receive: Receive, send: Send) -> None:
        inbound, cache = exchange.inbound, self._parts.cache
        key = f"{route.hub} {exchange.target}".encode("latin-1")
        if exchange.method != "GET":
            if not is_safe(exchange.method):
                cache.drop(key)
            await self._forward(exchange, route, receive, send, None, None)
            return
        wishes = inbound.values.get(b"cache-control", b"")
        if b"range" in inbound.values or b"no-store" in wishes:
            await self._forward(exchange, route, receive, send, None, None)
            return
        entry = cache.find(key, inbound)
        if entry is not None and b"no-cache" not in wishes and b"max-age=0" not in wishes:
            state = cache.freshness(entry)
            if state == "stale" and not entry.is_refreshing and len(self._refreshes) < _MAX_REFRESHES:
                entry.is_refreshing = True
                task = asyncio.ensure_future(self._refresh(exchange, route, key, entry))
                self._refreshes.add(task)
                task.add_done_callback(self._refreshes.discard)
            if state != "expired":
                await self._serve(exchange, entry, send, b"hit" if state == "fresh" else b"hit; detail=stale")
                return
        await self._forward(exchange, route, receive, send, key, entry)

    async def _forward(
        self, exchange: Exchange, route: Route, receive: Receive, send: Send, key: bytes | None,
        entry: Entry | None,
    ) -> None:  # fmt: skip
        parts, inbound = self._parts, exchange.inbound
        max_bytes = route.max_body_bytes or self._max_body_bytes
        body = await request_body(inbound, receive, max_bytes)
        upstream = parts.upstreams.pick(route.hub, exchange.sticky_key())
        answer = await parts.upstreams.send(
            upstream,
            route,
            exchange.method,
            exchange.target,
            exchange.upstream_headers(entry),
            body,
            is_idempotent=b"idempotency-key" in inbound.values,
        )
        try:
            headers = at_the_door(towards_client(answer.headers), upstream.origin.base.encode())
            if entry is not None and answer.status == 304:
                parts.cache.refresh(entry, headers)
                await self._serve(exchange, entry, send, b"fwd=stale; fwd-status=304")
                return
            if key is not None and self._may_store(exchange, answer.status, headers, answer.length):
                stored = await answer.read()
                parts.cache.store(key, inbound, answer.status, list(headers), stored)
                self._dress(headers, exchange)
                headers.append((b"cache-status", b"openpolicy; fwd=miss; stored"))
                await self._send_stored(exchange, answer.status, headers, stored, None, send)
                return
            self._dress(headers, exchange)
            await relay(answer, headers, inbound, exchange.scope, receive, send, may_compress=self._compress)
        finally:
            answer.close()

    def _may_store(self, exchange: Exchange, status: int, headers: RawHeaders, length: int | None) -> bool:
        cache = self._parts.cache
        if length is None or length > cache.max_entry_bytes:
            return False
        has_credentials = exchange.caller is not None and bool(exchange.caller.authorization)
        return cache.may_store(status, headers, has_credentials)

    async def _serve(self, exchange: Exchange, entry: Entry, send: Send, how: bytes) -> None:
        headers = list(entry.headers)
        self._dress(headers, exchange)
        headers.append((b"age", b"%d" % self._parts.cache.age(entry)))
        headers.append((b"cache-status", b"openpolicy; " + how))
        await self._send_stored(exchange, entry.status, headers, entry.body, entry, send)

    async def _send_stored(
        self,
        exchange: Exchange,
        status: int,
        headers: RawHeaders,
        body: bytes,
        entry: Entry | None,
        send: Send,
    ) -> None:
        inbound = exchange.inbound
        condition = inbound.values.get(b"if-none-match")
        etag = find(headers, b"etag")
        if condition and etag and matches(plain_tags(condition).decode("latin-1"), etag.decode("latin-1")):
            kept = [
                p for p in headers if p[0] not in (b"content-length", b"content-type", b"content-encoding")
            ]
            if b'-gzip"' in condition and self._compress:
                kept = [(n, condition if n == b"etag" else v) for n, v in kept]
            await send({"type": "http.response.start", "status": 304, "headers": kept})
            await send({"type": "http.response.body", "body": b""})
            return
        if entry is None or not self._compress or not is_compressible(status, headers, len(body)):
            await send_whole(send, inbound, status, headers, body, may_compress=self._compress)
            return
        add_vary(headers)
        if accepts_gzip(inbound.get(b"accept-encoding")):
            body = self._parts.cache.gzip(entry)
            headers = mark_gzip(headers)
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _refresh(self, exchange: Exchange, route: Route, key: bytes, entry: Entry) -> None:
        """Bring a stale answer up to date behind its readers' backs."""
        parts = self._parts
        try:
            upstream = parts.upstreams.pick(route.hub, exchange.sticky_key())
            headers = exchange.upstream_headers(entry)
            answer = await parts.upstreams.send(upstream, route, "GET", exchange.target, headers, None)
            try:
                fresh = towards_client(answer.headers)
                if answer.status == 304:
                    parts.cache.refresh(entry, fresh)
                elif self._may_store(exchange, answer.status, fresh, answer.length):
                    body = await answer.read()
                    parts.cache.store(key, exchange.inbound, answer.status, fresh, body)
                elif answer.status < 500:
                    parts.cache.drop(key)
            finally:
                answer.close()
        except AppError as error:
            log.info("not refreshed", route=route.prefix, error=error.detail)
        finally:
            entry.is_refreshing = False
