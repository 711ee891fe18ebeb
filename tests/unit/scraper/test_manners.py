"""Addresses, refusals, Retry-After and host rules, without a network."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from twisted.internet.error import DNSLookupError

from services.scraper.failures import network_failure, refusal
from services.scraper.middlewares import HostGuard
from services.scraper.politeness import HostGivenUp, retry_after_s
from services.scraper.robots import RobotsMiddleware, RobotsUnreadable
from services.scraper.settings import ScraperOptions, ScraperSettings
from services.scraper.transport import public_address, real_url, stand_in_url

UP = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("url", "served"),
    [
        ("https://www.parl.ca/a/b?c=d", f"{UP}/www.parl.ca/a/b?c=d"),
        ("https://www.parl.ca", f"{UP}/www.parl.ca/"),
        ("http://pub-ottawa.escribemeetings.com/x#y", f"{UP}/pub-ottawa.escribemeetings.com/x"),
    ],
)
def test_a_stand_in_serves_each_host_below_its_name(url, served):
    assert stand_in_url(UP + "/", url) == served


@pytest.mark.parametrize(
    ("location", "real"),
    [
        (f"{UP}/www.ourcommons.ca/fr", "https://www.ourcommons.ca/fr"),
        ("https://www.ourcommons.ca/fr", "https://www.ourcommons.ca/fr"),
        ("/fr/x", "https://www.parl.ca/fr/x"),
        ("c", "https://www.parl.ca/a/c"),
    ],
)
def test_where_a_stand_in_points_is_a_real_address(location, real):
    assert real_url(UP, location, "https://www.parl.ca/a/b") == real


def test_retry_after_is_a_number_of_seconds_or_a_date():
    assert retry_after_s("7") == 7.0
    assert 50 < retry_after_s(format_datetime(datetime.now(UTC) + timedelta(seconds=60))) <= 60
    assert retry_after_s(format_datetime(datetime.now(UTC) - timedelta(hours=1))) == 0.0
    for odd in ("soon", "²", "-5", "Fri, 31 Dec 99999 23:59:59 GMT", ""):
        assert retry_after_s(odd) is None
    assert retry_after_s("9" * 400) == float("inf")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest",
        "http://localhost/",
        "http://db.internal/x",
        "ftp://x.ca/",
    ],
)
def test_no_upstream_leads_the_crawl_into_a_private_network(url):
    with pytest.raises(IgnoreRequest):
        HostGuard(has_stand_in=False).process_request(Request(url))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.9", "0.0.0.0"])
def test_a_public_name_of_a_private_address_has_no_address(address, monkeypatch):
    with pytest.raises(DNSLookupError):
        public_address(address, "www.parl.ca")
    monkeypatch.setenv("https_proxy", "http://proxy.inside.example:3128")
    assert public_address(address, "proxy.inside.example") == address


def test_a_public_name_of_a_public_address_has_it():
    assert public_address("198.103.167.1", "www.parl.ca") == "198.103.167.1"


def test_public_hosts_are_allowed():
    HostGuard(has_stand_in=False).process_request(Request("https://www.parl.ca/"))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, b"<html><title>Just a moment...</title></html>", "blocked"),
        (503, b"<html><script src='/_Incapsula_Resource?x'></script></html>", "blocked"),
        (403, b"no", "blocked"),
        (503, b"down", "http-503"),
        (404, b"", "http-404"),
        (200, b"<html>fine</html>", None),
    ],
)
def test_a_refusal_is_told_from_trouble(status, body, code):
    found = refusal(Response("https://x.ca/", status=status, body=body))
    assert (found and found.code) == code


def test_a_response_cut_short_is_truncated():
    assert refusal(Response("https://x.ca/", body=b"<x", flags=["dataloss"])).code == "truncated"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (IgnoreRequest("Forbidden by robots.txt"), "robots"),
        (IgnoreRequest("localhost is not a public host"), "refused"),
        (HostGivenUp("x failed"), "host-down"),
        (RobotsUnreadable("the server answered 503"), "robots-unreadable"),
        (ConnectionResetError("gone"), "network"),
    ],
)
def test_a_failed_request_becomes_a_problem(error, code):
    assert network_failure("https://x.ca/", error).code == code


def test_production_wants_a_broker_and_a_contact_of_its_own():
    with pytest.raises(ValueError, match="RABBIT"):
        ScraperSettings(environment="production")
    with pytest.raises(ValueError, match="USER_AGENT"):
        ScraperSettings(environment="production", rabbit={"url": "amqp://a:b@c/"})
    options = ScraperOptions(user_agent="Bot (+mailto:a@b.ca)")
    settings = ScraperSettings(environment="production", rabbit={"url": "amqp://a:b@c/"}, scraper=options)
    assert settings.broker_dsn() == ""


WALLS = {
    "cloudflare": "<title>Just a moment...</title><script>window._cf_chl_opt={}</script>",
    "incapsula": '<script src="/_Incapsula_Resource?SWJIYLWA=1"></script><iframe></iframe>Request unsuccessful.',
    "radware": "<title>Radware Bot Manager Captcha</title><p>We apologize</p>",
    "imperva": "<title>Pardon Our Interruption</title><p>Something about your browser</p>",
}


@pytest.mark.parametrize("name", sorted(WALLS))
def test_a_bot_wall_that_answers_200_is_blocked(name):
    body = f"<!DOCTYPE html><html><head>{WALLS[name]}</head><body></body></html>".encode()
    failure = refusal(Response("https://x.ca/list", status=200, body=body))
    assert failure is not None
    assert failure.code == "blocked"


def test_a_redirect_to_a_wall_is_blocked():
    body = b"<html><body>Please wait</body></html>"
    failure = refusal(Response("https://validate.perfdrive.com/?ssa=1", status=200, body=body))
    assert failure is not None
    assert failure.code == "blocked"


def test_a_page_behind_a_wall_that_carries_its_script_is_read():
    words = "<p>" + "Council met and decided. " * 200 + "</p>"
    body = f'<html><head><script src="/_Incapsula_Resource?x"></script></head><body>{words}</body></html>'.encode()
    assert refusal(Response("https://x.ca/list", status=200, body=body)) is None
    assert refusal(Response("https://x.ca/list.json", status=200, body=b'{"a": "px-captcha"}')) is None


def test_a_page_of_unclosed_scripts_is_judged_at_once():
    body = b"<html>px-captcha" + b"<script" * 14_000
    failure = refusal(Response("https://x.ca/list", status=200, body=body))
    assert failure is not None


class FakeCrawler:
    """What the middleware asks of a crawl: settings, options, and one robots.txt."""

    def __init__(self, robots: bytes, status: int = 200) -> None:
        self.settings = {"USER_AGENT": "OpenPolicyBot/0.1 (+mailto:a@b.ca)", "OPENPOLICY_UPSTREAM": ""}
        self.spider = SimpleNamespace(options=ScraperOptions(max_delay_s=0.2))
        self.engine = self
        self.asked = 0
        self._answer = (status, robots)

    async def download_async(self, request: Request) -> Response:
        self.asked += 1
        return Response(request.url, status=self._answer[0], body=self._answer[1])


def test_a_crawl_delay_is_kept_as_far_as_throttling_may_go():
    crawler = FakeCrawler(b"User-agent: *\nCrawl-delay: 3600\n")

    async def three() -> float:
        robots = RobotsMiddleware(crawler)
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(robots.process_request(Request(f"https://x.ca/{n}")) for n in range(3)))
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(three()) >= 0.39
    assert crawler.asked == 1


@pytest.mark.parametrize(
    ("robots", "status", "error"),
    [
        (b"User-agent: *\nDisallow: /a\n", 200, IgnoreRequest), (b"User-agent: *\nDisallow: /a\n", 404, None),
        (b"User-agent: other\nDisallow: /\n", 200, None), (b"", 500, RobotsUnreadable), (b"", 429, RobotsUnreadable),
        (b"<html>Disallow: /</html>", 200, None), (b"\xff\x00\xfe" * 9, 200, None),
        (b"#" * 600_000 + b"\nUser-agent: *\nDisallow: /a\n", 200, None),
    ],
)  # fmt: skip
def test_what_a_robots_txt_says_is_done(robots, status, error):
    middleware = RobotsMiddleware(FakeCrawler(robots, status))
    if error is None:
        asyncio.run(middleware.process_request(Request("https://x.ca/a")))
        return
    with pytest.raises(error):
        asyncio.run(middleware.process_request(Request("https://x.ca/a")))
