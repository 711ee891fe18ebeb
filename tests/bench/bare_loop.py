"""A proxy over a general HTTP client: raw ASGI and aiohttp with nothing between; the gateway stands beside it."""

from __future__ import annotations

import sys
from typing import Any

import aiohttp
import uvicorn
from yarl import URL

_session: list[aiohttp.ClientSession] = []


async def app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
    """Forward a GET."""
    if scope["type"] != "http":
        return
    if not _session:
        _session.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False))
    target = f"{sys.argv[2]}{scope['path']}?{scope['query_string'].decode()}"
    answer = await _session[0].request("GET", URL(target, encoded=True), allow_redirects=False)
    body = await answer.read()
    headers = [(name.lower(), value) for name, value in answer.raw_headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_config=None, access_log=False,
        server_header=False, lifespan="off",
    )  # fmt: skip
