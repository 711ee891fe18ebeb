"""One request on its way through the gateway, and the parts that it meets."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.types import Scope

from hubs.ux_hub.api_gateway.compression import plain_tags
from hubs.ux_hub.api_gateway.decisions import Decisions
from hubs.ux_hub.api_gateway.headers import RawHeaders
from hubs.ux_hub.api_gateway.identity import Caller, Identities
from hubs.ux_hub.api_gateway.inbound import Inbound
from hubs.ux_hub.api_gateway.limits import Limiter, Verdict
from hubs.ux_hub.api_gateway.response_cache import Entry, ResponseCache
from hubs.ux_hub.api_gateway.table import Route
from hubs.ux_hub.api_gateway.upstream import Upstreams
from hubs.ux_hub.closing import Closing
from shared.http.middleware import HttpMetrics
from shared.logging import request_id_var, trace_id_var


@dataclass(slots=True)
class GatewayParts:
    """What the gateway is made of; built with the process's resources."""

    identities: Identities
    limiter: Limiter
    decisions: Decisions | None
    cache: ResponseCache
    upstreams: Upstreams
    metrics: HttpMetrics
    closing: Closing


class Exchange:
    """What is known about a request so far."""

    __slots__ = ("caller", "client", "extra", "inbound", "method", "route", "scope", "target", "verdict")

    def __init__(self, scope: Scope, inbound: Inbound) -> None:
        self.scope = scope
        self.inbound = inbound
        self.method: str = scope["method"]
        self.target = raw_target(scope)
        self.caller: Caller | None = None
        self.client = ""
        self.route: Route | None = None
        self.verdict: Verdict | None = None
        self.extra: RawHeaders = []

    def rewrite(self, method: str, path: str, decoded: str) -> None:
        """Make this a request for another path; the query stays."""
        query = self.target.partition("?")[2]
        self.target = f"{path}?{query}" if query else path
        self.method = method
        self.scope = {**self.scope, "method": method, "path": decoded, "raw_path": path.encode("latin-1")}

    def sticky_key(self) -> str:
        """Return what makes requests of one caller go to one version of a hub."""
        if self.caller is None or self.caller.principal.is_anonymous:
            return self.client
        return self.caller.principal.subject

    def upstream_headers(self, entry: Entry | None) -> RawHeaders:
        """Return the headers for the hub; with a stored answer, asking whether that still holds."""
        inbound, caller, values = self.inbound, self.caller, self.inbound.values
        headers = list(inbound.forward)
        if caller is not None and caller.authorization:
            headers.append((b"authorization", caller.authorization))
        elif b"authorization" in values:
            headers.append((b"authorization", values[b"authorization"]))
        if self.route is not None and self.route.has_own_credentials and b"x-api-key" in values:
            headers.append((b"x-api-key", values[b"x-api-key"]))
        if b"cookie" in values and (cookies := inbound.cookies_forward()):
            headers.append((b"cookie", cookies))
        if entry is not None:
            if entry.etag:
                headers.append((b"if-none-match", entry.etag))
        elif b"if-none-match" in values:
            headers.append((b"if-none-match", plain_tags(values[b"if-none-match"])))
        if b"if-match" in values:
            headers.append((b"if-match", plain_tags(values[b"if-match"])))
        if self.client:
            headers.append((b"x-forwarded-for", self.client.encode()))
        headers.append((b"x-forwarded-proto", self.scope["scheme"].encode()))
        if inbound.host:
            headers.append((b"x-forwarded-host", inbound.host))
        headers += self.trace_headers()
        return headers

    def trace_headers(self) -> RawHeaders:
        """Return the headers by which the hubs' logs of this request are found together."""
        traceparent, trace = self.inbound.values.get(b"traceparent"), trace_id_var.get().encode()
        if traceparent is None or trace not in traceparent:
            traceparent = b"00-%b-%b-01" % (trace, trace[:16])
        return [(b"x-request-id", request_id_var.get().encode()), (b"traceparent", traceparent)]


def raw_target(scope: Scope) -> str:
    """Return path and query as they came, still encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    query: bytes = scope["query_string"]
    return f"{path}?{query.decode('latin-1')}" if query else path
