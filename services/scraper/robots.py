"""robots.txt after RFC 9309: rules are obeyed; a file that cannot be read forbids, a missing one allows.

A Crawl-delay is kept too, as far as throttling may go: it is no part of the RFC, but hosts here state one.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import ProtegoRobotParser

MAX_BYTES = 512 * 1_024
"""Bytes of a robots.txt that are read: RFC 9309 asks for 500 KiB at least."""
_IS_ROBOTS = "openpolicy_robots"
_TOO_MANY_REDIRECTS = "max redirections"


class RobotsUnreadable(IgnoreRequest):
    """The host's robots.txt could not be read: what it forbids is not known, so nothing is asked for."""


@dataclass(slots=True)
class _Rules:
    """What one host's robots.txt says; without a parser everything is allowed."""

    parser: ProtegoRobotParser | None = None
    trouble: str = ""
    delay_s: float = 0.0
    next_at: float = 0.0
    """Moment (of the monotonic clock) before which the next request is not made."""


class RobotsMiddleware:
    """Asks for each host's robots.txt once per crawl and holds every request to it."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._user_agent: str = crawler.settings.get("USER_AGENT")
        # A stand-in is our own server and is asked without delay.
        self._max_delay_s: float = (
            0.0 if crawler.settings.get("OPENPOLICY_UPSTREAM") else crawler.spider.options.max_delay_s
        )
        self._rules: dict[str, asyncio.Task[_Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> RobotsMiddleware:
        """Build on the crawl."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Refuse what robots.txt forbids; wait out its Crawl-delay.

        Raises: IgnoreRequest for what is forbidden, RobotsUnreadable where nobody can tell.
        """
        if request.meta.get(_IS_ROBOTS):
            return
        parts = urlsplit(request.url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._rules:
            self._rules[site] = asyncio.ensure_future(self._fetched(f"{site}/robots.txt"))
        asked = self._rules[site]
        rules = asked.result() if asked.done() else await asyncio.shield(asked)
        if rules.trouble:
            raise RobotsUnreadable(f"{site}/robots.txt cannot be read: {rules.trouble}")
        if rules.parser is None:
            return
        if not rules.parser.allowed(request.url, self._user_agent):
            raise IgnoreRequest("Forbidden by robots.txt")
        if rules.delay_s:
            now = time.monotonic()
            turn = max(now, rules.next_at)
            rules.next_at = turn + rules.delay_s
            await asyncio.sleep(turn - now)

    async def _fetched(self, url: str) -> _Rules:
        request = Request(url, priority=1_000, callback=NO_CALLBACK, meta={_IS_ROBOTS: True})
        try:
            response: Response = await self._crawler.engine.download_async(request)
        except IgnoreRequest as error:
            if _TOO_MANY_REDIRECTS in str(error):
                return _Rules()
            return _Rules(trouble=str(error) or type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever kept the file from us
            return _Rules(trouble=str(error)[:300] or type(error).__name__)
        if HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            if response.status == HTTPStatus.TOO_MANY_REQUESTS:
                return _Rules(trouble="the server answered 429")
            return _Rules()
        if response.status != HTTPStatus.OK:
            return _Rules(trouble=f"the server answered {response.status}")
        parser = ProtegoRobotParser.from_crawler(self._crawler, response.body[:MAX_BYTES])
        asked_for = float(parser.rp.crawl_delay(self._user_agent) or 0.0)
        return _Rules(parser, delay_s=max(0.0, min(asked_for, self._max_delay_s)))
