"""An upstream that says exactly what it received, and answers in every manner HTTP allows."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
import zlib
from typing import Any

FRAMING = {"content-length", "transfer-encoding", "connection", "keep-alive", "host"}
ADDED = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-request-id", "traceparent"}
"""Request headers that the gateway sets: named in docs/gateway.md."""


class Mirror:
    """Answers ``/…/<status>?<how>``; keeps which requests came whole."""

    def __init__(self) -> None:
        self.left = threading.Event()
        self.requests: list[tuple[str, str]] = []
        self.files = {"/api/v1/documents/file": bytes(range(256)) * 64}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        query = scope["query_string"].decode("latin-1")
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.requests.append((scope["method"], scope["raw_path"].decode("latin-1")))
        if scope["path"] in self.files:
            await self._file(scope, send)
        elif "stream=1" in query:
            await self._events(receive, send)
        else:
            await self._echo(scope, query, body, send)

    async def _file(self, scope: dict[str, Any], send: Any) -> None:
        data = self.files[scope["path"]]
        wanted = dict(scope["headers"]).get(b"range", b"").decode()
        status, part, headers = 200, data, [(b"accept-ranges", b"bytes")]
        if wanted.startswith("bytes="):
            first, _, last = wanted[6:].partition("-")
            start, end = int(first), int(last) if last else len(data) - 1
            status, part = 206, data[start : end + 1]
            headers.append((b"content-range", b"bytes %d-%d/%d" % (start, end, len(data))))
        headers += [(b"content-length", b"%d" % len(part)), (b"content-type", b"application/octet-stream")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else part})

    async def _events(self, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        leaving = asyncio.ensure_future(receive())
        with contextlib.suppress(Exception):
            for number in range(10_000):
                await send(
                    {"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True}
                )
                done, _ = await asyncio.wait({leaving}, timeout=0.05)
                if done:
                    self.left.set()
                    return

    async def _echo(self, scope: dict[str, Any], query: str, body: bytes, send: Any) -> None:
        seen = {
            "method": scope["method"],
            "path": scope["raw_path"].decode("latin-1"),
            "query": query,
            "body": hashlib.sha256(body).hexdigest(),
            "bytes": len(body),
            "headers": sorted(
                [name.decode(), value.decode("latin-1")]
                for name, value in scope["headers"]
                if name.decode() not in FRAMING | ADDED
            ),
        }
        last = scope["path"].rpartition("/")[2]
        status = int(last) if last.isdigit() and 200 <= int(last) < 600 else 200
        text = json.dumps(seen).encode()
        if "big=1" in query:
            text = json.dumps({**seen, "filler": "x" * 200_000}).encode()
        headers = [(b"content-type", b"application/json"), (b"x-own", b"a, b"), (b"x-own", b"c")]
        headers += [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2")] if "cookie=1" in query else []
        headers += [(b"etag", b'"v1"')] if "etag=1" in query else []
        if "zip=1" in query:
            text = zlib.compress(text)
            headers.append((b"content-encoding", b"deflate"))
        if status in (204, 304):
            text = b""
        elif "chunked=1" not in query:
            headers.append((b"content-length", b"%d" % len(text)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if scope["method"] == "HEAD":
            text = b""
        if "chunked=1" in query:
            for start in range(0, len(text), 100_000):
                part = {
                    "type": "http.response.body",
                    "body": text[start : start + 100_000],
                    "more_body": True,
                }
                await send(part)
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.body", "body": text})
