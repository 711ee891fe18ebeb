"""Reading the public record for one page, with a bound on how often the hubs are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from urllib.parse import parse_qs, quote, urlsplit

from hubs.ux_hub.web.errors import PageNotFound, TooManyCalls
from shared.core.errors import AppError, BadRequest, Invalid, NotFound

Row = Mapping[str, Any]
MAX_CALLS = 8
"""Requests to other hubs that one page may cause."""


_HEALTH_TIMEOUT_S = 2.0


class Caller(Protocol):
    """A hub, asked over HTTP."""

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None) -> Any:
        """Return the decoded answer.

        Raises: AppError.
        """
        ...


class HealthCaller(Protocol):
    """The hub that knows how the platform is."""

    def request(self, method: str, path: str, *, timeout_s: float) -> Any:
        """Return the decoded answer.

        Raises: AppError, after ``timeout_s`` seconds without one.
        """
        ...


@dataclass(frozen=True)
class Listing:
    """One page of a collection."""

    rows: Sequence[Row]
    cursor: str | None
    """Where the next page begins."""
    freshness: Mapping[str, Any]
    total: int | None


class RecordReader:
    """The data, operations and intelligence hubs as one page sees them; made anew for every request."""

    def __init__(
        self,
        data: Caller,
        ops: HealthCaller,
        analytics: Caller,
        *,
        max_calls: int = MAX_CALLS,
        workers: ThreadPoolExecutor | None = None,
    ) -> None:
        self._data = data
        self._ops = ops
        self._analytics = analytics
        self._max_calls = max_calls
        self._asked = count()
        self._workers = workers

    def together(self, *asks: Callable[[], Any]) -> Sequence[Any]:
        """Return the answers of several questions that do not wait for each other, in their order.

        Raises: what the first of them in that order raises.
        """
        if self._workers is None:
            return [ask() for ask in asks]
        # The request's id travels along: each hub logs it.
        later = [self._workers.submit(copy_context().run, ask) for ask in asks[1:]]
        try:
            first = asks[0]()
        finally:
            for one in later:
                one.exception()
        return [first, *(one.result() for one in later)]

    def _ask(self, hub: Caller, path: str, params: Mapping[str, Any] | None = None) -> Any:
        if next(self._asked) >= self._max_calls:
            raise TooManyCalls("this page asked the hubs too often")
        wanted = {name: value for name, value in (params or {}).items() if value not in (None, "")}
        return hub.request("GET", path, params=wanted or None)

    def list(self, collection: str, **params: Any) -> Listing:
        """Return one page of a collection; empty parameters are left out.

        Raises: Invalid for a filter that the record does not understand.
        """
        return _listing(self._ask(self._data, f"/api/v1/{collection}", params))

    def get(self, collection: str, item: str, **params: Any) -> Row:
        """Return one record by id, slug or key.

        Raises: PageNotFound; Gone (through the client) for a record that was withdrawn.
        """
        if not item or len(item) > 300 or any(part in (".", "..") for part in item.split("/")):
            raise PageNotFound(f"nothing answers to {item[:100]!r}")
        path = f"/api/v1/{collection}/{quote(item, safe='/:~@+')}"
        try:
            found = self._ask(self._data, path, params)
        except (NotFound, Invalid, BadRequest) as error:
            raise PageNotFound(error.detail) from error
        if not isinstance(found, dict):
            raise PageNotFound(f"nothing answers to {item[:100]!r}")
        return found

    def search(self, **params: Any) -> Mapping[str, Any]:
        """Run a search.

        Raises: AppError for a query that is refused.
        """
        answer: Mapping[str, Any] = self._ask(self._data, "/api/v1/search", params)
        return answer

    def suggestions(self, text: str, limit: int) -> Mapping[str, Any]:
        """Return titles and names that begin with a text."""
        answer: Mapping[str, Any] = self._ask(
            self._data, "/api/v1/search/suggest", {"q": text, "limit": limit}
        )
        return answer

    def trending(self, lang: str) -> Mapping[str, Any]:
        """Return what is searched for most."""
        answer: Mapping[str, Any] = self._ask(self._data, "/api/v1/search/trending", {"lang": lang})
        return answer

    def coverage(self) -> Sequence[Row]:
        """Return what is held per government and type."""
        return list(self._ask(self._data, "/api/v1/coverage")["data"])

    def changes(self, **params: Any) -> Mapping[str, Any]:
        """Return changes of the record and the position after them."""
        answer: Mapping[str, Any] = self._ask(self._data, "/api/v1/changes", params)
        return answer

    def history(self, record_id: str) -> Mapping[str, Any]:
        """Return the changes of one record."""
        answer: Mapping[str, Any] = self._ask(self._data, f"/api/v1/history/{record_id}", {"limit": 50})
        return answer

    def representatives(self, **params: Any) -> Mapping[str, Any]:
        """Return who represents a place.

        Raises: NotFound where places cannot be looked up; Invalid for a place that is none.
        """
        answer: Mapping[str, Any] = self._ask(self._data, "/api/v1/representatives", params)
        return answer

    def health(self) -> Mapping[str, Any]:
        """Return the state of the platform."""
        # Answered from memory within milliseconds, or not at all: a frozen ops_hub must not freeze the page.
        answer: Mapping[str, Any] = self._ops.request("GET", "/api/v1/health", timeout_s=_HEALTH_TIMEOUT_S)
        return answer

    def indicator(self, name: str, **params: Any) -> Sequence[Row] | None:
        """Return the rows of an indicator, None while it cannot be had: no page depends on one."""
        try:
            return list(self._ask(self._analytics, f"/api/v1/indicators/{name}", params)["rows"])
        except AppError:
            return None


def _listing(answer: Any) -> Listing:
    meta = answer.get("meta") or {}
    return Listing(
        rows=list(answer.get("data") or ()),
        cursor=cursor_of(answer.get("next")),
        freshness=meta.get("freshness") or {},
        total=meta.get("total"),
    )


def cursor_of(following: object) -> str | None:
    """Return the cursor in the address of a following page."""
    if not isinstance(following, str):
        return None
    found = parse_qs(urlsplit(following).query).get("cursor")
    return found[0] if found else None
