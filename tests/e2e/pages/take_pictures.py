"""Takes the pictures of ``docs/pages.md`` from an installation that runs.

``python -m tests.e2e.pages.take_pictures http://127.0.0.1:8000 EMAIL PASSWORD``
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from shared.testing.packages import ensure_program

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "screenshots"
PAGES = {
    "home": "", "search": "/search?q=defence", "bills": "/bills", "bill": "/bills/45-1-c-11",
    "vote": "/votes/45-1-123", "members": "/members", "member": "/members/ziad-aboultaif/activity",
    "coverage": "/jurisdictions", "status": "/status", "console": "/admin",
}  # fmt: skip


def _sign_in(page: Page, url: str, login: str, password: str) -> None:
    page.goto(f"{url}/en/admin/sign-in")
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("main button").click()
    page.wait_for_url("**/en/admin")


def main(url: str, login: str, password: str) -> None:
    """Write every picture in both languages."""
    with sync_playwright() as playwright:
        program = ensure_program("chromium", "chromium")
        browser = playwright.chromium.launch(executable_path=str(program), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 960})
        page.set_default_timeout(120_000)
        _sign_in(page, url, login, password)
        for name, path in PAGES.items():
            for lang in ("en", "fr"):
                page.goto(f"{url}/{lang}{path}", wait_until="load")
                page.screenshot(path=FOLDER / f"{name}-{lang}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
