"""What others wrote is shown, never run: a corpus of attacks in every text of every record and parameter."""

from __future__ import annotations

from urllib.parse import quote

import html5lib
import pytest

from hubs.ux_hub.web.service.sanitising import clean_html, clean_snippet, local_path, safe_url
from tests.unit.ux_pages.conftest import PAGES, Open
from tests.unit.ux_pages.fake_record import FakeHubs
from tests.unit.ux_pages.soundness import active

FRAGMENTS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "{{ 1337*1337 }}{% for x in [] %}<%= 1337*1337 %>${1337*1337}",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<a href="jAvAsCrIpT&colon;alert(1)">x</a>',
    "<form action=//evil.example><input name=q><button formaction=javascript:alert(1)>",
    "<base href=//evil.example/><meta http-equiv=refresh content='0;url=//evil.example'>",
    "</script><!--<script>",
    "</textarea><script>alert(1)</script>",
    "]]></content></entry><script>alert(1)</script>",
    "<p style=background:url(//evil.example)>x<style>*{display:none}</style>",
    "\u202e\u2066<b onmouseover=alert(1)>x",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<svg><use href=\"data:image/svg+xml,<svg id='x'/>#x\"></svg><details open ontoggle=alert(1)>",
)
ADDRESSES = (
    "javascript:alert(1)",
    " java\tscript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
)
# Where text is escaped one attack is as good as all in a row; what is cleaned as HTML is tried one by one below.
PAYLOADS = ("".join(FRAGMENTS), *ADDRESSES)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_stored_attacks_are_inert_on_every_page(open_with: Open, payload: str) -> None:
    site = open_with(FakeHubs(hostile=payload))
    for path in PAGES:
        if path.startswith("/history"):
            continue
        answer = site.get(f"/en{path}")
        assert answer.status_code == 200, path
        # As a browser reads it: mistakes are mended, not refused.
        assert active(html5lib.parse(answer.text)) == [], path
        assert "1787569" not in answer.text, path


@pytest.mark.parametrize("payload", PAYLOADS)
def test_attacks_in_parameters_are_inert(open_with: Open, payload: str) -> None:
    site = open_with(FakeHubs())
    given = quote(payload)
    for path in (
        f"/search?q={given}", f"/search?q=a&party={given}", f"/bills?q={given}&session={given[:20]}",
        f"/members?q={given}&party={given}", f"/votes?bill={given}", f"/votes/45-1-123?party={given}",
        f"/my-representatives?postcode={given[:20]}&area={given}", f"/bills/{given}", f"/{given}",
        f"/widgets?item={given}", f"/bills?utm={given}",
    ):  # fmt: skip
        answer = site.get(f"/en{path}")
        assert answer.status_code in (200, 404, 422), path
        assert active(html5lib.parse(answer.text)) == [], path


@pytest.mark.parametrize("payload", [*FRAGMENTS, *PAYLOADS])
def test_an_attack_is_inert_once_cleaned(payload: str) -> None:
    for cleaned in (
        clean_html(payload),
        clean_html(f"<p>before</p>{payload}<p>after</p>"),
        clean_snippet(payload),
    ):
        assert active(html5lib.parse(f"<!doctype html><title>x</title><div>{cleaned}</div>")) == []


def test_cleaned_html_keeps_its_structure_and_loses_what_acts() -> None:
    kept = clean_html('<p>That <b>we</b> <a href="https://a.example/x">go</a></p><script>x()</script>')
    assert kept == (
        '<p>That <b>we</b> <a href="https://a.example/x" rel="nofollow noopener noreferrer">go</a></p>'
    )
    assert (
        clean_html('<a href="javascript:x()" onclick="y()">z</a>')
        == '<a rel="nofollow noopener noreferrer">z</a>'
    )


def test_a_snippet_keeps_its_marks_alone() -> None:
    assert clean_snippet("a <mark>b</mark> <i>c</i>&lt;i&gt;") == "a <mark>b</mark> c&lt;i&gt;"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/local", "", None, "https://", "ht\ntp://x",
     "vbscript:x", "https://a b", "file:///etc/passwd", "mailto:"],
)  # fmt: skip
def test_an_address_that_is_not_a_web_page_is_no_link(address: object) -> None:
    assert safe_url(address) == ""


def test_an_address_of_a_web_page_is_a_link() -> None:
    assert safe_url(" https://www.parl.ca/x?y=1#z ") == "https://www.parl.ca/x?y=1#z"


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/a\\b", "/a\r\nb", "", None, "x", "/\t/e"],
)
def test_only_a_path_of_this_site_is_redirected_to(target: object) -> None:
    assert local_path(target, "/admin") == "/admin"


def test_a_path_of_this_site_is_redirected_to() -> None:
    assert local_path("/admin/jobs?state=held", "/admin") == "/admin/jobs?state=held"
