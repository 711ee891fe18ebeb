"""Answers in pages: the rows, and where the next ones are, in the body and in the ``Link`` header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request, Response
from sqlalchemy import Select
from sqlalchemy.orm import Session

from shared.app import Resources
from shared.db.cursor import CursorCodec
from shared.db.paginate import paginate
from shared.http.pages import Page

T = TypeVar("T")


class Pager:
    """Pages one listing of one request."""

    def __init__(self, request: Request, response: Response, session: Session) -> None:
        resources: Resources = request.app.state.resources
        self._request = request
        self._response = response
        self._session = session
        self._codec = resources.get(CursorCodec)

    def page(
        self, statement: Select[Any], read: Callable[[Any], T], limit: int, cursor: str | None
    ) -> Page[T]:
        """Return at most ``limit`` rows after the cursor.

        Raises: InvalidCursor.
        """
        rows = paginate(self._session, statement, codec=self._codec, limit=limit, cursor=cursor)
        following = None
        if rows.next_cursor is not None:
            url = self._request.url.include_query_params(cursor=rows.next_cursor)
            # Without host: behind the gateway this process does not know the address that callers use.
            following = f"{url.path}?{url.query}"
            self._response.headers["Link"] = f'<{following}>; rel="next"'
        return Page(data=[read(row) for row in rows.items], next=following)
