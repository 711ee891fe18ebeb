"""Routes of the former services: each leads to what it became, or says why it is gone.

``legacy.csv`` holds one line per former route: service, method, path, the method and path that it became
(empty: gone), and for the gone ones a reason in English and French. ``{name}`` in a path is one segment.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from starlette.types import Receive

from hubs.ux_hub.api_gateway.exchange import Exchange
from hubs.ux_hub.api_gateway.headers import RawHeaders
from hubs.ux_hub.api_gateway.relay import request_body
from shared.core.errors import BadRequest, Gone, MethodNotAllowed, NotFound
from shared.http.json import dumps, loads

FILE = Path(__file__).with_name("legacy.csv")
DEPRECATED_AT = 1_767_225_600
"""Seconds since 1970 of the day from which the former routes are deprecated: 2026-01-01 (RFC 9745)."""


class LegacyRoute(NamedTuple):
    """One former route."""

    service: str
    method: str
    path: str
    new_method: str
    new_path: str
    reason_en: str
    reason_fr: str

    @property
    def is_gone(self) -> bool:
        """Tell whether nothing took its place."""
        return not self.new_path

    @property
    def segments(self) -> tuple[str, ...]:
        """Return service and path in segments; ``{}`` is any one, ``*`` any number of them."""
        parts = [self.service, *self.path.strip("/").split("/")]
        return tuple("{}" if p.startswith(("{", ":")) else p for p in parts if p)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the variable segments, in order."""
        return tuple(p.strip("{}:") for p in self.path.split("/") if p.startswith(("{", ":")))


class Alias(NamedTuple):
    """Where one request for a former route leads."""

    method: str
    path: str
    decoded: str


class LegacyIndex:
    """Finds the former route of a path; literal segments win over variable ones."""

    def __init__(self, routes: Iterable[LegacyRoute]) -> None:
        self._routes = sorted(routes, key=lambda r: [(s == "*", s == "{}", s) for s in r.segments])

    def resolve(self, method: str, path: str) -> Alias:
        """Return where a request for ``/legacy/<service><path>`` leads.

        Raises: Gone with the reason; NotFound; MethodNotAllowed.
        """
        given = [part for part in path.removeprefix("/legacy/").split("/") if part]
        wanted = "GET" if method in ("HEAD", "OPTIONS") else method
        others = set()
        for route in self._routes:
            found = _match(route.segments, given)
            if found is None:
                continue
            if route.method != wanted:
                others.add(route.method)
                continue
            if route.is_gone:
                raise Gone(
                    route.reason_en,
                    headers=_deprecation(),
                    detail_fr=route.reason_fr,
                    former_route=f"{route.method} {route.path}",
                )
            return _alias(route, method, found)
        if others:
            raise MethodNotAllowed(
                "the former route had other methods", headers={"Allow": ", ".join(sorted(others))}
            )
        raise NotFound("no former service had this route")


def _match(template: tuple[str, ...], given: list[str]) -> list[str] | None:
    values: list[str] = []
    for index, part in enumerate(template):
        if part == "*":
            return [*values, "/".join(given[index:])]
        if index >= len(given):
            return None
        if part == "{}":
            values.append(given[index])
        elif part != given[index]:
            return None
    return values if len(given) == len(template) else None


def _alias(route: LegacyRoute, method: str, values: list[str]) -> Alias:
    path = decoded = route.new_path
    for name, value in zip((*route.names, "*"), values, strict=False):
        mark = "*" if name == "*" else f"{{{name}}}"
        path = path.replace(mark, quote(value, safe="/" if name == "*" else ""))
        decoded = decoded.replace(mark, value)
    is_same = method in ("HEAD", "OPTIONS") and route.new_method == "GET"
    return Alias(method if is_same else route.new_method, path, decoded)


def _deprecation() -> dict[str, str]:
    return {"Deprecation": f"@{DEPRECATED_AT}", "Link": '</docs>; rel="deprecation"'}


def legacy_headers(alias: Alias) -> RawHeaders:
    """Return what an answer at a former address says about its future."""
    return [
        (b"deprecation", b"@%d" % DEPRECATED_AT),
        (b"link", f'<{alias.path}>; rel="successor-version"'.encode("latin-1")),
    ]


async def ask_in_query(exchange: Exchange, receive: Receive, max_bytes: int) -> None:
    """Turn the JSON body of a question that was a POST into a query string.

    Raises: BadRequest when it is no flat JSON object; TooLarge, ClientLeft.
    """
    inbound = exchange.inbound
    body = await request_body(inbound, receive, max_bytes)
    if body is not None and not isinstance(body, bytes):
        raise BadRequest("the question is too long")
    try:
        asked = loads(body) if body else {}
        pairs = [(str(k), v if isinstance(v, str) else dumps(v).decode()) for k, v in asked.items()]
    except (ValueError, AttributeError):
        raise BadRequest("the body of this former route is one JSON object") from None
    query = urlencode([(name, value) for name, value in pairs if value != "null"])
    if query:
        exchange.target += ("&" if "?" in exchange.target else "?") + query
    inbound.has_body, inbound.length = False, None
    dropped = (b"content-length", b"content-type")
    inbound.forward = [pair for pair in inbound.forward if pair[0] not in dropped]


def read_legacy(path: Path = FILE) -> list[LegacyRoute]:
    """Return the former routes in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [LegacyRoute(**row) for row in csv.DictReader(file)]


@cache
def load_legacy() -> LegacyIndex:
    """Return the index of the former routes, read at first use."""
    return LegacyIndex(read_legacy())
