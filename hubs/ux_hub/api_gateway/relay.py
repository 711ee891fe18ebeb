"""Bytes in both directions: request bodies counted as they pass, answers streamed, compressed on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.types import Receive, Scope, Send

from hubs.ux_hub.api_gateway.compression import (
    accepts_gzip,
    add_vary,
    compressor,
    gzip_bytes,
    is_compressible,
    mark_gzip,
)
from hubs.ux_hub.api_gateway.headers import RawHeaders
from hubs.ux_hub.api_gateway.inbound import Inbound
from shared.core.errors import TooLarge
from shared.http.connection import Answer, Body, ClientLeft

WHOLE_BYTES = 64 * 2**10
"""An answer of at most this many bytes is read whole before it is passed on."""


async def request_body(inbound: Inbound, receive: Receive, max_bytes: int) -> Body:
    """Return the request's body: none, all of it when it came in one piece, else a stream of it.

    Raises: TooLarge, ClientLeft.
    """
    if not inbound.has_body:
        return None
    if inbound.length is not None and inbound.length > max_bytes:
        raise _too_large(max_bytes)
    first = await receive()
    if first["type"] != "http.request":
        raise ClientLeft
    chunk: bytes = first.get("body", b"")
    if len(chunk) > max_bytes:
        raise _too_large(max_bytes)
    if not first.get("more_body"):
        return chunk
    return _stream(chunk, receive, max_bytes)


async def _stream(first: bytes, receive: Receive, max_bytes: int) -> AsyncIterator[bytes]:
    seen = len(first)
    if first:
        yield first
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientLeft
        body: bytes = message.get("body", b"")
        seen += len(body)
        if seen > max_bytes:
            raise _too_large(max_bytes)
        if body:
            yield body
        if not message.get("more_body"):
            return


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"the body is larger than {max_bytes} bytes", max_bytes=max_bytes)


async def send_whole(
    send: Send, inbound: Inbound, status: int, headers: RawHeaders, body: bytes, *, may_compress: bool
) -> None:
    """Send an answer that is at hand, compressed when both sides gain."""
    if may_compress and is_compressible(status, headers, len(body)):
        add_vary(headers)
        if accepts_gzip(inbound.get(b"accept-encoding")):
            body = gzip_bytes(body)
            headers = mark_gzip(headers)
            headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def relay(
    answer: Answer, headers: RawHeaders, inbound: Inbound, scope: Scope, receive: Receive,
    send: Send, *, may_compress: bool,
) -> None:  # fmt: skip
    """Pass an answer on; its bytes flow as they come unless they are few."""
    status = answer.status
    if scope["method"] == "HEAD" or status in (204, 304):
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    length = answer.length
    if answer.is_complete or (length is not None and length <= WHOLE_BYTES):
        body = await answer.read()
        await send_whole(send, inbound, status, headers, body, may_compress=may_compress)
        return
    packer = None
    if may_compress and is_compressible(status, headers, length):
        add_vary(headers)
        if accepts_gzip(inbound.get(b"accept-encoding")):
            headers = mark_gzip(headers)
            packer = compressor()
    await send({"type": "http.response.start", "status": status, "headers": headers})
    # A stream may outlive its reader: watch for the client leaving, and leave too.
    leaving = asyncio.ensure_future(_left(answer.upload, receive))
    leaving.add_done_callback(lambda _: answer.close())
    try:
        while chunk := await answer.chunk():
            if packer:
                chunk = packer.compress(chunk)
            if chunk:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": packer.flush() if packer else b""})
    finally:
        leaving.cancel()


async def _left(upload: asyncio.Task[None] | None, receive: Receive) -> None:
    if upload is not None:
        # Until the request's body is through, what is received belongs to it.
        await asyncio.wait({upload})
    while (await receive())["type"] != "http.disconnect":
        pass
