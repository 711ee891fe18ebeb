"""Policy decisions at the door, remembered: a document of the policy engine may forbid a route to a caller.

A route that no policy speaks of is open as far as this goes (the hub's own access rule still holds). Once a
policy has spoken of a route, its absence closes that route: the decision fails closed.
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

from shared.auth import Principal
from shared.core.errors import AppError, Forbidden, NotFound, Unavailable
from shared.logging import get_logger

log = get_logger(__name__)
_MAX_REMEMBERED = 8_192
_STALE_S = 300.0
_RETRY_S = 5.0

Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Asks the policy engine with an input and returns its whole answer; raises AppError."""


@dataclass(slots=True)
class _Decision:
    is_allowed: bool
    is_covered: bool
    reason: str
    until: float


class Decisions:
    """Asks once per route, method and caller, and refreshes what it knows in the background."""

    def __init__(self, ask: Ask, max_age_s: float, registry: CollectorRegistry) -> None:
        self._ask = ask
        self._max_age_s = max_age_s
        self._known: OrderedDict[tuple[str, str, str], _Decision] = OrderedDict()
        self._covered: set[str] = set()
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
            task.add_done_callback(lambda _: self._refreshing.pop(key, None))
        return _passes(decision)

    async def decide(self, route: str, method: str, principal: Principal, hub: str) -> None:
        """Ask, remember, and return when the request may pass.

        Raises: Forbidden; Unavailable when a policy covers the route and cannot be asked.
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
            answer = await to_thread.run_sync(self._ask, question)
        except NotFound:
            answer = {}
        except AppError as error:
            self._asked.labels("unavailable").inc()
            if route in self._covered:
                old = self._known.get(key)
                if old is None or now - old.until > _STALE_S:
                    raise Unavailable(
                        "the policy that guards this cannot be asked", headers={"Retry-After": "5"}
                    ) from error
                return
            log.debug("no policy decision", route=route, error=error.detail)
            self._remember(key, _Decision(True, False, "", now + _RETRY_S))
            return
        decision = _read(answer.get("result"), now + self._max_age_s)
        if decision.is_covered:
            self._covered.add(route)
        outcome = "allow" if decision.is_allowed else "deny"
        self._asked.labels(outcome if decision.is_covered else "undefined").inc()
        self._remember(key, decision)

    def _remember(self, key: tuple[str, str, str], decision: _Decision) -> None:
        self._known[key] = decision
        self._known.move_to_end(key)
        if len(self._known) > _MAX_REMEMBERED:
            self._known.popitem(last=False)


def _read(result: Any, until: float) -> _Decision:
    if isinstance(result, dict):
        if "allow" not in result:
            return _Decision(True, False, "", until)
        return _Decision(result["allow"] is True, True, str(result.get("reason", "")), until)
    if isinstance(result, bool):
        return _Decision(result, True, "", until)
    return _Decision(True, False, "", until)


def _passes(decision: _Decision) -> bool:
    if not decision.is_allowed:
        raise Forbidden(decision.reason or "a policy forbids this")
    return True
