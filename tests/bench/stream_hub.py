"""A hub for the memory bench: answers that may be kept, answers that may not, and streams of events."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

import uvicorn

BODY = b'{"data":[' + b",".join(b'{"id":%d,"title":"An Act to amend the Act"}' % n for n in range(40)) + b"]}"


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    if scope["path"].endswith("/stream"):
        await _stream(receive, send)
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
    if "/jobs" in scope["path"]:
        headers += [
            (b"cache-control", b"public, max-age=60, stale-while-revalidate=60"),
            (b"etag", b'"1"'),
            (b"vary", b"Accept-Language"),
        ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def _stream(receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    leaving = asyncio.ensure_future(receive())
    number = 0
    with contextlib.suppress(Exception):
        while True:
            await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
            done, _ = await asyncio.wait({leaving}, timeout=5)
            if done and (await leaving)["type"] == "http.disconnect":
                return
            leaving = leaving if not done else asyncio.ensure_future(receive())
            number += 1


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_config=None, access_log=False,
        lifespan="off",
    )  # fmt: skip
