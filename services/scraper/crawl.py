"""One crawl with Scrapy: which of its parts are on, and how an end from outside reaches the spider."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess, Crawler

from services.scraper.middlewares import Vault
from services.scraper.parsers.base import ParseFailed, Parser
from services.scraper.recorder import Recorder
from services.scraper.settings import ScraperOptions
from services.scraper.spiders.source_spider import SourceSpider
from shared.contracts.events.scraping import RunOutcome

log = logging.getLogger(__name__)

_HERE = "services.scraper"
_SCRAPY = "scrapy.downloadermiddlewares"
_RESOLVER = "scrapy.resolver.CachingThreadedResolver"


def scrapy_settings(options: ScraperOptions, upstream: str) -> dict[str, Any]:
    """Return Scrapy's settings: polite defaults, and nothing loaded that a crawl here does not use.

    A stand-in upstream is our own server: it is asked without delay, one request per host all the same.
    """
    delay = 0.0 if upstream else options.delay_s
    return {
        "OPENPOLICY_UPSTREAM": upstream,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "USER_AGENT": options.user_agent,
        # Scrapy's own reading takes a robots.txt that fails for leave to go anywhere.
        "ROBOTSTXT_OBEY": False,
        # A proxy of the environment is not for a stand-in on this machine.
        "HTTPPROXY_ENABLED": not upstream,
        "CONCURRENT_REQUESTS": 8,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "CONCURRENT_ITEMS": 1,
        "DOWNLOAD_DELAY": delay,
        "AUTOTHROTTLE_ENABLED": not upstream,
        "AUTOTHROTTLE_START_DELAY": delay,
        "AUTOTHROTTLE_MAX_DELAY": options.max_delay_s,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
        "DOWNLOAD_TIMEOUT": options.request_timeout_s,
        "DOWNLOAD_MAXSIZE": options.max_response_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        # A response cut short is archived and then judged: see failures.refusal.
        "DOWNLOAD_FAIL_ON_DATALOSS": False,
        "DOWNLOAD_HANDLERS": {
            "http": f"{_HERE}.transport.UpstreamHandler",
            "https": f"{_HERE}.transport.UpstreamHandler",
            **dict.fromkeys(("ftp", "s3", "file", "data")),
        },
        "DOWNLOADER_MIDDLEWARES": {
            f"{_HERE}.middlewares.HostGuard": 40,
            f"{_HERE}.middlewares.LocalAnswers": 50,
            f"{_HERE}.robots.RobotsMiddleware": 100,
            f"{_HERE}.politeness.PolitenessMiddleware": 550,
            f"{_HERE}.middlewares.Conditional": 560,
            f"{_HERE}.middlewares.ArchiveEverything": 900,
            f"{_SCRAPY}.offsite.OffsiteMiddleware": None,
            f"{_SCRAPY}.httpauth.HttpAuthMiddleware": None,
            f"{_SCRAPY}.downloadtimeout.DownloadTimeoutMiddleware": None,
            f"{_SCRAPY}.retry.RetryMiddleware": None,
            f"{_SCRAPY}.redirect.MetaRefreshMiddleware": None,
            f"{_SCRAPY}.cookies.CookiesMiddleware": None,
            f"{_SCRAPY}.stats.DownloaderStats": None,
            f"{_SCRAPY}.httpcache.HttpCacheMiddleware": None,
        },
        "SPIDER_MIDDLEWARES": dict.fromkeys(
            (
                "scrapy.spidermiddlewares.httperror.HttpErrorMiddleware",
                "scrapy.spidermiddlewares.referer.RefererMiddleware",
                "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware",
                "scrapy.spidermiddlewares.depth.DepthMiddleware",
                "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware",
            )
        ),
        "EXTENSIONS": dict.fromkeys(
            (
                "scrapy.extensions.corestats.CoreStats",
                "scrapy.extensions.logcount.LogCount",
                "scrapy.extensions.telnet.TelnetConsole",
                "scrapy.extensions.memusage.MemoryUsage",
                "scrapy.extensions.memdebug.MemoryDebugger",
                "scrapy.extensions.closespider.CloseSpider",
                "scrapy.extensions.feedexport.FeedExporter",
                "scrapy.extensions.logstats.LogStats",
                "scrapy.extensions.spiderstate.SpiderState",
                "scrapy.extensions.remote_control.RemoteControl",
            )
        ),
        "REDIRECT_MAX_TIMES": 5,
        "REDIRECT_PRIORITY_ADJUST": 0,
        # Equal priorities in the order in which a document named them.
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",
        "SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue",
        "STATS_DUMP": False,
        # It reads the spider's own source again for every response.
        "WARN_ON_GENERATOR_RETURN_VALUE": False,
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "DNS_TIMEOUT": 20,
        "DNS_RESOLVER": f"{_HERE}.transport.PublicResolver" if not upstream else _RESOLVER,
    }


class Crawl:
    """A running crawl that can be ended from another thread."""

    def __init__(self, parser: Parser, recorder: Recorder, vault: Vault, options: ScraperOptions) -> None:
        self._parser = parser
        self._recorder = recorder
        self._vault = vault
        self._options = options
        self._crawler: Crawler | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._is_ending = False

    def run(self, deadline_s: float) -> None:
        """Crawl to the end, for at most ``deadline_s`` seconds (then the run is ``timed_out``)."""
        settings = scrapy_settings(self._options, self._recorder.run.options.upstream)
        process = AsyncCrawlerProcess(settings)
        self._crawler = process.create_crawler(SourceSpider)
        done = process.crawl(
            self._crawler,
            parser=self._parser,
            recorder=self._recorder,
            vault=self._vault,
            options=self._options,
        )
        done.add_done_callback(self._finished)
        with self._lock:
            self._loop = done.get_loop()
            if self._is_ending:
                self._loop.call_soon(self._close)
        detail = f"the run took longer than {deadline_s:.0f} s"
        self._loop.call_later(deadline_s, self.end, "timed_out", "timeout", detail)
        process.start(stop_after_crawl=True, install_signal_handlers=False)

    def _finished(self, done: asyncio.Future[Any]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            log.error("the crawl ended with an error", exc_info=error)
            self._recorder.fail(ParseFailed("", "crawl-error", f"{type(error).__name__}: {error}"[:500]))

    def end(self, outcome: RunOutcome, code: str, detail: str) -> None:
        """End the crawl early; callable from any thread."""
        self._recorder.end(outcome, code, detail)
        self.stop()

    def stop(self) -> None:
        """Stop crawling without deciding the outcome; callable from any thread."""
        with self._lock:
            self._is_ending = True
            loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        engine = self._crawler.engine if self._crawler else None
        if engine is not None and engine.spider is not None:
            self._task = asyncio.ensure_future(_closing(engine.close_spider_async(reason="ended")))


async def _closing(closing: Any) -> None:
    try:
        await closing
    except RuntimeError:
        # The spider had just ended by itself.
        log.debug("the spider was closed already")
