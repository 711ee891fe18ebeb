"""The route table: which hub answers which path, and within what time."""

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


def _collections(hub: str, names: str, timeout_s: float = 30.0) -> list[Route]:
    return [Route(f"/api/v1/{name}", hub, timeout_s) for name in names.split()]


TABLE: tuple[Route, ...] = (
    *_collections(
        "data",
        "people memberships organizations posts parties bills bill-texts votes ballots sessions jurisdictions"
        " divisions debates speeches committees events meetings agenda-items motions documents elections"
        " candidacies search suggest coverage changes representatives boundaries boundary-sets postcodes"
        " provenance exports storage cache merges unmatched saved-searches corrections",
    ),
    Route("/compat", "data"),
    *_collections(
        "business", "jobs sources schedules queues workers imports pipelines runs quality quarantine"
    ),
    *_collections(
        "security", "auth users roles organisations keys clients config flags policies sessions-of-mine"
    ),
    Route("/oauth", "security"),
    Route("/.well-known/openid-configuration", "security"),
    Route("/.well-known/oauth-authorization-server", "security"),
    Route("/.well-known/jwks.json", "security"),
    Route("/ofrep", "security"),
    Route("/bundles", "security", 120.0),
    *_collections("intelligence", "indicators analytics charts queries reports audit decisions"),
    Route("/v1/data", "intelligence"),
    *_collections("ops", "health status alerts silences incidents errors metrics resources slo"),
)


class RouteIndex:
    """Look up the route of a path by its first segments, longest prefix first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {route.prefix: route for route in routes}
        depths = {prefix.count("/") for prefix in self._routes}
        self._depths = sorted(depths, reverse=True)

    def find(self, path: str) -> Route | None:
        """Return the route of a path, or None."""
        parts = path.split("/")
        for depth in self._depths:
            if len(parts) > depth and (route := self._routes.get("/".join(parts[: depth + 1]))):
                return route
        return None
