"""The HTTP side of a page: what a browser may do with it, whether it changed, how it travels."""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import Response

from hubs.ux_hub.web.service.assets import Asset
from shared.http.conditional import etag_of, matches

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors {ancestors}"
)
_LEAST_PACKED_BYTES = 700
PUBLIC = "public, max-age=0, must-revalidate"
PRIVATE = "no-store"


def security_headers(*, is_embeddable: bool = False) -> dict[str, str]:
    """Return the headers of every page; a widget alone may stand in a frame of another site."""
    headers = {
        "Content-Security-Policy": CSP.format(ancestors="*" if is_embeddable else "'none'"),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), microphone=(), payment=(), geolocation=(self)",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if is_embeddable else "same-origin",
    }
    if not is_embeddable:
        headers["X-Frame-Options"] = "DENY"
    return headers


def accepts_gzip(request: Request) -> bool:
    """Tell whether the browser takes gzip (a weight of zero refuses it)."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def answer(
    request: Request,
    body: str | bytes,
    *,
    status: int = 200,
    media_type: str = "text/html; charset=utf-8",
    cache_control: str = PUBLIC,
    is_embeddable: bool = False,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the response: 304 when the browser has these bytes, gzip when it takes it."""
    content = body.encode() if isinstance(body, str) else body
    common = {
        **security_headers(is_embeddable=is_embeddable),
        "Cache-Control": cache_control,
        "Vary": "Accept-Encoding",
        **(headers or {}),
    }
    if status == 200 and cache_control != PRIVATE:
        tag = f"W/{etag_of(content).removeprefix('W/')}"
        common["ETag"] = tag
        if request.method in ("GET", "HEAD") and matches(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers=common)
    # A page with a secret in it (a CSRF token) is never compressed beside what a caller chose.
    if cache_control != PRIVATE and len(content) >= _LEAST_PACKED_BYTES and accepts_gzip(request):
        content = gzip.compress(content, 5, mtime=0)
        common["Content-Encoding"] = "gzip"
    return Response(content, status, headers=common, media_type=media_type)


def answer_asset(request: Request, asset: Asset, digest: str) -> Response:
    """Return a file: for ever under its own digest, checked again under any other."""
    cache = "public, max-age=31536000, immutable" if digest == asset.digest else PUBLIC
    headers = {
        "Cache-Control": cache,
        "ETag": f'"{asset.digest}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    if matches(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    body = asset.body
    if asset.packed is not asset.body and accepts_gzip(request):
        body = asset.packed
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type=asset.media_type)
