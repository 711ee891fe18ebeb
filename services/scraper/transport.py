"""Where requests go: the real hosts, or a local upstream that stands in for all of them.

With a stand-in, ``https://www.ourcommons.ca/x`` is fetched from ``{upstream}/www.ourcommons.ca/x``
at the last moment, so that robots.txt, throttling, redirects and the archive see real addresses.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import defaultdict
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.error import DNSLookupError


def stand_in_url(upstream: str, url: str) -> str:
    """Return where ``url`` is served by the stand-in."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{upstream.rstrip('/')}/{parts.netloc}{parts.path or '/'}{query}"


def real_url(upstream: str, url: str, served: str) -> str:
    """Return the real address of ``url``, which a stand-in named in its answer to ``served``."""
    absolute = urljoin(stand_in_url(upstream, served), url) if not urlsplit(url).scheme else url
    base = upstream.rstrip("/") + "/"
    if not absolute.startswith(base):
        return absolute
    host, _, rest = absolute.removeprefix(base).partition("/")
    if "." not in host:
        # The stand-in redirected below its own root: meant is a path of the host it played.
        return urljoin(served, f"/{host}/{rest}".rstrip("/"))
    return f"https://{host}/{rest}"


class PublicResolver(CachingThreadedResolver):
    """Scrapy's resolver, which refuses a public name that leads into a private network."""

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:  # noqa: N802 - Twisted's name
        """Return a deferred address; it fails like a name without one when it is not public."""
        found = super().getHostByName(name, timeout)
        return found.addCallback(public_address, name)


def public_address(address: str, name: str) -> str:
    """Return ``address`` when it is public, or ``name`` is that of a proxy of the environment.

    Raises: DNSLookupError, which the endpoints of Twisted take for a name without an address.
    """
    proxies = {urlsplit(url).hostname for url in getproxies().values()}
    if name in proxies or ipaddress.ip_address(address).is_global:
        return address
    raise DNSLookupError(f"{name} is not a public host: it leads to {address}")


class UpstreamHandler(HTTP11DownloadHandler):
    """Scrapy's HTTP handler with the substitution of hosts."""

    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        self._upstream: str = crawler.settings.get("OPENPOLICY_UPSTREAM", "")
        # Scrapy's own limit of one request per host lets several through when there is no delay.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def download_request(self, request: Request) -> Response:
        """Fetch ``request``, from the stand-in when there is one, when its host has no other in hand."""
        async with self._turns[urlsplit(request.url).netloc]:
            return await self._download(request)

    async def _download(self, request: Request) -> Response:
        if not self._upstream:
            response: Response = await super().download_request(request)
            return response
        stand_in = request.replace(url=stand_in_url(self._upstream, request.url))
        response = await super().download_request(stand_in)
        if "latency" not in request.meta and "download_latency" in stand_in.meta:
            request.meta["download_latency"] = stand_in.meta["download_latency"]
        response = response.replace(url=request.url)
        location = response.headers.get("Location")
        if location:
            real = real_url(self._upstream, location.decode("latin-1"), request.url)
            response.headers["Location"] = real
        return response
