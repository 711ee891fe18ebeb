"""The pages in a real browser on the miniature Parliament: every width, both colours, keyboard alone, no scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from starlette.responses import HTMLResponse

from shared.testing.platform import Platform
from shared.testing.serving import Served
from tests.e2e.pages.visit import Site, audit, is_wider_than_window, press_until

PAGES = (
    "", "/search?q=defence", "/search?q=nothing+such+at+all", "/bills", "/bills/45-1-c-11", "/bills/45-1-c-11/compare",
    "/votes", "/votes/45-1-123", "/members", "/members/ziad-aboultaif", "/my-representatives",
    "/my-representatives?postcode=bad", "/debates", "/committees", "/councils", "/jurisdictions", "/data-sources",
    "/changes", "/developers", "/about", "/status", "/widgets?kind=vote&item=45-1-123", "/widgets/vote/45-1-123",
    "/widgets/bill/45-1-c-11",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_renders_without_complaint_and_asks_nobody_else(site: Site, lang: str, width: int) -> None:
    page = site.window(width=width)
    for path in PAGES:
        site.open(page, f"/{lang}{path}")
        assert page.locator("h1").count() == 1, path
        assert not is_wider_than_window(page), f"{path} is wider than {width}"
    assert site.complaints == []
    assert site.strangers == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_violates_the_accessibility_guidelines(site: Site, axe: str, scheme: str) -> None:
    page = site.window(width=1280, scheme=scheme)
    found = {}
    for lang, path in [("fr" if i % 2 else "en", p) for i, p in enumerate(PAGES)]:
        site.open(page, f"/{lang}{path}")
        if violations := audit(page, axe):
            found[f"/{lang}{path}"] = violations
    page = site.window(width=360, scheme=scheme)
    for path in ("", "/bills/45-1-c-11", "/votes/45-1-123", "/search?q=defence"):
        site.open(page, f"/fr{path}")
        if violations := audit(page, axe):
            found[f"/fr{path} at 360"] = violations
    response = page.goto(f"{site.url}/fr/rien")
    assert response is not None
    assert response.status == 404
    if violations := audit(page, axe):
        found["404"] = violations
    assert found == {}


@pytest.mark.parametrize(
    ("lang", "find", "recent", "switch"),
    [("en", "Find", "Recent votes", "Français"), ("fr", "Trouver", "Votes récents", "English")],
)
def test_the_keyboard_alone_leads_from_a_riding_to_its_members_last_vote(
    site: Site, lang: str, find: str, recent: str, switch: str
) -> None:
    page = site.window(width=1280)
    site.open(page, f"/{lang}")
    page.keyboard.press("Tab")
    assert "#content" in page.evaluate("document.activeElement.href")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "postcode"
    page.keyboard.type("T5T 3P7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-representatives?postcode=*")
    # The miniature Parliament's own record may hold this code or not: by riding it always goes.
    press_until(page, "Tab", "area")
    page.keyboard.type("Edmonton Manning")
    page.keyboard.press("Enter")
    page.wait_for_url("**area=Edmonton*")
    press_until(page, "Tab", "Aboultaif")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/members/ziad-aboultaif")
    assert recent in page.locator("h2").all_inner_texts()
    link = page.locator("#recent-votes ~ div a").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/votes/45-1-123")
    press_until(page, "Shift+Tab", switch)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{'fr' if lang == 'en' else 'en'}/votes/45-1-123")
    assert site.complaints == []


@pytest.mark.parametrize("width", [360, 1440])
def test_without_scripts_everything_a_citizen_needs_still_works(site: Site, width: int) -> None:
    page = site.window(width=width, has_scripts=False)
    site.open(page, "/fr")
    page.locator("#home-q").fill("défense")
    page.locator("form.box:has(#home-q) button").click()
    page.wait_for_url("**/fr/search?q=d*")
    assert page.locator(".hit").count() > 0
    page.locator(".hit a:has(.num)", has_text="C-11").first.click()
    page.wait_for_url("**/fr/bills/45-1-c-11")
    page.locator("#votes ~ ul a").first.click()
    page.wait_for_url("**/fr/votes/*")
    page.locator(".chips a", has_text="Bloc").click()
    assert page.locator("#ballot-table tbody tr").count() == 6
    page.locator("a.twin").click()
    assert page.locator("html").get_attribute("lang") == "en-CA"
    assert "party=" in page.url
    site.open(page, "/en/bills")
    page.locator("#bill-type").select_option("private")
    page.locator(".filters button").click()
    page.wait_for_url("**type=private*")
    assert page.locator(".row").count() > 0


def test_a_list_follows_its_filters_as_one_types(site: Site) -> None:
    page = site.window()
    site.open(page, "/en/bills")
    before = page.locator(".row").count()
    page.locator("#bill-q").type("National Defence")
    expect(page.locator(".row")).not_to_have_count(before)
    assert "q=National+Defence" in page.url
    assert "q=National+Defence" in (page.locator("a.twin").get_attribute("href") or "")
    site.open(page, "/en/votes/45-1-123")
    page.locator("#narrow").type("boulerice")
    visible = page.locator("#ballot-table tbody tr:visible")
    assert visible.count() <= 1
    assert site.complaints == []


def test_the_theme_that_was_chosen_stays(site: Site) -> None:
    page = site.window(scheme="light")
    site.open(page, "/en")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("[data-theme-switch]").click()
    site.open(page, "/en/bills")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_no_page_shifts_while_it_loads(site: Site) -> None:
    page = site.window(width=360)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
        " if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    for path in ("", "/bills", "/bills/45-1-c-11", "/votes/45-1-123", "/members", "/search?q=defence"):
        site.open(page, f"/en{path}")
        page.wait_for_timeout(150)
        assert page.evaluate("window.shift") < 0.01, path


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
        page.wait_for_timeout(500)
        assert page.frame_locator("#p").get_by_text("Every ballot").count() == 0
