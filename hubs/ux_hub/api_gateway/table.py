"""The route table: which hub answers which path, within what time, how often and how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """Paths that equal ``prefix`` or continue it after a slash go to ``hub``."""

    prefix: str
    hub: str
    timeout_s: float = 30.0
    """Seconds until the first byte of the answer."""
    per_minute: int = 0
    """Requests of one client per minute to this route alone; 0: only the client's overall limit."""
    max_body_bytes: int | None = None
    """Bytes of a request body; None: the platform's limit."""
    has_own_credentials: bool = False
    """The hub reads credentials of another protocol (Sentry keys, agents' tokens): they pass unread."""
    ignores_foreign_keys: bool = False
    """Clients of another service send it the key of that service: such a caller is nobody here."""


def _collections(hub: str, names: str, **more: float) -> list[Route]:
    return [Route(f"/api/v1/{name}", hub, **more) for name in names.split()]  # type: ignore[arg-type]


_MIB = 2**20

TABLE: tuple[Route, ...] = (
    *_collections(
        "data",
        "people memberships organizations posts parties bills bill-texts votes ballots sessions jurisdictions"
        " divisions debates speeches committees events meetings agenda-items motions documents elections"
        " candidacies coverage changes history representatives boundaries boundary-sets postcodes"
        " postal-codes provenance cache merges unmatched saved-searches corrections",
    ),
    *_collections("data", "search suggest", per_minute=600),
    *_collections("data", "exports", timeout_s=120.0, per_minute=30),
    Route("/api/v1/storage", "data", timeout_s=120.0, max_body_bytes=1024 * _MIB),
    Route("/compat", "data", ignores_foreign_keys=True),
    *_collections(
        "business", "jobs sources schedules queues workers imports runs pipelines messages quality quarantine"
    ),
    *_collections(
        "security",
        "users roles scopes organisations keys api-keys signing-keys clients config flags policies"
        " sessions-of-mine service-accounts",
    ),
    Route("/api/v1/auth", "security", per_minute=120),
    Route("/oauth", "security", per_minute=600),
    Route("/signin", "security", per_minute=300),
    Route("/.well-known/openid-configuration", "security"),
    Route("/.well-known/oauth-authorization-server", "security"),
    Route("/.well-known/jwks.json", "security"),
    Route("/ofrep", "security"),
    Route("/bundles", "security", timeout_s=120.0, has_own_credentials=True),
    Route("/status/agents", "security"),
    # Policy agents come with one address and one key for bundles, their state and what they decided.
    Route("/logs", "intelligence"),
    *_collections("intelligence", "indicators analytics charts queries reports audit decisions"),
    Route("/v1/data", "intelligence"),
    Route("/v0/data", "intelligence"),
    Route("/v1/policies", "intelligence"),
    # What error reporters of other makers send: they carry a key of their own.
    Route("/api/errors", "ops", max_body_bytes=20 * _MIB, has_own_credentials=True),
    Route("/api/{project}", "ops", max_body_bytes=20 * _MIB, has_own_credentials=True),
    *_collections(
        "ops", "health status alerts silences incidents errors metrics resources slo monitors traces"
    ),
)


def _paths(names: str) -> frozenset[str]:
    return frozenset(f"/api/v1/{name}" for name in names.split())


PUBLIC_READS = _paths(
    "people memberships organizations posts bills bill-texts votes ballots sessions jurisdictions divisions"
    " debates speeches committees events documents elections candidacies coverage changes history"
    " representatives boundaries boundary-sets provenance merges corrections search exports storage"
    " indicators charts queries reports health status slo scopes"
) | {
    "/compat",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/jwks.json",
}
"""Routes with answers for anybody: GET and HEAD pass while no policy decision was ever to be had."""
SIGN_IN = frozenset(("/oauth", "/signin", "/api/v1/auth"))
"""Where people come to sign in, which opens nothing by itself: as above, whatever the method. Otherwise
nobody could look at what is wrong with the policy engine."""


def is_open_without_decision(route: str, method: str) -> bool:
    """Tell whether a request may go to its hub though the policy could not be asked."""
    return route in SIGN_IN or (route in PUBLIC_READS and method in ("GET", "HEAD"))


class RouteIndex:
    """Look up the route of a path by its first segments, longest prefix first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.prefix: route for route in routes}
        depths = {prefix.count("/") for prefix in self._routes}
        self._depths = sorted(depths, reverse=True)

    def find(self, path: str) -> Route | None:
        """Return the route of a path, or None."""
        parts = path.split("/", self._depths[0] + 1)
        if len(parts) > 2 and parts[1] == "api" and parts[2].isdigit():
            return self._routes.get("/api/{project}")
        for depth in self._depths:
            if len(parts) > depth and (route := self._routes.get("/".join(parts[: depth + 1]))):
                return route
        return None
