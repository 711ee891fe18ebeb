"""The generic spider: fetches a source's start documents, feeds its parser, follows what it names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import CloseSpider
from scrapy.http import Response

from services.scraper.archive import request_key
from services.scraper.failures import network_failure, refusal
from services.scraper.middlewares import (
    IS_SETTLED,
    IS_TRUSTED,
    IS_UNCHANGED,
    RECHECK_DAYS,
    RETRIEVED_AT,
    Vault,
    as_response,
)
from services.scraper.parsers.base import Document, Fetch, ParseFailed, Parser
from services.scraper.publisher import PublishingStopped
from services.scraper.reading import Reading, ancestors_of, read, standing_in
from services.scraper.recorder import Recorder
from services.scraper.settings import ScraperOptions
from shared.contracts.civic import SourceRef
from shared.contracts.events.scraping import ScrapeProblem
from shared.core.clock import utc_now

MISSING = {"http-404", "http-410"}
"""Codes of answers that say: there is no such document."""


class _Pending:
    """A fetch on its way: which companions have come, and what stands if it fails."""

    __slots__ = ("ancestors", "companions", "depth", "fetch", "is_earlier", "main", "parent")

    def __init__(self, fetch: Fetch, depth: int, parent: Reading | None) -> None:
        self.fetch = fetch
        self.depth = depth
        self.ancestors: tuple[SourceRef, ...] = ancestors_of(parent, fetch) if parent else ()
        # The parent itself is kept only for what may stand in: a listing of thousands stays small.
        self.parent = parent if fetch.otherwise and not _is_needed(fetch) else None
        self.companions: dict[str, Document] = {}
        self.main: Document | None = None
        self.is_earlier = False


def _is_needed(fetch: Fetch) -> bool:
    return fetch.is_required and not fetch.may_be_missing


class SourceSpider(Spider):
    """Runs one source; ``vault`` and ``options`` are what its middlewares work with."""

    name = "source"

    def __init__(
        self,
        parser: Parser,
        recorder: Recorder,
        vault: Vault,
        options: ScraperOptions,
        max_depth: int = 1_000,
    ) -> None:
        super().__init__()
        self.vault = vault
        self.options = options
        self._parser = parser
        self._recorder = recorder
        self._max_depth = max_depth
        self._start_count = 0
        self._starts_unchanged = 0

    async def start(self) -> AsyncIterator[Request]:
        """Yield the start documents."""
        fetches = self._parser.start(self._recorder.run.source)
        self._start_count = len(fetches)
        self._recorder.pages_expected = sum(1 + len(fetch.companions) for fetch in fetches)
        for fetch in fetches:
            yield self._request(_Pending(fetch, 0, None))

    def _request(self, pending: _Pending) -> Request:
        fetch = pending.fetch
        return Request(
            fetch.url,
            method=fetch.method,
            body=fetch.body,
            headers=dict(fetch.headers),
            priority=fetch.priority - pending.depth,
            callback=self.arrived,
            errback=self.failed,
            meta={"pending": pending, **self._patience(pending)},
            dont_filter=pending.depth == 0,
        )

    def _companion_request(self, pending: _Pending, name: str) -> Request:
        return Request(
            pending.fetch.companions[name],
            priority=1_000,
            callback=self.arrived,
            errback=self.failed,
            meta={"pending": pending, "companion": name, **self._patience(pending)},
            dont_filter=True,
        )

    def _patience(self, pending: _Pending) -> dict[str, Any]:
        """Say for which documents an archived answer may do; asked for by session, all are read."""
        run = self._recorder.run
        if pending.depth == 0 or run.options.session:
            return {}
        return {IS_TRUSTED: self._is_listing_unchanged(), RECHECK_DAYS: run.source.recheck_days}

    def _is_listing_unchanged(self) -> bool:
        is_trusted = self._recorder.run.source.is_listing_trusted
        return is_trusted and 0 < self._start_count <= self._starts_unchanged

    def arrived(self, response: Response) -> Iterator[Request]:
        """Read a document once all its companions are there; follow what it names."""
        pending: _Pending = response.meta["pending"]
        companion: str | None = response.meta.get("companion")
        refused = refusal(response)
        if refused is not None:
            yield from self._lost(pending, companion, refused)
            return
        document = self._document(response, pending, companion)
        if companion is None:
            pending.main = document
            if pending.depth == 0 and IS_UNCHANGED in response.flags:
                self._starts_unchanged += 1
        else:
            pending.companions[companion] = document
        yield from self._go_on(pending)

    def _go_on(self, pending: _Pending, without: str | None = None) -> Iterator[Request]:
        waiting = [name for name in pending.fetch.companions if name not in pending.companions]
        if without in waiting:
            waiting = waiting[waiting.index(without) + 1 :]
        if waiting:
            yield self._companion_request(pending, waiting[0])
        else:
            yield from self._read(pending)

    def _document(self, response: Response, pending: _Pending, companion: str | None) -> Document:
        media_type, _, parameters = (
            (response.headers.get("Content-Type") or b"").decode("latin-1").partition(";")
        )
        charset = parameters.lower().partition("charset=")[2].strip(" \"'")
        return Document(
            url=response.url,
            body=response.body,
            source=self._recorder.run.source,
            step=pending.fetch.step,
            media_type=media_type.strip().lower(),
            charset=charset,
            context={} if companion else pending.fetch.context,
            retrieved_at=response.meta.get(RETRIEVED_AT) or utc_now(),
            is_settled=IS_SETTLED in response.flags,
            ancestors=pending.ancestors,
        )

    def _read(self, pending: _Pending) -> Iterator[Request]:
        assert pending.main is not None
        document = pending.main
        if pending.companions:
            document = replace(document, companions=pending.companions)
        try:
            reading = read(self._parser, document)
            self._recorder.take(reading)
        except ParseFailed as failure:
            yield from self._lost(pending, None, failure)
        except PublishingStopped:
            raise CloseSpider("stopped") from None
        else:
            yield from self._follow(reading, pending.depth + 1)

    def _follow(self, reading: Reading, depth: int) -> Iterator[Request]:
        fetches = reading.result.follow
        limit = self._recorder.run.options.limit
        if limit is not None and len(fetches) > limit:
            self._recorder.partial()
            self._recorder.skip("limit", len(fetches) - limit)
            fetches = fetches[:limit]
        if fetches and depth > self._max_depth:
            self._fail(ParseFailed(reading.document.url, "limit", f"more than {self._max_depth} steps deep"))
        if self._recorder.pages_expected is not None:
            self._recorder.pages_expected += sum(1 + len(fetch.companions) for fetch in fetches)
        for fetch in fetches:
            yield self._request(_Pending(fetch, depth, reading))

    def failed(self, failure: Any) -> Iterator[Request]:
        """Deal with a request that got no answer (``failure`` is Twisted's, with Scrapy's request on it)."""
        request: Request = failure.request
        pending: _Pending = request.meta["pending"]
        yield from self._lost(
            pending, request.meta.get("companion"), network_failure(request.url, failure.value)
        )

    def _lost(self, pending: _Pending, companion: str | None, failure: ParseFailed) -> Iterator[Request]:
        """End the run over a document that it needs; go on without one that it does not."""
        if companion is not None and not pending.fetch.is_companion_required:
            if failure.code not in MISSING:
                self._recorder.problem(failure.problem())
            yield from self._go_on(pending, companion)
            return
        if companion is None and pending.fetch.may_be_missing and failure.code in MISSING:
            self._stand_in(pending)
            return
        if pending.fetch.is_required:
            self._fail(failure)
        self._recorder.problem(failure.problem())
        is_gone = companion is not None or failure.code in MISSING
        earlier = None if is_gone else self._earlier(pending)
        if earlier is None:
            self._stand_in(pending)
        else:
            pending.main = earlier
            yield from self._go_on(pending)

    def _stand_in(self, pending: _Pending) -> None:
        if pending.parent is not None:
            self._recorder.add(standing_in(pending.parent, pending.fetch), pending.parent.token)

    def _earlier(self, pending: _Pending) -> Document | None:
        """Return what an earlier run fetched in place of a document that fails today; once per document."""
        fetch = pending.fetch
        archived = self.vault.again(request_key(fetch.method, fetch.url, fetch.body))
        if archived is None or pending.is_earlier:
            return None
        pending.is_earlier = True
        detail = f"read again as it was on {archived.retrieved_at.date()}"
        self._recorder.problem(ScrapeProblem(url=fetch.url, code="stale-copy", detail=detail))
        return self._document(as_response(archived, Request(fetch.url), []), pending, None)

    def _fail(self, failure: ParseFailed) -> None:
        self._recorder.fail(failure)
        raise CloseSpider("failed")
