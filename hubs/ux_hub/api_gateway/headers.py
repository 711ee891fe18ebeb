"""Headers that end at the gateway (RFC 9110 section 7.6.1) and those it alone may set."""

from __future__ import annotations

from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# A caller that could set these would choose what the hubs believe about it.
_OURS = frozenset((b"forwarded", b"x-real-ip", b"x-request-id", b"x-original-uri", b"expect"))


def _named_by_connection(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    return {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }


def towards_upstream(headers: RawHeaders) -> RawHeaders:
    """Return a request's headers without hop-by-hop and spoofable ones."""
    dropped = _named_by_connection(headers)
    return [
        (name, value)
        for name, value in headers
        if name not in _HOP_BY_HOP
        and name not in _OURS
        and name not in dropped
        and name != b"host"
        and not name.startswith((b"x-forwarded-", b"x-openpolicy-"))
    ]


def towards_client(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """Return an answer's headers without hop-by-hop ones."""
    listed = list(headers)
    dropped = _named_by_connection(listed)
    return [
        (lower, value)
        for name, value in listed
        if (lower := name.lower()) not in _HOP_BY_HOP and lower not in dropped
    ]
