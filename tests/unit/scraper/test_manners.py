"""Addresses, refusals, Retry-After and host rules, without a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from services.scraper.failures import network_failure, refusal
from services.scraper.middlewares import HostGuard
from services.scraper.politeness import HostGivenUp, retry_after_s
from services.scraper.settings import ScraperOptions, ScraperSettings
from services.scraper.transport import real_url, stand_in_url

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
    assert retry_after_s("soon") is None


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
