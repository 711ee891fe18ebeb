"""How the facades answer: JSON, or JSON in a callback (JSONP), by paths with and without their last slash."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.http.conditional import conditional
from shared.http.json import dumps

_NO_NAME = re.compile(r"[^A-Za-z0-9_]")
_MOST_NAME = 100


def answer(request: Request, body: Any, headers: dict[str, str] | None = None) -> Response:
    """Answer a body as JSON; with ``callback=`` as a script that calls it, for pages older than CORS."""
    said = dumps(body)
    open_to_all = {"Access-Control-Allow-Origin": "*", **(headers or {})}
    callback = _NO_NAME.sub("", request.query_params.get("callback", ""))[:_MOST_NAME]
    if not callback:
        return conditional(request, said, headers=open_to_all)
    # U+2028 and U+2029 end a line in older scripts; the comment denies the caller the first bytes.
    said = said.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    script = b"/**/" + callback.encode() + b"(" + said + b");"
    open_to_all["X-Content-Type-Options"] = "nosniff"
    return conditional(request, script, "application/javascript; charset=utf-8", headers=open_to_all)


def path_below(request: Request, prefix: str) -> str:
    """Return the path as the other service would write it: without our prefix, with a slash at the end."""
    path = request.url.path.removeprefix(prefix)
    return path if path.endswith("/") else f"{path}/"


def answer_without_slash_too(router: APIRouter, but: Collection[str] = ()) -> None:
    """Serve every path that ends in a slash without it as well, but for those that another route serves so.

    A redirect would name the hub's own address, and browsers follow none from another origin.
    """
    for route in list(router.routes):
        path = route.path.removeprefix(router.prefix) if isinstance(route, APIRoute) else ""
        if isinstance(route, APIRoute) and path.endswith("/") and path not in but:
            router.add_api_route(
                path[:-1],
                route.endpoint,
                methods=sorted(route.methods or ()),
                name=f"{route.name}_bare",
                include_in_schema=False,
                openapi_extra=route.openapi_extra,
            )
