"""A request as the gateway sees it: its headers read once, ambiguous framing refused (RFC 9112 section 6)."""

from __future__ import annotations

from starlette.types import Scope

from hubs.ux_hub.api_gateway.headers import RawHeaders
from shared.core.errors import BadRequest

TOKEN_COOKIE = b"op_access"
"""Cookie of the pages that carries an access token; it never leaves the gateway."""

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
    )
)
# A caller that could set these would choose what the hubs believe about it.
_OURS = frozenset(
    (b"forwarded", b"x-real-ip", b"x-request-id", b"x-original-uri", b"x-original-url", b"expect")
)
_READ = frozenset(
    (
        b"authorization",
        b"x-api-key",
        b"cookie",
        b"origin",
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"if-none-match",
        b"if-match",
        b"range",
        b"cache-control",
        b"idempotency-key",
        b"sec-fetch-site",
        b"access-control-request-method",
        b"traceparent",
    )
)
_NOT_FORWARDED = frozenset(
    (b"authorization", b"x-api-key", b"cookie", b"if-none-match", b"if-match", b"traceparent")
)


class Inbound:
    """The headers of one request: what the gateway acts on, and what goes on unchanged."""

    __slots__ = ("forward", "has_body", "host", "length", "named", "values")

    def __init__(self, scope: Scope) -> None:
        """Read the headers.

        Raises: BadRequest when the framing is ambiguous.
        """
        self.forward: RawHeaders = []
        self.values: dict[bytes, bytes] = {}
        self.host = b""
        self.length: int | None = None
        self.has_body = False
        self.named: set[bytes] = set()
        forward = self.forward
        chunked = False
        for pair in scope["headers"]:
            name, value = pair
            if name in _READ:
                known = self.values.get(name)
                # A repeated field is one list (RFC 9110 section 5.3); cookies join with a semicolon.
                self.values[name] = (
                    value if known is None else known + (b"; " if name == b"cookie" else b", ") + value
                )
                if name not in _NOT_FORWARDED:
                    forward.append(pair)
            elif name == b"host":
                if self.host:
                    raise _ambiguous("more than one Host header")
                self.host = value
            elif name == b"content-length":
                if self.length is not None or not value.isdigit() or len(value) > 18:
                    raise _ambiguous("Content-Length must be one number")
                self.length = int(value)
                self.has_body = True
                forward.append(pair)
            elif name == b"transfer-encoding":
                if chunked or value.strip().lower() != b"chunked":
                    raise _ambiguous("Transfer-Encoding must be chunked, once")
                chunked = True
                self.has_body = True
            elif name in _HOP_BY_HOP:
                if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
                    self.named.update(token.strip().lower() for token in value.split(b","))
            elif name in _OURS or name.startswith((b"x-forwarded-", b"x-openpolicy-")):
                continue
            else:
                forward.append(pair)
        if chunked and scope.get("http_version") == "1.0":
            raise _ambiguous("HTTP/1.0 has no Transfer-Encoding")
        if chunked and self.length is not None:
            raise _ambiguous("a body is either chunked or has a Content-Length")
        if self.named:
            self.forward = [pair for pair in forward if pair[0] not in self.named]

    def get(self, name: bytes) -> bytes:
        """Return the value of a header that the gateway acts on, empty when there is none."""
        return self.values.get(name, b"")

    def token_cookie(self) -> bytes:
        """Return the access token that the pages keep in a cookie, empty when there is none."""
        cookie = self.values.get(b"cookie")
        if not cookie or TOKEN_COOKIE not in cookie:
            return b""
        for part in cookie.split(b";"):
            name, _, value = part.strip().partition(b"=")
            if name == TOKEN_COOKIE:
                return value
        return b""

    def cookies_forward(self) -> bytes:
        """Return the Cookie header without the gateway's own."""
        cookie = self.values.get(b"cookie", b"")
        if TOKEN_COOKIE not in cookie:
            return cookie
        kept = [part for part in cookie.split(b";") if part.strip().partition(b"=")[0] != TOKEN_COOKIE]
        return b";".join(kept).strip()


def _ambiguous(detail: str) -> BadRequest:
    # Nothing after such a request can be trusted to be where it seems: the connection ends with it.
    return BadRequest(detail, headers={"Connection": "close"})
