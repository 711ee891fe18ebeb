"""Which browser asks, and whether its form is one of ours."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from hubs.security_hub.pages.errors import ForeignForm
from hubs.security_hub.pages.service import LANGUAGE, SESSION, Browser, Pages, cookie_name
from hubs.security_hub.pages.words import preferred
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.throttle.dependencies import AddressDep
from hubs.security_hub.vault.service import Vault
from shared.app import ResourcesDep
from shared.core.errors import BadRequest
from shared.db.session import transaction

_YEAR_S = 365 * 86_400
_MAX_FORM = 65_536


def find_browser(request: Request, resources: ResourcesDep, address: AddressDep) -> Browser:
    """Return the browser that asks, with its session if that counts."""
    is_secure = urlsplit(resources.settings.issuer).scheme == "https"
    chosen = request.query_params.get("lang") or request.query_params.get("ui_locales", "")[:2]
    kept = request.cookies.get(cookie_name(LANGUAGE, is_secure), "")
    language = next((code for code in (chosen, kept) if code in ("en", "fr")), None)
    browser = Browser(
        language=language or preferred(request.headers.get("accept-language", "")),  # type: ignore[arg-type]
        cookies=dict(request.cookies),
        url=str(request.url),
        address=address,
        user_agent=request.headers.get("user-agent", ""),
        is_secure=is_secure,
        key=resources.get(Vault).derive("forms"),
    )
    if chosen in ("en", "fr") and chosen != kept:
        browser.given[LANGUAGE] = (chosen, _YEAR_S)
    if cookie := browser.cookie(SESSION):
        with transaction(resources.sessionmaker) as session:
            browser.live = build_sessions(session, resources).find_by_cookie(cookie[:200])
    return browser


async def read_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form; of a field that comes twice, the first.

    Raises: BadRequest when it is no form, or too large.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/x-www-form-urlencoded" or len(body) > _MAX_FORM:
        raise BadRequest("expected a form of at most 64 KiB")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=60, errors="strict")
    except (ValueError, UnicodeError):
        raise BadRequest("the form cannot be read") from None
    return {name: value.replace("\0", "") for name, value in reversed(pairs)}


def _is_ours(request: Request, resources: ResourcesDep) -> bool:
    """Tell whether the browser says that a form comes from one of our own pages."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    return origin in SecuritySettings.of(resources.settings).page_origins


def checked_form(
    request: Request,
    resources: ResourcesDep,
    browser: Annotated[Browser, Depends(find_browser)],
    fields: Annotated[dict[str, str], Depends(read_fields)],
) -> dict[str, str]:
    """Return the fields of a form of ours.

    Raises: ForeignForm for any other.
    """
    if not _is_ours(request, resources) or not browser.may_submit(fields.get("csrf", "")):
        raise ForeignForm("the form was open too long or came from another site")
    return fields


def checked_script(
    request: Request, resources: ResourcesDep, browser: Annotated[Browser, Depends(find_browser)]
) -> Browser:
    """Return the browser whose own script asks.

    Raises: ForeignForm for anybody else.
    """
    if not _is_ours(request, resources) or not browser.may_submit(request.headers.get("x-csrf-token", "")):
        raise ForeignForm("the page was open too long or the request came from another site")
    return browser


def _pages(resources: ResourcesDep) -> Pages:
    return resources.get(Pages)


BrowserDep = Annotated[Browser, Depends(find_browser)]
ScriptDep = Annotated[Browser, Depends(checked_script)]
FormFieldsDep = Annotated[dict[str, str], Depends(checked_form)]
PagesDep = Annotated[Pages, Depends(_pages)]
