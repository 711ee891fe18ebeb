"""A visitor: opens pages, remembers what the browser complained about and whom it asked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

_COUNT_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""


class Site:
    """One installation, seen through browser windows of chosen width, colours and abilities."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._contexts: list[BrowserContext] = []

    def window(
        self, *, width: int = 1280, scheme: str = "light", has_scripts: bool = True, **more: Any
    ) -> Page:
        """Return a new window."""
        context = self._browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=has_scripts,
            **more,
        )
        self._contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_init_script(_COUNT_SHIFTS)
        page = context.new_page()
        page.on(
            "console",
            lambda m: (
                self.complaints.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None
            ),
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        own = urlsplit(self.url).netloc
        page.on(
            "request",
            lambda r: self.strangers.append(r.url) if urlsplit(r.url).netloc not in (own, "") else None,
        )
        return page

    def open(self, page: Page, path: str) -> None:
        """Open a path and wait until it stands still."""
        answer = page.goto(self.url + path, wait_until="load")
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def close(self) -> None:
        """Close every window."""
        for context in self._contexts:
            context.close()


def is_wider_than_window(page: Page) -> bool:
    """Tell whether the page must be scrolled sideways."""
    found: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return found


def layout_shift(page: Page) -> float:
    """Return the page's cumulative layout shift once it has been painted."""
    # Two frames after the load everything that moves by itself has moved, and the observer knows.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: float = page.evaluate("window.shifted")
    return found


def press_until(page: Page, key: str, text: str, most: int = 120) -> None:
    """Press a key until the focused element bears a text.

    Raises: AssertionError when it is never reached.
    """
    for _ in range(most):
        page.keyboard.press(key)
        if text in page.evaluate(
            "(document.activeElement.matches('a,button,summary') ? document.activeElement.innerText : '')"
            " + ' ' + (document.activeElement.name || '') + ' ' +"
            "(document.activeElement.labels && document.activeElement.labels[0] ?"
            " document.activeElement.labels[0].innerText : '')"
        ):
            return
    raise AssertionError(f"{text!r} cannot be reached with {key}")


def audit(page: Page, axe: str) -> list[str]:
    """Return the WCAG 2.2 A and AA violations that the engine finds."""
    # Evaluated through the debugger: the page's own policy would refuse an inserted script.
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.html).slice(0, 3).join(' | ')))"
    )
    return list(found)
