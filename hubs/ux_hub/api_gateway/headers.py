"""Headers of answers: those that end at the gateway (RFC 9110 section 7.6.1) and those that it adds."""

from __future__ import annotations

from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

_DROPPED = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # The gateway's own server states these.
        b"date",
        b"server",
        b"x-request-id",
    )
)
SECURITY: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
"""Added to every proxied answer that does not say otherwise."""
_PAGE_POLICY = (
    b"default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'self';"
    b" form-action 'self'; frame-ancestors 'none'"
)
PAGE_SECURITY: RawHeaders = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (
        b"content-security-policy",
        _PAGE_POLICY,
    ),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), payment=()"),
]
"""Added to the hub's own answers that do not say otherwise."""
HSTS = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_ALLOWED = (
    b"Accept, Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Range,"
    b" Traceparent, X-API-Key, X-Request-ID, Mcp-Method, Mcp-Name, Mcp-Session-Id, MCP-Protocol-Version,"
    b" X-Sentry-Auth, API-Version"
)
EXPOSED = (
    b"ETag, Link, Location, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit,"
    b" X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-ID, Deprecation, Age, Cache-Status"
)


def towards_client(headers: RawHeaders) -> RawHeaders:
    """Return an answer's headers without those that end here; names are in lower case."""
    kept = [pair for pair in headers if pair[0] not in _DROPPED]
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            named = {token.strip().lower() for token in value.split(b",")}
            kept = [pair for pair in kept if pair[0] not in named]
    return kept


def at_the_door(headers: RawHeaders, base: bytes) -> RawHeaders:
    """Return headers in which a Location below a hub's own address is a path: clients cannot go there."""
    for at, (name, value) in enumerate(headers):
        if name == b"location" and value.startswith(base + b"/"):
            return [*headers[:at], (name, value[len(base) :]), *headers[at + 1 :]]
    return headers


def add_missing(headers: RawHeaders, wanted: RawHeaders) -> None:
    """Append those of ``wanted`` whose names are not among ``headers`` yet."""
    present = {name for name, _ in headers}
    headers += [pair for pair in wanted if pair[0] not in present]


def find(headers: RawHeaders, name: bytes) -> bytes:
    """Return the first value of a header, empty when there is none."""
    for known, value in headers:
        if known == name:
            return value
    return b""


class Cors:
    """Which browsers may read answers: any origin by default, with a token of its own, never with cookies."""

    def __init__(self, origins: Iterable[str]) -> None:
        listed = [origin.encode() for origin in origins]
        self._any = b"*" in listed
        self._origins = frozenset(listed)

    def allowed(self, origin: bytes) -> bytes:
        """Return the value of Access-Control-Allow-Origin, empty when the origin may not."""
        if self._any:
            return b"*"
        return origin if origin in self._origins else b""

    def add(self, headers: RawHeaders, origin: bytes) -> None:
        """Add what lets a browser read this answer."""
        if find(headers, b"access-control-allow-origin"):
            return
        allowed = self.allowed(origin)
        if allowed:
            headers.append((b"access-control-allow-origin", allowed))
            headers.append((b"access-control-expose-headers", EXPOSED))
        if not self._any:
            headers.append((b"vary", b"Origin"))

    def preflight(self, origin: bytes) -> RawHeaders:
        """Return the headers that answer a preflight."""
        allowed = self.allowed(origin)
        if not allowed:
            return [(b"vary", b"Origin")]
        return [
            (b"access-control-allow-origin", allowed),
            (b"access-control-allow-methods", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            (
                b"access-control-allow-headers",
                _ALLOWED,
            ),
            (b"access-control-max-age", b"7200"),
            (b"vary", b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
        ]
