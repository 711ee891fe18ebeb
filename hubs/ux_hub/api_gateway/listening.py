"""The server's protocol with a bound on what is no body: heads, chunk extensions, trailers.

The parser takes a head or a chunk extension of any length; a client that sends one that never ends would be
read into memory for as long as it likes.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_FRAMING_BYTES = 64 * 2**10
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 16\r\nconnection: close\r\n\r\nhead is too long"
)


class BoundedProtocol(HttpToolsProtocol):
    """Ends a connection on which more than ``MAX_FRAMING_BYTES`` came that made neither head nor body."""

    _framing = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count what of it led to nothing."""
        self._framing += len(data)
        super().data_received(data)
        if self._framing > MAX_FRAMING_BYTES and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """The head came whole."""
        self._framing = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Some of the body came."""
        self._framing = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request came whole."""
        self._framing = 0
        super().on_message_complete()
