"""How pages travel: headers, conditional and compressed answers, and nothing a visitor sends ends up in them."""

from __future__ import annotations

import gzip

import pytest
from starlette.testclient import TestClient

from hubs.ux_hub.web.router.home import preferred
from tests.unit.ux_pages.conftest import PAGES


def test_the_policy_of_a_page_allows_our_own_files_alone(site: TestClient) -> None:
    headers = site.get("/en").headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_widget_alone_may_be_framed(site: TestClient) -> None:
    for path in PAGES:
        headers = site.get(f"/en{path}").headers
        is_widget = path.startswith("/widgets/")
        assert ("frame-ancestors *" in headers["content-security-policy"]) is is_widget, path


def test_no_page_of_the_record_sets_a_cookie_or_depends_on_one(site: TestClient) -> None:
    for path in PAGES:
        plain = site.get(f"/en{path}")
        with_cookie = site.get(f"/en{path}", headers={"Cookie": "op_session=x; theme=dark"})
        assert "set-cookie" not in plain.headers
        assert plain.content == with_cookie.content, path


def test_the_host_that_a_visitor_names_is_never_believed(site: TestClient) -> None:
    for path in ("/en", "/en/bills", "/sitemap.xml", "/robots.txt", "/en/bills/", "/"):
        answer = site.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example",
                                         "X-Forwarded-Proto": "gopher", "X-Original-URL": "/admin"})  # fmt: skip
        assert "evil.example" not in answer.text
        assert "evil.example" not in answer.headers.get("location", "")


def test_parameters_that_no_page_knows_do_not_enter_it(site: TestClient) -> None:
    assert site.get("/en/bills?utm_source=evil&fbclid=1").content == site.get("/en/bills").content


def test_a_page_held_already_is_not_sent_again(site: TestClient) -> None:
    first = site.get("/en/bills")
    again = site.get("/en/bills", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"]


def test_a_page_travels_compressed_to_whoever_takes_it(site: TestClient) -> None:
    packed = site.get("/en/votes/45-1-123", headers={"Accept-Encoding": "gzip"})
    plain = site.get("/en/votes/45-1-123", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 3
    assert "Accept-Encoding" in packed.headers["vary"]


def test_files_are_kept_for_ever_under_their_own_digest_only(site: TestClient) -> None:
    html = site.get("/en").text
    address = html.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = site.get(address)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    stale = site.get("/static/000000000000/site.css")
    assert "immutable" not in stale.headers["cache-control"]
    assert stale.content == answer.content
    assert site.get("/static/x/..%2f..%2fopening.py").status_code == 404
    assert site.get("/static/x/nothing.css").status_code == 404


def test_scripts_weigh_less_than_twenty_kilobytes_and_a_first_view_less_than_a_hundred(
    site: TestClient,
) -> None:
    html = site.get("/en", headers={"Accept-Encoding": "gzip"})
    names = [part.partition('"')[0] for part in html.text.split('src="')[1:]]
    names += [html.text.partition('rel="stylesheet" href="')[2].partition('"')[0]]
    files = [site.get(name) for name in names]
    scripts = sum(len(f.content) for f in files if "javascript" in f.headers["content-type"])
    assert 0 < scripts < 20_000
    total = len(gzip.compress(html.content)) + sum(len(gzip.compress(f.content)) for f in files)
    assert total < 100_000


@pytest.mark.parametrize(
    ("header", "lang"),
    [("", "en"), ("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("en-US,en;q=0.5,fr;q=0.3", "en"), ("de, fr;q=0.1", "fr"),
     ("fr;q=0", "en"), ("fr;q=broken, en;q=0.2", "en"), ("," * 5000, "en")],
)  # fmt: skip
def test_the_front_door_leads_to_the_language_that_the_browser_prefers(header: str, lang: str) -> None:
    assert preferred(header) == lang


def test_the_front_door_redirects_and_says_on_what_it_depends(site: TestClient) -> None:
    answer = site.get("/", headers={"Accept-Language": "fr"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/fr")
    assert answer.headers["vary"] == "Accept-Language"
