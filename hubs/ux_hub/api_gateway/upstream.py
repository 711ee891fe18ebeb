"""The hubs behind the door: connections, weights between two versions, circuit breakers, retries."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from hubs.ux_hub.api_gateway.breaker import Breaker
from hubs.ux_hub.api_gateway.headers import RawHeaders
from hubs.ux_hub.api_gateway.table import Route
from hubs.ux_hub.settings import GatewaySettings, StagedSettings
from shared.core.errors import AppError, BadGateway, GatewayTimeout, Unavailable
from shared.http.connection import Answer, Body, BrokenOff
from shared.http.pool import Away, Origin, Pool
from shared.settings import HubUrls

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))


class Upstream:
    """One address of a hub, with the state of its circuit."""

    __slots__ = ("breaker", "name", "origin")

    def __init__(self, name: str, base: str, breaker: Breaker) -> None:
        self.name = name
        self.origin = Origin(base)
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
        self._pool = Pool()
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
        return {name: upstream.origin.base for name, upstream in self._hubs.items()}

    async def close(self) -> None:
        """Let go of the connections."""
        self._pool.close()

    async def fetch(
        self, hub: str, method: str, target: str, headers: RawHeaders, body: bytes | None, timeout_s: float
    ) -> tuple[int, RawHeaders, bytes]:
        """Ask a hub in the gateway's own name; return status, headers and body.

        Raises: Unavailable when no whole answer came.
        """
        origin = self._hubs[hub].origin
        try:
            answer = await self._pool.ask(origin, method, target, headers, body, timeout_s=timeout_s)
            return answer.status, answer.headers, await answer.read()
        except (Away, BrokenOff, TimeoutError) as error:
            raise Unavailable(f"{hub}_hub is away", headers={"Retry-After": "5"}, hub=hub) from error

    async def send(
        self, upstream: Upstream, route: Route, method: str, target: str, headers: RawHeaders, body: Body,
        *, is_idempotent: bool = False,
    ) -> Answer:  # fmt: skip
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
        for attempt in range(attempts):
            try:
                answer = await self._pool.ask(
                    upstream.origin, method, target, list(headers), body, timeout_s=route.timeout_s,
                    is_fresh=attempt > 0,
                )  # fmt: skip
            except (Away, BrokenOff, TimeoutError) as error:
                failure = _said(error, route)
                self._failures.labels(upstream.name, failure.code).inc()
                breaker.failed()
                is_last = attempt + 1 == attempts
                # What timed out may be at work still: it is not asked again.
                if is_last or isinstance(failure, GatewayTimeout) or not breaker.may_pass():
                    raise failure from error
            except BaseException:
                # The client left, or its body was refused: that says nothing about the hub.
                breaker.gave_up()
                raise
            else:
                breaker.succeeded()
                return answer
        raise AssertionError("every attempt returns or raises")


def _said(error: Exception, route: Route) -> AppError:
    match error:
        case TimeoutError():
            text = f"{route.hub}_hub did not answer within {route.timeout_s:g} s"
            return GatewayTimeout(text, hub=route.hub)
        case Away():
            return Unavailable(f"{route.hub}_hub is away", headers={"Retry-After": "2"}, hub=route.hub)
        case _:
            return BadGateway(f"{route.hub}_hub broke off: {error}", hub=route.hub)


def is_safe(method: str) -> bool:
    """Tell whether a method only reads."""
    return method in _SAFE
