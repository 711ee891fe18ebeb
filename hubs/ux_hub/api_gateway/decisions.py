"""Policy decisions at the door, remembered: a document of the policy engine may forbid a route to a caller.

Without a decision nothing passes but the reads that are public anyway, and signing in (``PUBLIC_READS`` and
``SIGN_IN`` of the table). The document leaves a route to the hub's own access rule by saying no ``allow``;
that it does not exist is no decision. Once a policy has spoken of a route, its absence closes that route too.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from prometheus_client import CollectorRegistry, Counter

from hubs.ux_hub.api_gateway.table import is_open_without_decision
from shared.auth import Principal
from shared.core.errors import AppError, Forbidden, GatewayTimeout, Unavailable
from shared.logging import get_logger

log = get_logger(__name__)
_MAX_REMEMBERED = 8_192
_STALE_S = 300.0
_RETRY_S = 5.0
_PAUSE_S = 1.0
"""Seconds for which an engine that did not answer is not asked again: each question would wait as long."""

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks the policy engine with an input and returns its whole answer; raises AppError."""


@dataclass(slots=True)
class _Decision:
    is_allowed: bool
    is_covered: bool
    reason: str
    until: float
    is_provisional: bool = False
    """It passes for want of a decision, for a few seconds."""


class Decisions:
    """Asks once per route, method and caller, and refreshes what it knows in the background."""

    def __init__(self, ask: Ask, max_age_s: float, registry: CollectorRegistry) -> None:
        self._ask = ask
        self._max_age_s = max_age_s
        self._known: OrderedDict[tuple[str, str, str], _Decision] = OrderedDict()
        self._covered: set[str] = set()
        self._away_until = 0.0
        self._refreshing: dict[tuple[str, str, str], asyncio.Task[None]] = {}
        self._asked = Counter(
            "gateway_policy_decisions",
            "Decisions asked of the policy engine.",
            ("outcome",),
            registry=registry,
        )

    def recall(self, route: str, method: str, principal: Principal, hub: str) -> bool:
        """Tell whether a remembered decision lets the request pass; False when none is remembered.

        Raises: Forbidden.
        """
        key = (route, method, principal.subject)
        decision = self._known.get(key)
        if decision is None:
            return False
        age = time.monotonic() - decision.until
        if age > _STALE_S:
            return False
        if age > 0 and key not in self._refreshing:
            # Until the new decision is here, the old one holds.
            task = asyncio.ensure_future(self._refresh(key, principal, hub))
            self._refreshing[key] = task
            task.add_done_callback(lambda task: self._refreshed(key, task))
        return _passes(decision)

    def _refreshed(self, key: tuple[str, str, str], task: asyncio.Task[None]) -> None:
        self._refreshing.pop(key, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The next request asks for itself, and is told.
            self._known.pop(key, None)
            log.info("decision not renewed", route=key[0], error=str(error))

    async def decide(self, route: str, method: str, principal: Principal, hub: str) -> None:
        """Ask, remember, and return when the request may pass.

        Raises: Forbidden; Unavailable when there is no decision and the request may not pass without.
        """
        key = (route, method, principal.subject)
        await self._refresh(key, principal, hub)
        _passes(self._known[key])

    async def _refresh(self, key: tuple[str, str, str], principal: Principal, hub: str) -> None:
        route, method, _ = key
        question = {
            "subject": {
                "id": principal.subject,
                "kind": principal.kind,
                "client_id": principal.client_id,
                "roles": sorted(principal.roles),
                "scopes": sorted(principal.scopes),
            },
            "request": {"method": method, "route": route, "hub": hub},
        }
        now = time.monotonic()
        try:
            decision = _read(await self._answer(question, now), now + self._max_age_s)
        except AppError as error:
            self._asked.labels("unavailable").inc()
            old = self._known.get(key)
            if old is not None and not old.is_provisional and now - old.until <= _STALE_S:
                return
            if route in self._covered or not is_open_without_decision(route, method):
                raise Unavailable(
                    "the policy that guards this cannot be asked", headers={"Retry-After": "5"}
                ) from error
            log.debug("no policy decision", route=route, error=error.detail)
            self._remember(key, _Decision(True, False, "", now + _RETRY_S, is_provisional=True))
            return
        if decision.is_covered:
            self._covered.add(route)
        outcome = "allow" if decision.is_allowed else "deny"
        self._asked.labels(outcome if decision.is_covered else "undefined").inc()
        self._remember(key, decision)

    async def _answer(self, question: dict[str, Any], now: float) -> dict[str, Any]:
        if now < self._away_until:
            raise Unavailable("the policy engine did not answer a moment ago")
        try:
            return await to_thread.run_sync(self._ask, question)
        except (Unavailable, GatewayTimeout):
            self._away_until = time.monotonic() + _PAUSE_S
            raise

    def _remember(self, key: tuple[str, str, str], decision: _Decision) -> None:
        self._known[key] = decision
        self._known.move_to_end(key)
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)


def _read(answer: dict[str, Any], until: float) -> _Decision:
    result = answer.get("result")
    if isinstance(result, bool):
        return _Decision(result, True, "", until)
    if not isinstance(result, dict):
        raise Unavailable("the policy engine knows no policy for the door")
    if "allow" not in result:
        return _Decision(True, False, "", until)
    return _Decision(result["allow"] is True, True, str(result.get("reason", "")), until)


def _passes(decision: _Decision) -> bool:
    if not decision.is_allowed:
        raise Forbidden(decision.reason or "a policy forbids this")
    return True
