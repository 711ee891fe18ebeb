"""The data plane: a raw ASGI application that forwards to the hubs, streaming both ways.

It stands in front of the framework's routing, since a proxied request needs none of it. Method, path,
query, body and headers go through unchanged but for hop-by-hop headers and those that a gateway owns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from yarl import URL

from hubs.ux_hub.api_gateway.headers import RawHeaders, towards_client, towards_upstream
from hubs.ux_hub.api_gateway.table import TABLE, Route, RouteIndex
from shared.core.errors import AppError, BadGateway, GatewayTimeout, Unavailable
from shared.http.problems import problem_response
from shared.logging import get_logger, request_id_var, trace_id_var
from shared.settings import HubUrls

log = get_logger(__name__)
_CONNECT_TIMEOUT_S = 5.0
_SILENCE_LIMIT_S = 120.0
_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


class Gateway:
    """Forward what the route table knows; hand everything else to the inner application."""

    def __init__(self, app: ASGIApp, urls: HubUrls) -> None:
        self.app = app
        self._index = RouteIndex(TABLE)
        self._bases = {name: getattr(urls, name).rstrip("/") for name in HubUrls.model_fields}
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward, or pass inwards."""
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        route = self._index.find(scope["path"]) if scope["type"] == "http" else None
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["openpolicy.route"] = route.prefix
        try:
            await self._forward(route, scope, receive, send)
        except AppError as error:
            await problem_response(error, scope["path"])(scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def receive_and_close() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown" and self._session is not None:
                await self._session.close()
            return message

        await self.app(scope, receive_and_close, send)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=20, ttl_dns_cache=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_SILENCE_LIMIT_S
                ),
            )
        return self._session

    async def _forward(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        target = f"{self._bases[route.hub]}{_raw_target(scope)}"
        headers = _upstream_headers(scope)
        body = await _body(scope, receive)
        # Only what has no body can be sent a second time.
        attempts = 2 if scope["method"] in _IDEMPOTENT and body is None else 1
        for attempt in range(attempts):
            try:
                async with asyncio.timeout(route.timeout_s):
                    answer = await self._client().request(
                        scope["method"],
                        URL(target, encoded=True),
                        headers=[(n.decode("latin-1"), v.decode("latin-1")) for n, v in headers],
                        data=body,
                        allow_redirects=False,
                    )
                break
            except TimeoutError:
                raise GatewayTimeout(f"{route.hub}_hub did not answer within {route.timeout_s:g} s") from None
            except aiohttp.ClientConnectorError as error:
                failure: AppError = Unavailable(
                    f"{route.hub}_hub is away", headers={"Retry-After": "2"}, hub=route.hub
                )
                failure.__cause__ = error
            except aiohttp.ClientError as error:
                failure = BadGateway(f"{route.hub}_hub broke off: {type(error).__name__}", hub=route.hub)
                failure.__cause__ = error
            if attempt + 1 == attempts:
                raise failure
        await _relay(answer, scope, receive, send)


def _raw_target(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('latin-1')}" if query else path


def _upstream_headers(scope: Scope) -> RawHeaders:
    headers = towards_upstream(scope["headers"])
    client = scope.get("client")
    if client:
        headers.append((b"x-forwarded-for", client[0].encode()))
    headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    for name, value in scope["headers"]:
        if name == b"host":
            headers.append((b"x-forwarded-host", value))
    headers.append((b"x-request-id", request_id_var.get().encode()))
    if not any(name == b"traceparent" for name, _ in headers):
        trace = trace_id_var.get()
        headers.append((b"traceparent", f"00-{trace}-{trace[:16]}-01".encode()))
    return headers


async def _body(scope: Scope, receive: Receive) -> bytes | AsyncIterator[bytes] | None:
    if not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]):
        return None
    first = await receive()
    if first["type"] != "http.request":
        raise BadGateway("the client left before its request was complete")
    chunk: bytes = first.get("body", b"")
    if not first.get("more_body"):
        return chunk
    return _stream(chunk, receive)


async def _stream(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    if first:
        yield first
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionError("the client left while it was sending")
        if body := message.get("body", b""):
            yield body
        if not message.get("more_body"):
            return


async def _relay(answer: aiohttp.ClientResponse, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": towards_client(answer.raw_headers),
            }
        )
        if scope["method"] == "HEAD" or answer.status in (204, 304):
            await send({"type": "http.response.body", "body": b""})
            return
        if answer.content_length is not None and answer.content_length <= 2**16:
            await send({"type": "http.response.body", "body": await answer.read()})
            return
        await _stream_answer(answer, receive, send)
    finally:
        answer.release()


async def _stream_answer(answer: aiohttp.ClientResponse, receive: Receive, send: Send) -> None:
    # A stream may outlive its reader: watch for the client leaving, and leave too.
    leaving = asyncio.ensure_future(_left(receive))
    try:
        while True:
            reading = asyncio.ensure_future(answer.content.readany())
            await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                reading.cancel()
                answer.close()
                return
            chunk = reading.result()
            if not chunk:
                await send({"type": "http.response.body", "body": b""})
                return
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
