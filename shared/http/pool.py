"""Connections to other processes that stay open between requests, the last used going first."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from urllib.parse import urlsplit

from shared.core.errors import BadRequest
from shared.http.connection import Answer, Body, Connection, RawHeaders

_CONNECT_TIMEOUT_S = 5.0
_SILENCE_LIMIT_S = 120.0
# Given up before the hubs do (30 s), so that no request meets a connection that was just closed.
_KEPT_S = 15.0
_WITH_BODY = frozenset(("POST", "PUT", "PATCH"))


class Away(Exception):
    """Nothing listens at the address."""


class Origin:
    """Where another process listens, read from its base URL; the path is put in front of every target."""

    __slots__ = ("authority", "base", "host", "idle", "is_tls", "path", "port", "tls")

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not the address of a server: {base!r}")
        self.base = base.rstrip("/")
        self.authority = parts.netloc.encode("ascii")
        self.is_tls = parts.scheme == "https"
        self.port = parts.port or (443 if self.is_tls else 80)
        self.host = parts.hostname
        self.path = parts.path.rstrip("/")
        self.tls: ssl.SSLContext | None = None
        self.idle: deque[Connection] = deque()


class Pool:
    """Sends requests over kept or new connections."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()

    async def ask(
        self, origin: Origin, method: str, target: str, headers: RawHeaders, body: Body, *, timeout_s: float,
        is_fresh: bool = False,
    ) -> Answer:  # fmt: skip
        """Send a request and return the head of its answer; ``is_fresh`` opens a connection for it.

        Raises: Away, TimeoutError, BrokenOff; what the request's own body raises.
        """
        has_length = any(name == b"content-length" for name, _ in headers)
        is_chunked = body is not None and not isinstance(body, bytes) and not has_length
        if is_chunked:
            headers.append((b"transfer-encoding", b"chunked"))
        elif not has_length and (body is not None or method in _WITH_BODY):
            assert body is None or isinstance(body, bytes)
            headers.append((b"content-length", b"%d" % len(body or b"")))
        head = _head(origin, method, target, headers)
        connection = (None if is_fresh else self._kept(origin)) or await self._connect(origin)
        return await connection.exchange(
            head,
            body,
            is_for_head=method == "HEAD",
            is_chunked=is_chunked,
            timeout_s=timeout_s,
            silence_s=_SILENCE_LIMIT_S,
        )

    def close(self) -> None:
        """End every connection."""
        for connection in list(self._open):
            connection.close()
        self._open.clear()

    def _kept(self, origin: Origin) -> Connection | None:
        idle, oldest = origin.idle, asyncio.get_running_loop().time() - _KEPT_S
        while idle:
            connection = idle.pop()
            if connection.is_usable and connection.idle_since > oldest:
                return connection
            self._drop(connection)
        return None

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()

        def keep(connection: Connection) -> None:
            now = connection.idle_since = loop.time()
            idle = origin.idle
            idle.append(connection)
            while idle[0].idle_since < now - _KEPT_S or not idle[0].is_usable:
                self._drop(idle.popleft())

        if origin.is_tls and origin.tls is None:
            origin.tls = ssl.create_default_context()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                _, connection = await loop.create_connection(
                    lambda: Connection(loop, keep, self._open.discard),
                    origin.host,
                    origin.port,
                    ssl=origin.tls,
                )
        except (OSError, TimeoutError) as error:
            raise Away(str(error)) from error
        self._open.add(connection)
        return connection

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._open.discard(connection)


def _head(origin: Origin, method: str, target: str, headers: RawHeaders) -> bytes:
    lines = b"".join([b"%b: %b\r\n" % pair for pair in headers])
    first = f"{method} {origin.path}{target} HTTP/1.1\r\n".encode("latin-1")
    head = b"%bhost: %b\r\n%b\r\n" % (first, origin.authority, lines)
    # Whatever came in, this is one request.
    if head.count(b"\n") != len(headers) + 3 or b"\0" in head:
        raise BadRequest("a line break in a header or a path")
    return head
