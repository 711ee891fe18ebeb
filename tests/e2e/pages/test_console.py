"""The operator's console in a real browser: signed in, by keyboard, in both languages, at two widths."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from shared.testing.platform import Platform
from tests.e2e.pages.visit import Site, audit, is_wider_than_window, press_until

EMAIL, PASSWORD = "console@example.org", "correct horse battery staple 7"
SECTIONS = (
    "hubs", "jobs", "runs", "sources", "schedules", "queues", "workers", "errors", "alerts", "silences", "audit",
    "decisions", "users", "roles", "clients", "keys", "config", "flags", "unmatched", "merges", "deliveries",
)  # fmt: skip


@pytest.fixture(scope="session")
def account(parliament: Platform) -> tuple[str, str]:
    subprocess.run(
        [sys.executable, "-m", "hubs.security_hub.admin", "create", "--email", EMAIL],
        env={**os.environ, "OP_DATA_DIR": str(parliament.data_dir), "OP_NEW_PASSWORD": PASSWORD},
        check=False,  # an installation that runs already may have it from before
        capture_output=True,
    )
    return EMAIL, PASSWORD


@pytest.fixture
def upstream(parliament: Platform) -> Iterator[httpx.Client]:
    address = (parliament.data_dir / "run" / "upstream").read_text().strip()
    with httpx.Client(base_url=address, trust_env=False) as control:
        yield control
        control.post("/_control/reset")


def sign_in(site: Site, page: Page, lang: str, account: tuple[str, str]) -> None:
    site.open(page, f"/{lang}/admin/sign-in")
    page.locator("#login").focus()
    page.keyboard.type(account[0])
    page.keyboard.press("Tab")
    page.keyboard.type(account[1])
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/admin")


def test_who_is_not_signed_in_is_led_to_the_form_and_back(site: Site, account: tuple[str, str]) -> None:
    page = site.window()
    page.goto(f"{site.url}/fr/admin/queues")
    assert page.url.endswith("/fr/admin/sign-in?next=/fr/admin/queues")
    page.locator("#login").fill(account[0])
    page.locator("#password").fill("not the password")
    page.locator("main button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    site.complaints.clear()  # the browser remarks that the sign-in was refused, and so it was
    page.locator("#login").fill(account[0])
    page.locator("#password").fill(account[1])
    page.locator("main button").click()
    page.wait_for_url("**/fr/admin/queues")
    cookie = next(c for c in page.context.cookies() if c["name"] == "op_console")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    page.get_by_role("button", name="Se déconnecter").click()
    page.wait_for_url("**/fr/admin/sign-in")
    page.goto(f"{site.url}/fr/admin/queues")
    assert "sign-in" in page.url
    assert site.complaints == []


@pytest.mark.parametrize(("lang", "width", "scheme"), [("en", 1440, "light"), ("fr", 360, "dark")])
def test_every_section_renders_is_accessible_and_asks_nobody_else(
    site: Site, account: tuple[str, str], axe: str, lang: str, width: int, scheme: str
) -> None:
    page = site.window(width=width, scheme=scheme)
    found = {"sign-in": audit(page, axe)} if page.goto(f"{site.url}/{lang}/admin/sign-in") else {}
    sign_in(site, page, lang, account)
    for path in ("", *(f"/{name}" for name in SECTIONS), "/do/start-job", "/do/add-silence", "/audit/proof"):
        site.open(page, f"/{lang}/admin{path}")
        assert not is_wider_than_window(page), path
        found[path] = audit(page, axe)
    for path in ("jobs", "runs", "queues", "audit"):
        site.open(page, f"/{lang}/admin/{path}")
        page.locator("tbody th a").first.click()
        page.wait_for_load_state()
        found[f"{path}/…"] = audit(page, axe)
    assert {path: violations for path, violations in found.items() if violations} == {}
    assert site.complaints == []
    assert site.strangers == []


@pytest.mark.parametrize(
    ("lang", "start", "refuse", "dropped"),
    [("en", "Start a scrape", "Refuse the run", "Dropped"),
     ("fr", "Lancer une moisson", "Refuser l’importation", "Abandonnée")],
)  # fmt: skip
def test_a_scrape_is_started_watched_and_its_quarantined_run_refused_by_keyboard(
    site: Site, parliament: Platform, account: tuple[str, str], upstream: httpx.Client, lang: str, start: str,
    refuse: str, dropped: str,
) -> None:  # fmt: skip
    people = parliament.get("/api/v1/people", limit=100)["data"]
    gone = [i["value"] for p in people for i in p["identifiers"] if i["scheme"] == "ourcommons.ca/person"][
        :40
    ]
    for number in gone:
        upstream.post("/_control/changes", json={"change": "remove_member", "person_id": int(number)})
    page = site.window(width=1280)
    sign_in(site, page, lang, account)
    site.open(page, f"/{lang}/admin/jobs")
    press_until(page, "Tab", start)
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/start-job*")
    press_until(page, "Tab", "source_id")
    page.keyboard.type("ca-federal-mps")
    press_until(page, "Tab", "upstream")
    page.keyboard.type(str(upstream.base_url).rstrip("/"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/admin/jobs/0*")
    # The page follows the job by itself until the run is held.
    link = page.locator("dd a[href*='/admin/runs/']")
    expect(link).to_be_visible(timeout=90_000)
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/runs/*")
    for _ in range(60):
        if page.get_by_role("link", name=refuse).count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
    press_until(page, "Tab", refuse)
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/refuse-run*")
    press_until(page, "Tab", "reason")
    page.keyboard.type("forty members do not vanish overnight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/admin/runs")
    expect(page.locator("tbody tr").first).to_contain_text(dropped)
    assert len(parliament.get("/api/v1/people", limit=100)["data"]) == len(people)
    assert site.complaints == []


def test_a_form_of_another_session_or_site_changes_nothing(site: Site, account: tuple[str, str]) -> None:
    page = site.window()
    sign_in(site, page, "en", account)
    request = page.context.request
    forged = {"csrf": "guessed", "source_id": "ca-federal-mps", "confirmed": "yes"}
    assert request.post(f"{site.url}/en/admin/do/start-job", form=forged).status == 403
    csrf = page.locator("input[name=csrf]").first.get_attribute("value") or ""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    own = {**forged, "csrf": csrf}
    assert request.post(f"{site.url}/en/admin/do/start-job", form=own, headers=headers).status == 403
    # What is dangerous is asked for twice even with scripts off.
    asked = request.post(
        f"{site.url}/en/admin/do/rotate-keys", form={"csrf": csrf}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert asked.status == 200
    assert "This takes effect at once" in asked.text()
