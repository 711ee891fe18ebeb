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
from services.scraper.robots import RobotsUnreadable

_WALL_STATUSES = {401, 403, 429, 503}
_WALL_MARKS = re.compile(
    rb"cf-browser-verification|cf_chl_|challenge-platform|Just a moment\.\.\.|Attention Required! \|"
    rb"|_Incapsula_Resource|perfdrive\.com|radware|Request unsuccessful\. Incapsula|px-captcha|g-recaptcha"
    rb"|Pardon Our Interruption|Access Denied.{0,400}errors\.edgesuite\.net",
    re.IGNORECASE | re.DOTALL,
)

_SURE_MARKS = re.compile(
    rb"<title>Just a moment\.\.\.|Attention Required! \||_Incapsula_Resource|Request unsuccessful\. Incapsula"
    rb"|perfdrive\.com|px-captcha|Pardon Our Interruption|Radware (?:Bot|Captcha)|cf_chl_opt",
    re.IGNORECASE,
)
"""What only a wall says; the scripts of a wall may stand on the pages behind it too."""
_MUTE = re.compile(rb"<(?=(?:script|style|noscript)\b)", re.IGNORECASE)
_MUTE_END = re.compile(rb"</(?:script|style|noscript)\s*>", re.IGNORECASE)
_NO_WORDS = re.compile(rb"<[^<>]*>|\s+")
_WALL_WORDS = 1_500
"""Letters on a page that are too many for a wall."""


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
    if response.status == 200 and _is_wall(response):
        return ParseFailed(response.url, "blocked", "a bot wall answered (status 200)")
    if response.status != 200:
        return ParseFailed(response.url, f"http-{response.status}", f"the server answered {response.status}")
    return None


def _is_wall(response: Response) -> bool:
    """Tell a wall that answers 200 by a sure mark on a page that says next to nothing else."""
    start = response.body[:100_000]
    if b"<html" not in start[:5_000].lower() or not _SURE_MARKS.search(response.url.encode() + start):
        return False
    return len(response.body) <= len(start) and _letters(start) < _WALL_WORDS


def _letters(page: bytes) -> int:
    """Count what a reader sees of a page, without scripts, styles and tags."""
    said, *muted = _MUTE.split(page)
    said += b"".join(_MUTE_END.split(part, maxsplit=1)[-1] for part in muted if _MUTE_END.search(part))
    return len(_NO_WORDS.sub(b"", said))


def network_failure(url: str, error: BaseException) -> ParseFailed:
    """Return a failed request as a problem."""
    text = str(error) or type(error).__name__
    if isinstance(error, HostGivenUp):
        return ParseFailed(url, "host-down", text)
    if isinstance(error, DownloadCancelledError) or "exceeded DOWNLOAD_MAXSIZE" in text:
        return ParseFailed(url, "too-large", text[:500])
    if isinstance(error, RobotsUnreadable):
        return ParseFailed(url, "robots-unreadable", text[:500])
    if isinstance(error, IgnoreRequest):
        code = "robots" if "robots.txt" in text else "refused"
        return ParseFailed(url, code, text[:500])
    if isinstance(error, DownloadTimeoutError):
        return ParseFailed(url, "request-timeout", text[:500])
    if isinstance(error, CannotResolveHostError):
        return ParseFailed(url, "network", f"the host has no address: {text}"[:500])
    return ParseFailed(url, "network", f"{type(error).__name__}: {text}"[:500])
