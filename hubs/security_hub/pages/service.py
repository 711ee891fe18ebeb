"""Rendering: templates, words, and the headers that keep a page from being framed, scripted or cached."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from hubs.security_hub.pages.words import Language, say
from hubs.security_hub.sessions.service import Live, Opened
from shared.app import Resources
from shared.settings import HubSettings

SESSION, BEFORE, DEVICE, LANGUAGE = "op_session", "op_before", "op_device", "op_lang"
_YEAR_S = 365 * 86_400
_PATHS = ("/oauth/authorize?", "/signin/account", "/oauth/logout")
DEFAULT_NEXT = "/signin/account"

__all__ = [
    "BEFORE",
    "DEFAULT_NEXT",
    "DEVICE",
    "LANGUAGE",
    "SESSION",
    "Browser",
    "Pages",
    "asset",
    "cookie_name",
    "form_source",
    "open_pages",
    "page_headers",
    "safe_next",
    "say",
]


@dataclass
class Browser:
    """The browser that asks: its language, its session, and the cookies it is to be given."""

    language: Language
    cookies: dict[str, str]
    url: str
    address: str
    user_agent: str
    is_secure: bool
    key: bytes = field(repr=False)
    live: Live | None = None
    given: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    def cookie(self, name: str) -> str:
        """Return a cookie the browser sent, or is about to get."""
        if name in self.given:
            return self.given[name][0]
        return self.cookies.get(cookie_name(name, self.is_secure), "")

    @property
    def csrf(self) -> str:
        """Return what a form of this browser must carry; bound to a cookie that no other site can read or
        set.
        """
        if len(self.cookie(BEFORE)) < 20:
            self.given[BEFORE] = (secrets.token_urlsafe(24), None)
        return self._mac(self.cookie(BEFORE))

    def may_submit(self, csrf: str) -> bool:
        """Tell whether a form came from a page of ours in this browser."""
        before = self.cookies.get(cookie_name(BEFORE, self.is_secure), "")
        return bool(before) and hmac.compare_digest(csrf.encode(), self._mac(before).encode())

    def sign_in(self, opened: Opened, device_token: str, *, is_remembered: bool) -> None:
        """Give the browser a fresh session, and a fresh secret for its forms."""
        lifetime = 30 * 86_400 if is_remembered else None
        self.given[SESSION] = (opened.cookie, lifetime)
        self.given[DEVICE] = (device_token, _YEAR_S)
        self.given[BEFORE] = (secrets.token_urlsafe(24), None)

    def sign_out(self) -> None:
        """Take the session away."""
        self.given[SESSION] = ("", 0)

    def dress(self, response: Response) -> Response:
        """Put the cookies on a response."""
        for name, (value, max_age) in self.given.items():
            response.set_cookie(
                cookie_name(name, self.is_secure),
                value,
                max_age=max_age,
                path="/",
                secure=self.is_secure,
                httponly=True,
                samesite="lax",
            )
        return response

    def _mac(self, before: str) -> str:
        return hmac.new(self.key, f"{before}\0{self.cookie(SESSION)}".encode(), hashlib.sha256).hexdigest()


def cookie_name(name: str, is_secure: bool) -> str:
    """Return a cookie's name; over TLS with the prefix that keeps other hosts and paths from setting it."""
    return f"__Host-{name}" if is_secure else name


@cache
def _environment() -> Any:
    # Loaded with the first page: most requests to this hub are none.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("hubs.security_hub.pages", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@cache
def asset(name: str) -> bytes:
    """Return a style sheet or script of ours."""
    return (files("hubs.security_hub.pages") / name).read_bytes()


class Pages:
    """Our pages, in the language of the browser."""

    def __init__(self, settings: HubSettings) -> None:
        self._base = urlsplit(settings.issuer).path.rstrip("/")

    def show(
        self,
        browser: Browser,
        template: str,
        *,
        status: int = 200,
        form_to: Iterable[str] = (),
        **values: object,
    ) -> Response:
        """Return a page; ``form_to`` are the origins that its form may lead to besides ours."""
        language = browser.language

        def speak(key: str, **texts: object) -> str:
            return say(key, language, **texts)

        context: dict[str, object] = {
            "say": speak,
            "language": language,
            "base": self._base,
            "csrf": browser.csrf,
            "other_language_url": _in_other_language(browser.url, language),
            "problem": "",
            "notice": "",
            "next": "",
            **values,
        }
        body = _environment().get_template(f"{template}.html").render(context)
        response = Response(body, status, media_type="text/html; charset=utf-8")
        response.headers.update(page_headers(language, form_to))
        return browser.dress(response)

    def go(self, browser: Browser, url: str) -> Response:
        """Return a redirect that turns a POST into a GET."""
        response = RedirectResponse(
            url if "://" in url or ":" in url.partition("/")[0] else self._base + url, 303
        )
        response.headers.update({"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        return browser.dress(response)


def page_headers(language: Language, form_to: Iterable[str] = ()) -> dict[str, str]:
    """Return the headers of every page."""
    targets = " ".join(dict.fromkeys(["'self'", *form_to]))
    policy = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        f"form-action {targets}; frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Content-Language": language,
        "Cache-Control": "no-store",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        # Not no-referrer: browsers would then send "Origin: null" with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Vary": "Cookie, Accept-Language",
    }


def safe_next(path: str) -> str:
    """Return where to go after signing in: one of our own pages, whatever was asked for."""
    has_odd = any(ord(c) < 33 or ord(c) == 127 or c == "\\" for c in path)
    if has_odd or len(path) > 8_000 or not path.startswith(_PATHS):
        return DEFAULT_NEXT
    parts = urlsplit(path)
    return path if not parts.netloc and not parts.scheme else DEFAULT_NEXT


def form_source(uri: str) -> str:
    """Return a redirect URI's origin, or the scheme of an installed application, as a form-action source."""
    parts = urlsplit(uri)
    if parts.scheme in ("http", "https"):
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def _in_other_language(url: str, language: Language) -> str:
    parts = urlsplit(url)
    fields = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "lang"
    ]
    fields.append(("lang", "fr" if language == "en" else "en"))
    return f"{parts.path}?{urlencode(fields)}"


def open_pages(resources: Resources) -> None:
    """Make the process's pages; templates are read with the first one shown."""
    resources.put(Pages(resources.settings))
