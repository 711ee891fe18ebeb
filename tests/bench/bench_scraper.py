"""The scraper beside a bare Scrapy spider that parses nothing, and its memory over ten thousand pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from statistics import median
from typing import Any

from services.miniature import MiniatureServer

PAGES = int(os.environ.get("OP_BENCH_PAGES", "1000"))
MANY = int(os.environ.get("OP_BENCH_MANY_PAGES", "10000"))
ROUNDS = 3


def crawl(mode: str, url: str) -> dict[str, Any]:
    """Crawl in a process of its own and return what it measured."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.scraper_crawl", mode, url, folder],
            check=True,
            capture_output=True,
            text=True,
        )
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def throughput() -> None:
    """Print pages per second of both, in turns, and their ratio."""
    with MiniatureServer() as upstream:
        upstream.control.extra_divisions(PAGES)
        rates: dict[str, list[float]] = {"bare": [], "ours": []}
        crawl("bare", upstream.url)  # the upstream renders each page once
        for _ in range(ROUNDS):
            for mode, found in rates.items():
                told = crawl(mode, upstream.url)
                found.append(told["pages"] / told["seconds"])
    ours, bare = median(rates["ours"]), median(rates["bare"])
    print(
        f"bare Scrapy: {bare:.0f} pages/s; the scraper: {ours:.0f} pages/s; ratio {ours / bare:.2f} (>= 0.70)"
    )


def memory() -> None:
    """Print the peak of the first and of the second half of a long crawl."""
    with MiniatureServer() as upstream:
        upstream.control.extra_divisions(MANY)
        told = crawl("ours", upstream.url)
    half = told["pages"] / 2
    # What comes before a tenth of the pages is starting up.
    first = max(mib for pages, mib in told["memory"] if told["pages"] / 10 < pages <= half)
    second = max(mib for pages, mib in told["memory"] if pages > half)
    print(
        f"{told['pages']} pages: peak {first:.0f} MiB in the first half, {second:.0f} MiB in the second, "
        f"{100 * (second / first - 1):+.1f} % (<= +5 %)"
    )


def main() -> None:
    """Run both."""
    throughput()
    memory()


if __name__ == "__main__":
    main()
