"""A whole listing in one answer (``limit=all``): page after page goes out as it is read, and none is kept.

Each page has a transaction of its own, so that neither a long listing nor a slow reader holds a connection.
What goes wrong under way cuts the answer off: no half of a listing looks like one that came to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import anyio
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from hubs.data_hub.database.router.writing import file_headers
from hubs.data_hub.database.service.formats import MEDIA_TYPES, RecordWriter
from hubs.data_hub.database.service.reading import RecordPage
from hubs.data_hub.database.service.whole import WholeListings
from shared.core.errors import AppError, Invalid
from shared.logging import get_logger

log = get_logger(__name__)
STALLED_AFTER_S = 60.0
ReadPage = Callable[[str], RecordPage]
"""Return the page at a cursor, in a transaction of its own."""


class _Whole(StreamingResponse):
    """A stream that is cut off when it cannot go on, or nobody reads it."""

    def __init__(
        self, content: Iterator[bytes], listings: WholeListings, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._listings = listings

    async def stream_response(self, send: Send) -> None:
        """Send piece after piece."""
        begin = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        with self._listings.place():
            await send(begin)
            try:
                async for piece in self.body_iterator:
                    with anyio.fail_after(STALLED_AFTER_S):
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
            except (AppError, TimeoutError) as error:
                # Without a last piece, the server ends the connection: the reader knows of more.
                log.warning("a whole listing was cut off", problem=f"{type(error).__name__}: {error}"[:300])
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def answer_whole(
    listings: WholeListings, first: RecordPage, read_page: ReadPage, chosen: str, name: str, lang: str
) -> Response:
    """Answer a listing from its first page to its last, as CSV or NDJSON.

    Raises: Invalid for another format; TooManyRequests.
    """
    if chosen not in ("csv", "ndjson"):
        raise Invalid("limit: all is for format=csv and format=ndjson; JSON comes in pages of at most 500")
    listings.require_place()
    headers = {"Cache-Control": "no-store", **file_headers(first, chosen, name)}
    pieces = _written(first, read_page, RecordWriter(chosen, lang))
    return _Whole(pieces, listings, MEDIA_TYPES[chosen], headers)


def _written(page: RecordPage, read_page: ReadPage, writer: RecordWriter) -> Iterator[bytes]:
    yield writer.write(page.records)
    while page.next_cursor is not None:
        page = read_page(page.next_cursor)
        yield writer.write(page.records)
