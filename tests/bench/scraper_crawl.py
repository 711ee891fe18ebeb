"""One crawl of the votes of a stand-in upstream: the scraper's own, or a bare Scrapy spider on the same pages.

``python -m tests.bench.scraper_crawl (ours|bare) URL FOLDER``; prints one JSON line with the pages, the
seconds between the first and the last of them, and the memory after each tenth of a thousand pages.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response

from services.scraper.run import Job
from services.scraper.settings import ScraperSettings
from shared.contracts.envelope import Event
from shared.contracts.events.jobs import ScrapeOptions, ScrapeRequestedV1
from shared.contracts.events.scraping import ScrapeProgressV1
from shared.core.ids import new_id

LISTS = ("en", "fr")
_PAGE = re.compile(rb"<DecisionDivisionNumber>(\d+)<")


def own_memory_mib() -> float:
    """Return the memory that is this process's own."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon:")).split()[1]) / 1024


class Marks:
    """When how many pages were read, and what memory it took."""

    def __init__(self) -> None:
        self.pages = 0
        self.began = self.ended = 0.0
        self.memory: list[tuple[int, float]] = []

    def mark(self, pages: int) -> None:
        """Note a number of pages."""
        now = time.perf_counter()
        self.began = self.began or now
        if pages > self.pages:
            self.pages, self.ended = pages, now
            self.memory.append((pages, own_memory_mib()))

    def told(self) -> str:
        """Return everything as JSON."""
        return json.dumps({"pages": self.pages, "seconds": self.ended - self.began, "memory": self.memory})


class NoBus:
    """Takes every event and keeps none."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def publish(self, events: Sequence[Event]) -> None:
        """Encode, as a broker's client would."""
        for event in events:
            event.encode()
            if isinstance(event, ScrapeProgressV1):
                self._marks.mark(event.pages)


class Bare(Spider):
    """Fetches the lists and every vote, and parses nothing but the numbers of the votes."""

    name = "bare"

    def __init__(self, url: str, marks: Marks) -> None:
        super().__init__()
        self._base = f"{url}/www.ourcommons.ca/Members"
        self._marks = marks
        self._count = 0

    async def start(self) -> AsyncIterator[Request]:
        """Yield the lists."""
        for language in LISTS:
            yield Request(f"{self._base}/{language}/votes/xml?parlSession=45-1", callback=self.listed)

    def listed(self, response: Response) -> Iterator[Request]:
        """Ask for every vote once."""
        self._seen()
        for number in _PAGE.findall(response.body):
            yield Request(f"{self._base}/en/votes/45/1/{number.decode()}/xml", callback=self.vote)

    def vote(self, response: Response) -> None:
        """Count a page."""
        self._seen()

    def _seen(self) -> None:
        self._count += 1
        if self._count == 1 or self._count % 100 == 0:
            self._marks.mark(self._count)
        self._marks.ended = time.perf_counter()
        self._marks.pages = self._count


def ours(url: str, folder: Path, marks: Marks) -> None:
    """Run a job as the worker's child does."""
    settings: Any = ScraperSettings(
        data_dir=folder, scraper={"progress_every_s": 0.05, "child_memory_bytes": 2**31}
    )
    request = ScrapeRequestedV1(
        producer="bench",
        job_id=new_id(),
        source_id="ca-federal-votes",
        options=ScrapeOptions(upstream=url),
    )
    Job(request, settings, NoBus(marks)).run()


def bare(url: str, marks: Marks) -> None:
    """Run the bare spider, one request at a time as well."""
    process = AsyncCrawlerProcess(
        {
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "CONCURRENT_REQUESTS": 1,
            "LOG_ENABLED": False,
            "TELNETCONSOLE_ENABLED": False,
        }
    )
    process.crawl(Bare, url=url, marks=marks)
    process.start()


def main() -> None:
    """Crawl once."""
    logging.disable(logging.WARNING)
    mode, url, folder = sys.argv[1:4]
    marks = Marks()
    if mode == "ours":
        ours(url, Path(folder), marks)
    else:
        bare(url, marks)
    print(marks.told())


if __name__ == "__main__":
    main()
