"""One HTTP/1.1 connection to another process, and the answer that arrives on it; for the event loop only.

Written on the event loop's own transports and the parser that the server uses too: a general client costs a
forwarded request three times as much (docs/decisions/0803).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import httptools

from shared.core.errors import AppError

RawHeaders = list[tuple[bytes, bytes]]
Body = bytes | AsyncIterator[bytes] | None
HIGH_WATER_BYTES = 256 * 2**10
"""What of an answer waits for a slow reader before the hub is made to wait as well."""
_INTERIM = range(100, 200)


class ClientLeft(Exception):
    """The client went away before its request was complete."""


class BrokenOff(Exception):
    """The connection ended, or what came over it is no HTTP, before the answer was complete."""


class Answer:
    """An answer's head, and its body as it comes."""

    __slots__ = (
        "_buffered", "_chunks", "_connection", "_failure", "_waiter",
        "deadline", "headers", "is_complete", "length", "silence_s", "status", "upload",
    )  # fmt: skip

    def __init__(self, connection: Connection, silence_s: float) -> None:
        self.status = 0
        self.headers: RawHeaders = []
        self.length: int | None = None
        """Bytes of the body as the hub announced them; None: it said nothing."""
        self.is_complete = False
        self.upload: asyncio.Task[None] | None = None
        """The request's body on its way, while that lasts."""
        self.silence_s = silence_s
        self.deadline: asyncio.TimerHandle
        self._connection: Connection | None = connection
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """Return all that is left of the body.

        Raises: BrokenOff, TimeoutError, ClientLeft; AppError when the request's own body was refused.
        """
        if not self.is_complete:
            kept = []
            while chunk := await self.chunk():
                kept.append(chunk)
            return b"".join(kept)
        chunks, self._chunks = self._chunks, []
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def chunk(self) -> bytes:
        """Return what has come since, waiting for it; nothing at the end. Raises: as `read`."""
        while not self._chunks:
            if self._failure is not None:
                raise self._failure
            if self.is_complete:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(self.silence_s):
                    await self._waiter
            finally:
                self._waiter = None
        found = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks = []
        if self._buffered > HIGH_WATER_BYTES and self._connection is not None:
            self._connection.resume_reading()
        self._buffered = 0
        return found

    def close(self) -> None:
        """Let go of what has not come yet; nothing to do for a complete answer."""
        if not self.is_complete and self._connection is not None:
            self._connection.fail(ClientLeft())

    # --- told by the connection

    def add(self, chunk: bytes) -> bool:
        """Keep a piece; tell whether the hub should wait."""
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        return self._buffered > HIGH_WATER_BYTES

    def end(self, failure: Exception | None = None) -> None:
        """Note the end, sound or not."""
        self._connection = None
        self._failure = failure
        self.is_complete = failure is None

    def wake(self) -> None:
        """Have the reader look."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Connection(asyncio.Protocol):
    """Carries one exchange at a time.

    ``on_idle`` gets it back when it may carry another; ``on_close`` hears of its end.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_idle: Callable[[Connection], None],
        on_close: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._on_idle = on_idle
        self._on_close = on_close
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: Answer | None = None
        self._head: asyncio.Future[Answer] | None = None
        self._can_write: asyncio.Future[None] | None = None
        self._is_for_head = self._has_head = self._is_chunked = self._is_done = False
        self._is_paused = self._has_more = self._is_kept = False
        self.idle_since = 0.0

    @property
    def is_usable(self) -> bool:
        """Tell whether a request can be sent."""
        return self._transport is not None and self._answer is None and not self._transport.is_closing()

    def close(self) -> None:
        """End it, at once."""
        if self._transport is not None:
            self._transport.abort()

    async def exchange(
        self, head: bytes, body: Body, *, is_for_head: bool, is_chunked: bool, timeout_s: float,
        silence_s: float,
    ) -> Answer:  # fmt: skip
        """Send a request and return the head of its answer; ``is_for_head``: of a HEAD request.

        Raises: TimeoutError; BrokenOff; ClientLeft and AppError when the request's own body raises them.
        """
        assert self._transport is not None
        self._answer = answer = Answer(self, silence_s)
        head_came: asyncio.Future[Answer] = self._loop.create_future()
        self._head = head_came
        self._is_for_head = is_for_head
        self._has_head = self._is_chunked = self._is_done = self._has_more = self._is_kept = False
        answer.deadline = self._loop.call_later(timeout_s, self._time_out, answer)
        if body is None:
            self._transport.write(head)
        elif isinstance(body, bytes):
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            answer.upload = asyncio.ensure_future(self._send(body, is_chunked=is_chunked))
        try:
            return await head_came
        except BaseException as error:
            # Whoever waited is gone: so is this exchange, unless it is over and the next one is under way.
            if self._answer is answer:
                self.fail(error if isinstance(error, Exception) else ClientLeft())
            raise
        finally:
            answer.deadline.cancel()

    async def _send(self, body: AsyncIterator[bytes], *, is_chunked: bool) -> None:
        transport = self._transport
        assert transport is not None
        try:
            async for chunk in body:
                if transport.is_closing():
                    return
                transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
                if self._can_write is not None:
                    await self._can_write
            if is_chunked and not transport.is_closing():
                transport.write(b"0\r\n\r\n")
        except (ClientLeft, AppError) as error:
            self.fail(error)

    def _time_out(self, answer: Answer) -> None:
        if self._answer is not answer:
            return
        # A body on its way is no silence: then only the answer's own silence counts.
        if answer.upload is not None and not answer.upload.done():
            answer.deadline = self._loop.call_later(answer.silence_s, self._time_out, answer)
            return
        self.fail(TimeoutError())

    def fail(self, failure: Exception) -> None:
        """End connection and exchange; who waits for the answer hears of the failure."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(failure)
            if answer.upload is not None:
                answer.upload.cancel()
            if self._head is not None and not self._head.done():
                self._head.set_exception(failure)
            answer.wake()
        self.close()

    def resume_reading(self) -> None:
        """Let the hub go on."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            self._transport.resume_reading()

    def _finish(self, answer: Answer) -> None:
        """The answer is complete: this may carry another exchange, unless either side has more to say."""
        self._answer = None
        answer.end()
        is_kept = self._is_kept and not self._has_more
        if answer.upload is not None and not answer.upload.done():
            # The hub has answered without reading all of it, and wants no more.
            answer.upload.cancel()
            is_kept = False
        if self._is_for_head:
            # The parser was told of a body that an answer to HEAD never has, and would wait for it.
            is_kept = not self._has_more and (b"connection", b"close") not in answer.headers
            self._parser = httptools.HttpResponseParser(self)
        if is_kept and self._transport is not None and not self._transport.is_closing():
            self.resume_reading()
            self._on_idle(self)
        else:
            self.close()

    # --- called by the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Parse what came; wake who waits for it."""
        answer = self._answer
        if answer is None:
            self.fail(BrokenOff("it spoke without being asked"))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self.fail(BrokenOff(f"its answer is no HTTP: {type(error).__name__}"))
            return
        if self._has_head and self._head is not None and not self._head.done():
            self._head.set_result(answer)
        if self._is_done:
            self._finish(answer)
        answer.wake()

    def eof_received(self) -> bool:
        """Close our side as well."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """The end: of an answer without a length, or of one that is broken off."""
        self._transport = None
        self._on_close(self)
        answer = self._answer
        if self._can_write is not None and not self._can_write.done():
            self._can_write.set_result(None)
        if answer is None:
            return
        # Without a length and without chunks, the end of the connection is the end of the answer.
        if error is None and self._has_head and answer.length is None and not self._is_chunked:
            self._finish(answer)
            answer.wake()
        else:
            self.fail(BrokenOff("it closed the connection"))

    def pause_writing(self) -> None:
        """Have the upload wait."""
        self._can_write = self._loop.create_future()

    def resume_writing(self) -> None:
        """Let the upload go on."""
        if self._can_write is not None and not self._can_write.done():
            self._can_write.set_result(None)
        self._can_write = None

    # --- called by the parser

    def on_message_begin(self) -> None:
        """Another answer after the one that was asked for is never believed."""
        self._has_more = self._has_head

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header; those after a chunked body (trailers) end here."""
        if not self._has_head and self._answer is not None:
            self._answer.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        answer = self._answer
        if self._has_more or answer is None:
            return
        answer.status = self._parser.get_status_code()
        if answer.status in _INTERIM:
            answer.headers = []
            return
        self._has_head, self._is_chunked = True, False
        for name, value in answer.headers:
            if name == b"content-length":
                answer.length = int(value)
            elif name == b"transfer-encoding":
                self._is_chunked = value.lower().endswith(b"chunked")
        if self._is_for_head:
            self._is_done = True

    def on_body(self, chunk: bytes) -> None:
        """Keep a piece of the body."""
        answer = self._answer
        if answer is None or self._is_for_head or self._has_more:
            return
        if answer.add(chunk) and not self._is_paused and self._transport is not None:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer is complete, unless it was one of those that announce another."""
        if self._has_head:
            # Asked here, since the parser forgets the answer with its end.
            self._is_done, self._is_kept = True, self._parser.should_keep_alive()
