"""Compression at the edge: gzip for text that the hubs sent plain, with entity tags told apart."""

from __future__ import annotations

import re
import zlib

from hubs.ux_hub.api_gateway.headers import RawHeaders, find

MIN_BYTES = 1_024
_LEVEL = 4
_GZIP = 16 + zlib.MAX_WBITS
_TEXT = (
    b"text/",
    b"application/json",
    b"application/problem+json",
    b"application/xml",
    b"application/atom+xml",
    b"application/feed+json",
    b"application/javascript",
    b"application/x-ndjson",
    b"application/geo+json",
    b"application/openmetrics-text",
    b"image/svg+xml",
)
_SUFFIX = b'-gzip"'
_GZIP_ACCEPTED = re.compile(
    rb"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*(?P<q>[0-9.]+))?\s*(?:,|$)", re.IGNORECASE
)


def gzip_bytes(body: bytes) -> bytes:
    """Return the body as one gzip member; the same bytes each time."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def compressor() -> zlib._Compress:
    """Return a gzip stream to feed with chunks."""
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Tell whether the client takes gzip (RFC 9110 section 12.5.3)."""
    if not accept_encoding:
        return False
    found = _GZIP_ACCEPTED.search(accept_encoding)
    if found is None:
        return False
    try:
        return found["q"] is None or float(found["q"]) > 0
    except ValueError:
        return False


def is_compressible(status: int, headers: RawHeaders, length: int | None) -> bool:
    """Tell whether this answer gains by compression and may be changed."""
    if status in (204, 206, 304) or (length is not None and length < MIN_BYTES):
        return False
    if find(headers, b"content-encoding") or find(headers, b"content-range"):
        return False
    if b"no-transform" in find(headers, b"cache-control"):
        return False
    kind = find(headers, b"content-type").lower()
    return kind.startswith(_TEXT) and not kind.startswith(b"text/event-stream")


def mark_gzip(headers: RawHeaders) -> RawHeaders:
    """Return headers of the compressed form: its own strong entity tag, no length yet."""
    marked: RawHeaders = []
    for name, value in headers:
        if name == b"etag" and value.endswith(b'"') and not value.startswith(b"W/"):
            marked.append((name, value[:-1] + _SUFFIX))
        elif name not in (b"content-length", b"accept-ranges"):
            marked.append((name, value))
    marked.append((b"content-encoding", b"gzip"))
    return marked


def add_vary(headers: RawHeaders) -> None:
    """Say that the answer depends on Accept-Encoding."""
    for index, (name, value) in enumerate(headers):
        if name == b"vary":
            if b"accept-encoding" not in value.lower() and b"*" not in value:
                headers[index] = (name, value + b", Accept-Encoding")
            return
    headers.append((b"vary", b"Accept-Encoding"))


def plain_tags(value: bytes) -> bytes:
    """Return entity tags of a condition as the hub knows them, without our suffix."""
    return value.replace(_SUFFIX, b'"') if _SUFFIX in value else value
