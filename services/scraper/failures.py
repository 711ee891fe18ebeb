"""What went wrong on the way to a document, as a problem code: statuses, bot walls, network errors."""

from __future__ import annotations

import re

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import Response

from services.scraper.parsers.base import ParseFailed
from services.scraper.politeness import IS_CUT_OFF, HostGivenUp

_WALL_STATUSES = {401, 403, 429, 503}
_WALL_MARKS = re.compile(
    rb"cf-browser-verification|cf_chl_|challenge-platform|Just a moment\.\.\.|Attention Required! \|"
    rb"|_Incapsula_Resource|perfdrive\.com|radware|Request unsuccessful\. Incapsula|px-captcha|g-recaptcha"
    rb"|Pardon Our Interruption|Access Denied.{0,400}errors\.edgesuite\.net",
    re.IGNORECASE | re.DOTALL,
)


def refusal(response: Response) -> ParseFailed | None:
    """Return why a response is not a document, or None when it may be one."""
    if IS_CUT_OFF in response.flags:
        return ParseFailed(response.url, "truncated", "the response ended before its Content-Length")
    if response.status in _WALL_STATUSES:
        is_wall = b"<html" in response.body[:5_000].lower() and bool(
            _WALL_MARKS.search(response.body[:100_000])
        )
        if is_wall or response.status in {401, 403}:
            detail = "a bot wall answered" if is_wall else "the server refuses to answer us"
            return ParseFailed(response.url, "blocked", f"{detail} (status {response.status})")
    if response.status != 200:
        return ParseFailed(response.url, f"http-{response.status}", f"the server answered {response.status}")
    return None


def network_failure(url: str, error: BaseException) -> ParseFailed:
    """Return a failed request as a problem."""
    text = str(error) or type(error).__name__
    if isinstance(error, HostGivenUp):
        return ParseFailed(url, "host-down", text)
    if isinstance(error, DownloadCancelledError) or "exceeded DOWNLOAD_MAXSIZE" in text:
        return ParseFailed(url, "too-large", text[:500])
    if isinstance(error, IgnoreRequest):
        code = "robots" if "robots.txt" in text else "refused"
        return ParseFailed(url, code, text[:500])
    if isinstance(error, DownloadTimeoutError):
        return ParseFailed(url, "request-timeout", text[:500])
    if isinstance(error, CannotResolveHostError):
        return ParseFailed(url, "network", f"the host has no address: {text}"[:500])
    return ParseFailed(url, "network", f"{type(error).__name__}: {text}"[:500])
