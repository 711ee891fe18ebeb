"""The pages in a real browser on the miniature Parliament: every width, both colours, keyboard alone, no scripts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from starlette.responses import HTMLResponse

from shared.testing.platform import Platform
from shared.testing.serving import Served
from tests.e2e.pages.visit import Site, audit, is_wider_than_window, layout_shift, press_until

SHIFT = 0.01
"""Cumulative layout shift that nobody sees; 0.1 is called good."""


@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [("en", 360, "light"), ("fr", 360, "dark"), ("en", 1440, "light"), ("fr", 1440, "dark")],
)
def test_every_page_renders_is_accessible_stands_still_and_asks_nobody_else(
    site: Site, pages: tuple[str, ...], axe: str, lang: str, width: int, scheme: str
) -> None:
    page = site.window(width=width, scheme=scheme)
    # Each page once in light and once in dark, once narrow and once wide: the engine takes most of the time.
    is_judged = (lang, width) in (("fr", 360), ("en", 1440))
    found: dict[str, object] = {}
    for path in pages:
        site.open(page, f"/{lang}{path}")
        if shift := layout_shift(page):
            found[f"{path} shifts"] = shift if shift > SHIFT else None
        if page.locator("h1").count() != 1:
            found[f"{path} headings"] = page.locator("h1").all_inner_texts()
        if is_wider_than_window(page):
            found[f"{path} is too wide"] = width
        if is_judged:
            found[path] = audit(page, axe)
    response = page.goto(f"{site.url}/{lang}/rien")
    assert response is not None
    assert response.status == 404
    found["404"] = audit(page, axe)
    assert {path: fault for path, fault in found.items() if fault} == {}
    # The browser remarks that the last page was not found, and so it was.
    assert [one for one in site.complaints if "404" not in one] == []
    assert site.strangers == []


def test_the_html_of_every_page_is_valid(
    site: Site, pages: tuple[str, ...], judges: Path, tmp_path: Path
) -> None:
    with httpx.Client(base_url=site.url, trust_env=False, timeout=60) as client:
        for number, path in enumerate([*pages, "/rien", "/admin/sign-in"]):
            for lang in ("en", "fr"):
                name = re.sub(r"\W+", "-", path) or "home"
                (tmp_path / f"{lang}-{number}{name}.html").write_text(client.get(f"/{lang}{path}").text)
    (tmp_path / "rules.json").write_text('{"root": true, "extends": ["html-validate:standard"]}')
    program = judges / "node_modules" / ".bin" / "html-validate"
    done = subprocess.run(
        [program, "--config", tmp_path / "rules.json", tmp_path / "*.html"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4_000:] + done.stderr[-1_000:]


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize(
    ("lang", "follow", "sent"),
    [("en", "Follow", "A mail is on its way"), ("fr", "Suivre", "Un courriel est en route")],
)
def test_the_keyboard_alone_leads_from_a_postal_code_to_the_members_last_vote_and_to_following_it(
    site: Site, postal_code: str, lang: str, width: int, follow: str, sent: str
) -> None:
    page = site.window(width=width)
    site.open(page, f"/{lang}")
    page.keyboard.press("Tab")
    assert "#content" in page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "postcode"
    page.keyboard.type(postal_code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-representatives?postcode=*")
    press_until(page, "Tab", "Aboultaif")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/members/ziad-aboultaif")
    press_until(page, "Tab", "C-11")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/votes/45-1-123")
    press_until(page, "Tab", follow)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/follow?*")
    press_until(page, "Tab", "email")
    page.keyboard.type(f"citizen-{lang}-{width}@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(sent)
    assert site.complaints == []
    assert site.strangers == []


def test_the_language_is_switched_in_place_by_keyboard(site: Site) -> None:
    page = site.window(width=360)
    site.open(page, "/en/votes/45-1-123?party=Liberal")
    press_until(page, "Tab", "Français")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/votes/45-1-123?party=Liberal")
    press_until(page, "Tab", "English")
    page.keyboard.press("Enter")
    page.wait_for_url("**/en/votes/45-1-123?party=Liberal")


@pytest.mark.parametrize("width", [360, 1440])
def test_without_scripts_everything_a_citizen_needs_still_works(
    site: Site, postal_code: str, width: int
) -> None:
    page = site.window(width=width, has_scripts=False)
    site.open(page, "/fr")
    page.locator("#postcode").fill(postal_code)
    page.locator("form:has(#postcode) button").click()
    page.wait_for_url("**/fr/my-representatives?postcode=*")
    page.locator(".card a", has_text="Aboultaif").first.click()
    page.wait_for_url("**/fr/members/ziad-aboultaif")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/fr/votes/*")
    page.locator(".subscribe .button").click()
    page.wait_for_url("**/fr/follow?*")
    page.locator("#email").fill(f"sans-script-{width}@example.org")
    page.locator("main button").click()
    expect(page.get_by_role("status")).to_contain_text("Un courriel est en route")
    site.open(page, "/fr")
    page.locator("#home-q").fill("défense")
    page.locator("form.box:has(#home-q) button").click()
    page.wait_for_url("**/fr/search?q=d*")
    page.locator(".hit a.row-title", has_text="C-11").first.click()
    page.wait_for_url("**/fr/bills/45-1-c-11")
    page.locator("#votes ~ ul a").first.click()
    page.wait_for_url("**/fr/votes/*")
    page.locator(".chips a", has_text="Bloc").click()
    page.wait_for_url("**party=Bloc*")
    expect(page.locator("#ballot-table tbody tr")).to_have_count(6)
    page.locator("a.twin").click()
    page.wait_for_url("**/en/votes/*party=*")
    site.open(page, "/en/bills")
    page.locator("#bill-type").select_option("private")
    page.locator(".filters button").click()
    page.wait_for_url("**type=private*")
    expect(page.locator(".row").first).to_be_visible()


def test_a_list_follows_its_filters_as_one_types(site: Site) -> None:
    page = site.window()
    site.open(page, "/en/bills")
    before = page.locator(".row").count()
    page.locator("#bill-q").type("National Defence")
    expect(page.locator(".row")).not_to_have_count(before)
    page.wait_for_url("**q=National+Defence*")
    expect(page.locator("a.twin")).to_have_attribute("href", re.compile(r"q=National\+Defence"))
    site.open(page, "/en/votes/45-1-123")
    page.locator("#narrow").type("boulerice")
    expect(page.locator("#ballot-table tbody tr:visible")).to_have_count(1)
    assert site.complaints == []


def test_the_theme_that_was_chosen_stays(site: Site) -> None:
    page = site.window(scheme="light")
    site.open(page, "/en")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-theme-switch]").click()
    site.open(page, "/en/bills")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_a_widget_stands_in_a_frame_of_another_site_and_a_page_does_not(
    site: Site, parliament: Platform
) -> None:
    page = site.window()
    html = (
        f"<iframe id=w src='{parliament.url}/en/widgets/vote/45-1-123'></iframe>"
        f"<iframe id=p src='{parliament.url}/en/votes/45-1-123'></iframe>"
    )
    with Served(HTMLResponse(html)) as blog:
        page.goto(blog.url)
        page.frame_locator("#w").get_by_text("Full record").wait_for()
        # Both frames have been decided on when the outer page has loaded: the refused one shows nothing.
        page.wait_for_load_state("load")
        assert page.frame_locator("#p").get_by_text("Every ballot").count() == 0
