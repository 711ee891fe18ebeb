"""The operator's console in a real browser: signed in, by keyboard, in both languages, at two widths."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from shared.testing.platform import Platform
from tests.e2e.pages.visit import Site, audit, is_wider_than_window, press_until

SECTIONS = (
    "hubs", "jobs", "runs", "sources", "schedules", "queues", "workers", "errors", "alerts", "silences", "audit",
    "decisions", "users", "roles", "clients", "keys", "config", "flags", "policies", "unmatched", "merges", "deliveries",
)  # fmt: skip


@pytest.fixture
def upstream(parliament: Platform) -> Iterator[httpx.Client]:
    address = (parliament.data_dir / "run" / "upstream").read_text().strip()
    with httpx.Client(base_url=address, trust_env=False) as control:
        yield control
        control.post("/_control/reset")


def sign_in(site: Site, page: Page, lang: str, account: tuple[str, str]) -> None:
    site.open(page, f"/{lang}/admin/sign-in")
    expect(page.locator("#login")).to_be_focused()
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
        page.wait_for_url(f"**/admin/{path}/*")
        found[f"{path}/…"] = audit(page, axe)
    assert {path: violations for path, violations in found.items() if violations} == {}
    assert site.complaints == []
    assert site.strangers == []


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize(
    ("lang", "start", "run", "refuse", "dropped"),
    [("en", "Start a scrape", "What it would change", "Refuse the run", "Dropped"),
     ("fr", "Lancer une moisson", "Ce qu’elle changerait", "Refuser l’importation", "Abandonnée")],
)  # fmt: skip
def test_a_scrape_is_started_watched_and_its_quarantined_run_refused_by_keyboard(
    site: Site, parliament: Platform, account: tuple[str, str], upstream: httpx.Client, lang: str, width: int,
    start: str, run: str, refuse: str, dropped: str,
) -> None:  # fmt: skip
    people = parliament.get("/api/v1/people", limit=100)["data"]
    gone = [i["value"] for p in people for i in p["identifiers"] if i["scheme"] == "ourcommons.ca/person"][
        :40
    ]
    for number in gone:
        upstream.post("/_control/changes", json={"change": "remove_member", "person_id": int(number)})
    page = site.window(width=width)
    sign_in(site, page, lang, account)
    site.open(page, f"/{lang}/admin/jobs")
    press_until(page, "Tab", start)
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/start-job*")
    expect(page.locator("#a-source_id")).to_be_focused()
    page.keyboard.type("ca-federal-mps")
    press_until(page, "Tab", "upstream")
    page.keyboard.type(str(upstream.base_url).rstrip("/"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/admin/jobs/0*")
    # Both pages follow what happens by themselves.
    expect(page.locator("dd a[href*='/admin/runs/']")).to_be_visible(timeout=90_000)
    press_until(page, "Tab", run)
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/runs/*")
    expect(page.get_by_role("link", name=refuse)).to_be_visible(timeout=90_000)
    # What would vanish is counted where what changes is.
    counted = page.locator("main table").first.locator("tbody tr").filter(has_text="40")
    expect(counted).to_have_count(1)
    press_until(page, "Tab", refuse)
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/refuse-run*")
    expect(page.locator("#a-reason")).to_be_focused()
    page.keyboard.type("forty members do not vanish overnight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{lang}/admin/runs")
    expect(page.locator("tbody tr").first).to_contain_text(dropped)
    assert len(parliament.get("/api/v1/people", limit=100)["data"]) == len(people)
    assert site.complaints == []


def test_a_policy_is_written_checked_and_kept_without_scripts(
    site: Site, account: tuple[str, str], axe: str
) -> None:
    page = site.window(width=360, has_scripts=False)
    sign_in(site, page, "en", account)
    name = f"try-{uuid4().hex[:8]}"
    site.open(page, "/en/admin/do/add-policy")
    root = f"trial/{name.replace('-', '_')}"
    for field, text in (("name", name), ("title_en", "Trial"), ("title_fr", "Essai"), ("root", root)):
        page.locator(f"#a-{field}").fill(text)
    page.locator("form.stack button").click()
    page.wait_for_url(f"**/admin/policies/{name}")
    page.get_by_role("link", name="Write a version").click()
    page.wait_for_url("**/edit")
    page.locator("#sources-0-text").fill(f"package {root.replace('/', '.')}\n\nallow := {{\n")
    page.get_by_role("button", name="Check and run the tests").click()
    expect(page.get_by_role("status")).to_contain_text("main.rego, row")
    package = root.replace("/", ".")
    page.locator("#sources-0-text").fill(f"package {package}\n\nimport rego.v1\n\ndefault allow := false\n")
    page.get_by_role("button", name="Check and run the tests").click()
    expect(page.get_by_role("status")).to_contain_text("1 passed, 0 failed")
    page.locator("#message").fill("The first")
    page.get_by_role("button", name="Keep as a version").click()
    page.wait_for_url(f"**/policies/{name}/versions/1")
    page.get_by_role("button", name="Run the tests").click()
    expect(page.locator(".verdict")).to_contain_text("1 passed, 0 failed")
    page.get_by_role("button", name="Ask for a review").click()
    expect(page.locator("dl.facts")).to_contain_text("In review")
    page.get_by_role("link", name="Write the next version").click()
    page.wait_for_url("**/edit?from=1")
    page.locator("#sources-0-text").fill(f"package {package}\n\nimport rego.v1\n\ndefault allow := true\n")
    page.get_by_role("button", name="Keep as a version").click()
    page.wait_for_url(f"**/policies/{name}/versions/2")
    page.locator("#impact-path").fill("openpolicy/gateway")
    page.get_by_role("button", name="Try on logged decisions").click()
    page.wait_for_url("**path=openpolicy*")
    site.open(page, f"/en/admin/policies/{name}/diff?from=1&to=2")
    expect(page.locator("ins")).to_contain_text("default allow := true")
    seeing = site.window(width=1280, scheme="dark")
    sign_in(site, seeing, "fr", account)
    found = {}
    for path in (name, f"{name}/edit", f"{name}/versions/2", f"{name}/diff?from=1&to=2"):
        site.open(seeing, f"/fr/admin/policies/{path}")
        found[path] = audit(seeing, axe)
    assert {path: faults for path, faults in found.items() if faults} == {}


def test_a_flag_is_made_tried_changed_and_brought_back(
    site: Site, account: tuple[str, str], axe: str
) -> None:
    page = site.window()
    sign_in(site, page, "fr", account)
    key = f"try-{uuid4().hex[:8]}"
    site.open(page, "/fr/admin/do/add-flag")
    for field, text in (("key", key), ("title_en", "Trial"), ("title_fr", "Essai"), ("reason", "essai")):
        page.locator(f"#a-{field}").fill(text)
    page.locator("form.stack button").click()
    page.wait_for_url(f"**/admin/flags/{key}")
    page.get_by_role("button", name="Interroger l’indicateur").click()
    expect(page.get_by_role("status")).to_contain_text("false")
    page.get_by_role("link", name="Changer l’indicateur").click()
    page.wait_for_url("**/do/set-flag?*")
    definition = page.locator("#a-definition")
    definition.fill(definition.input_value().replace('"default": "off"', '"default": "on"'))
    page.locator("#a-reason").fill("pour tous")
    page.locator("form.stack button").click()
    page.wait_for_url(f"**/admin/flags/{key}")
    page.get_by_role("button", name="Interroger l’indicateur").click()
    expect(page.get_by_role("status")).to_contain_text("true")
    assert audit(page, axe) == []
    page.get_by_role("link", name="Rétablir cette version").click()
    page.locator("#a-reason").fill("non")
    page.locator("form.stack button").click()
    page.wait_for_url(f"**/admin/flags/{key}")
    page.get_by_role("button", name="Interroger l’indicateur").click()
    expect(page.get_by_role("status")).to_contain_text("false")
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
