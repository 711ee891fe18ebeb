"""Conditional answers: strong ETags over the bytes, 304, Cache-Control (RFC 9110, RFC 9111)."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

REVALIDATE = "public, max-age=0, must-revalidate"


def etag_of(body: bytes) -> str:
    """Return the strong entity tag of these bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def matches(header: str | None, etag: str) -> bool:
    """Tell whether an ``If-None-Match`` value names ``etag`` (weak comparison)."""
    if not header:
        return False
    if header.strip() == "*":
        return True
    bare = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") == bare for tag in header.split(","))


def conditional(
    request: Request,
    body: bytes,
    media_type: str = "application/json",
    *,
    cache_control: str = REVALIDATE,
    headers: dict[str, str] | None = None,
    etag: str | None = None,
) -> Response:
    """Answer 304 when the caller holds these bytes already, else 200 with them."""
    tag = etag or etag_of(body)
    common = _headers(tag, cache_control, headers)
    return _unchanged(request, tag, common) or Response(body, headers=common, media_type=media_type)


def not_modified(request: Request, etag: str, *, cache_control: str = REVALIDATE) -> Response | None:
    """Return the 304 for a caller who holds what ``etag`` names, None for others: they get an answer."""
    return _unchanged(request, etag, _headers(etag, cache_control, None))


def _headers(etag: str, cache_control: str, more: dict[str, str] | None) -> dict[str, str]:
    return {
        "ETag": etag,
        "Cache-Control": cache_control,
        "Vary": "Accept, Accept-Encoding, Accept-Language",
        **(more or {}),
    }


def _unchanged(request: Request, etag: str, headers: dict[str, str]) -> Response | None:
    if request.method in ("GET", "HEAD") and matches(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return None
