"""The hubs behind the door: connections, weights between two versions, circuit breakers, retries."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping

import aiohttp
from multidict import CIMultiDict
from prometheus_client import CollectorRegistry, Counter, Gauge
from yarl import URL

from hubs.ux_hub.api_gateway.breaker import Breaker
from hubs.ux_hub.api_gateway.headers import RawHeaders
from hubs.ux_hub.api_gateway.table import Route
from hubs.ux_hub.settings import GatewaySettings, StagedSettings
from shared.core.errors import AppError, BadGateway, BadRequest, GatewayTimeout, Unavailable
from shared.settings import HubUrls

Body = bytes | AsyncIterator[bytes] | None
_CONNECT_TIMEOUT_S = 5.0
_SILENCE_LIMIT_S = 120.0
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


class ClientLeft(Exception):
    """The client went away before its request was complete."""


class Upstream:
    """One address of a hub, with the state of its circuit."""

    __slots__ = ("base", "breaker", "name")

    def __init__(self, name: str, base: str, breaker: Breaker) -> None:
        self.name = name
        self.base = base.rstrip("/")
        self.breaker = breaker


class Upstreams:
    """All hubs; one connection pool."""

    def __init__(self, urls: HubUrls, settings: GatewaySettings, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._hubs = {
            name: Upstream(name, getattr(urls, name), self._breaker()) for name in HubUrls.model_fields
        }
        self._staged = {
            name: (staged.percent, Upstream(f"{name}-staged", staged.url, self._breaker()))
            for name, staged in self._known(settings.staged).items()
        }
        self._session: aiohttp.ClientSession | None = None
        self._failures = Counter(
            "gateway_upstream_failures",
            "Requests without an answer.",
            ("upstream", "kind"),
            registry=registry,
        )
        self._circuit = Gauge(
            "gateway_circuit_state", "0 closed, 1 half-open, 2 open.", ("upstream",), registry=registry
        )
        for upstream in (*self._hubs.values(), *(second for _, second in self._staged.values())):
            self._circuit.labels(upstream.name).set_function(upstream.breaker.read_state)

    def _breaker(self) -> Breaker:
        return Breaker(self._settings.breaker_failures, self._settings.breaker_open_s)

    @staticmethod
    def _known(staged: Mapping[str, StagedSettings]) -> Mapping[str, StagedSettings]:
        if unknown := set(staged) - set(HubUrls.model_fields):
            raise ValueError(f"OP_GATEWAY__STAGED names no hub: {', '.join(sorted(unknown))}")
        return staged

    def pick(self, hub: str, client: str) -> Upstream:
        """Return where a client's requests go; the same client, the same version."""
        if self._staged and (staged := self._staged.get(hub)):
            percent, second = staged
            if zlib.crc32(f"{hub}/{client}".encode()) % 10_000 < percent * 100:
                return second
        return self._hubs[hub]

    def base_urls(self) -> dict[str, str]:
        """Return the first address of each hub."""
        return {name: upstream.base for name, upstream in self._hubs.items()}

    def client(self) -> aiohttp.ClientSession:
        """Return the pool, opened at first use."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Connections are given up before the hubs do (30 s), so that no request meets a closed one.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15, ttl_dns_cache=30),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=_SILENCE_LIMIT_S
                ),
            )
        return self._session

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self, upstream: Upstream, route: Route, method: str, target: str, headers: RawHeaders, body: Body,
        *, is_idempotent: bool = False,
    ) -> aiohttp.ClientResponse:  # fmt: skip
        """Send a request and return the head of its answer.

        Raises: Unavailable when the hub is away or its circuit open; GatewayTimeout; BadGateway.
        """
        breaker = upstream.breaker
        if not breaker.may_pass():
            wait = breaker.retry_after_s
            raise Unavailable(
                f"{route.hub}_hub is away; asked again in {wait} s",
                headers={"Retry-After": str(wait)},
                hub=route.hub,
            )
        # A body that streams cannot be sent a second time.
        may_repeat = method in _IDEMPOTENT or is_idempotent
        attempts = 2 if may_repeat and (body is None or isinstance(body, bytes)) else 1
        url = URL(upstream.base + target, encoded=True)
        try:
            # The client library writes UTF-8: what is none could not arrive as the same bytes.
            pairs = [(name.decode(), value.decode()) for name, value in headers]
            fields: CIMultiDict[str] = CIMultiDict(pairs)
        except UnicodeDecodeError:
            breaker.gave_up()
            raise BadRequest("a header is not UTF-8") from None
        for attempt in range(attempts):
            try:
                answer = await self._once(route, method, url, fields, body)
            except AppError as failure:
                self._failures.labels(upstream.name, failure.code).inc()
                breaker.failed()
                is_last = attempt + 1 == attempts
                # What timed out may be at work still: only what changes nothing is asked again.
                if is_last or (isinstance(failure, GatewayTimeout)) or not breaker.may_pass():
                    raise
            except BaseException:
                breaker.gave_up()
                raise
            else:
                breaker.succeeded()
                return answer
        raise BadGateway(f"{route.hub}_hub did not answer", hub=route.hub)

    async def _once(
        self, route: Route, method: str, url: URL, fields: CIMultiDict[str], body: Body
    ) -> aiohttp.ClientResponse:
        try:
            if body is None or isinstance(body, bytes):
                async with asyncio.timeout(route.timeout_s):
                    return await self._request(method, url, fields, body)
            # A long upload is no silence: only the answer's silence counts, in the pool's limits.
            return await self._request(method, url, fields, body)
        except TimeoutError:
            raise GatewayTimeout(
                f"{route.hub}_hub did not answer within {route.timeout_s:g} s", hub=route.hub
            ) from None
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(
                f"{route.hub}_hub is away", headers={"Retry-After": "2"}, hub=route.hub
            ) from error
        except aiohttp.ClientError as error:
            left = error.__cause__
            if isinstance(left, ClientLeft | AppError):
                raise left from None
            raise BadGateway(f"{route.hub}_hub broke off: {type(error).__name__}", hub=route.hub) from error

    async def _request(
        self, method: str, url: URL, fields: CIMultiDict[str], body: Body
    ) -> aiohttp.ClientResponse:
        return await self.client().request(method, url, headers=fields, data=body, allow_redirects=False)


def is_safe(method: str) -> bool:
    """Tell whether a method only reads."""
    return method in _SAFE
