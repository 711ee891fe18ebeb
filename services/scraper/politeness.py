"""Manners per host: waiting when told to, trying again with growing pauses, giving up a host that is down."""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections import Counter
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response

from services.scraper.settings import ScraperOptions
from shared.core.clock import utc_now

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
IS_CUT_OFF = "dataloss"
"""Scrapy's flag of a response shorter than its Content-Length."""


class HostGivenUp(IgnoreRequest):
    """Too many requests to this host failed in a row."""


def retry_after_s(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, given as a number or a date."""
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - utc_now()).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


class PolitenessMiddleware:
    """Retries with doubling pauses and jitter, honours Retry-After for the whole host, breaks the circuit.

    A request that is to be retried waits here; so does every other request to a host that asked for a pause.
    """

    def __init__(self, options: ScraperOptions) -> None:
        self._options = options
        self._paused_until: dict[str, float] = {}
        self._failures: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Any) -> PolitenessMiddleware:
        """Build from the options that the crawl was started with."""
        return cls(crawler.spider.options)

    async def process_request(self, request: Request) -> None:
        """Hold the request while its host is paused; refuse it when its host is given up."""
        host = urlsplit(request.url).netloc
        if self._failures[host] >= self._options.breaker_failures:
            raise HostGivenUp(f"{host} failed {self._failures[host]} times in a row")
        # Looked at again after each pause: another answer may have prolonged it.
        while (wait := self._paused_until.get(host, 0.0) - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(wait)

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Retry what may succeed later; count what the host refuses."""
        host = urlsplit(request.url).netloc
        if response.status not in RETRIED_STATUSES and IS_CUT_OFF not in response.flags:
            self._failures[host] = 0
            return response
        self._failures[host] += 1
        header = response.headers.get("Retry-After")
        asked = retry_after_s(header.decode("latin-1")) if header else None
        if asked is not None:
            if asked > self._options.max_retry_wait_s:
                return response
            self._paused_until[host] = max(self._paused_until.get(host, 0.0), time.monotonic() + asked)
        return await self._again(request, asked) or response

    async def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Retry after a network failure; what the crawl itself refused is not retried."""
        if isinstance(exception, (IgnoreRequest, DownloadCancelledError)):
            return None
        host = urlsplit(request.url).netloc
        self._failures[host] += 1
        return await self._again(request, None)

    async def _again(self, request: Request, asked: float | None) -> Request | None:
        attempt = int(request.meta.get("attempt", 0)) + 1
        host = urlsplit(request.url).netloc
        if attempt > self._options.retries or self._failures[host] >= self._options.breaker_failures:
            return None
        if asked is None:
            wait = min(self._options.retry_wait_s * 2 ** (attempt - 1), self._options.max_retry_wait_s)
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))
        again: Request = request.copy()
        again.meta["attempt"] = attempt
        again.dont_filter = True
        return again
