"""How the gateway comes to be in a process, and whom it asks about keys and policy."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from hubs.ux_hub.api_gateway.decisions import Ask, Decisions
from hubs.ux_hub.api_gateway.exchange import GatewayParts
from hubs.ux_hub.api_gateway.headers import find
from hubs.ux_hub.api_gateway.identity import Identities, KeyExchange, problem_text
from hubs.ux_hub.api_gateway.limits import Limiter
from hubs.ux_hub.api_gateway.proxy import Gateway
from hubs.ux_hub.api_gateway.response_cache import ResponseCache
from hubs.ux_hub.api_gateway.upstream import Upstreams
from hubs.ux_hub.closing import Closing
from hubs.ux_hub.settings import UxSettings
from shared.app import Resources
from shared.clients.base import HubClient
from shared.core.errors import TooManyRequests, Unauthorized, Unavailable
from shared.http.json import dumps, loads
from shared.logging import request_id_var

EXCHANGE_PATH = "/api/v1/keys/exchange"
_EXCHANGE_TIMEOUT_S = 5.0


def open_gateway(resources: Resources) -> None:
    """Make the parts of the gateway."""
    settings = UxSettings.of(resources.settings)
    closing = Closing()
    resources.put(closing)
    upstreams = Upstreams(settings.hubs, settings.gateway, resources.registry)
    closing.add(upstreams.close)
    decisions = None
    if settings.gateway.policy:
        decisions = Decisions(
            _ask_engine(resources, settings.gateway.policy),
            settings.gateway.policy_max_age_s,
            resources.registry,
        )
    resources.put(
        GatewayParts(
            identities=Identities(resources.verifier, _exchange_with(resources, upstreams)),
            limiter=Limiter(settings.redis.url, resources.registry),
            decisions=decisions,
            cache=ResponseCache(settings.gateway.cache_bytes, settings.gateway.cache_entry_bytes),
            upstreams=upstreams,
            metrics=resources.http_metrics,
            closing=closing,
        )
    )


class DoorApp(FastAPI):
    """The hub's application with the gateway in front of the framework."""

    @cached_property
    def gateway(self) -> Gateway:
        """Return the gateway, made at the first call."""
        resources: Resources = self.state.resources
        settings = UxSettings.of(resources.settings)
        made = Gateway(super().__call__, settings, lambda: resources.get(GatewayParts))
        resources.live.watch(settings.gateway, made.read_settings)
        return made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward what belongs to a hub; answer the rest."""
        await self.gateway(scope, receive, send)


def _ask_engine(resources: Resources, document: str) -> Ask:
    client = HubClient(resources.settings.hubs.intelligence, resources.http, resources.tokens)

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        answer = client.request("POST", f"/v1/data/{document}", json={"input": question}, timeout_s=2.0)
        return answer if isinstance(answer, dict) else {}

    return ask


def _exchange_with(resources: Resources, upstreams: Upstreams) -> KeyExchange:
    from anyio import to_thread

    async def exchange(api_key: str, address: str) -> tuple[str, int]:
        try:
            token = await to_thread.run_sync(resources.tokens.get)
        except (Unavailable, Unauthorized) as error:
            raise Unavailable("API keys cannot be checked now", headers={"Retry-After": "5"}) from error
        headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"x-forwarded-for", address.encode()),
            (b"x-request-id", request_id_var.get().encode()),
        ]
        try:
            status, said, body = await upstreams.fetch(
                "security", "POST", EXCHANGE_PATH, headers, dumps({"key": api_key}), _EXCHANGE_TIMEOUT_S
            )
        except Unavailable as error:
            raise Unavailable(
                "API keys cannot be checked now: the security hub is away", headers={"Retry-After": "5"}
            ) from error
        if status == 200:
            found = loads(body)
            return str(found["access_token"]), int(found["expires_in"])
        if status == 429:
            raise TooManyRequests(
                problem_text(body), headers={"Retry-After": find(said, b"retry-after").decode() or "5"}
            )
        if status in (400, 401, 403, 422):
            detail = problem_text(body)
            if status in (401, 403) and "token" in detail:
                resources.tokens.forget()
            raise Unauthorized(
                detail or "this API key is not valid",
                headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
            )
        raise Unavailable("API keys cannot be checked now", headers={"Retry-After": "5"})

    return exchange
