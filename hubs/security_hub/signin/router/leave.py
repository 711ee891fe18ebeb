"""Signing out, on the person's wish or an application's (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.security_hub.auth.dependencies import SessionServiceDep
from hubs.security_hub.authorize.schemas import with_query
from hubs.security_hub.oauth.dependencies import OAuthServiceDep
from hubs.security_hub.oauth.service import OAuthService
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep
from hubs.security_hub.pages.service import Browser, Pages, form_source
from hubs.security_hub.sessions.service import SessionService
from shared.auth import Public

router = APIRouter(tags=["oauth"])
Text = Annotated[str, Query(max_length=4_096)]


def _end(browser: Browser, sessions: SessionService) -> None:
    if browser.live is not None:
        sessions.end(browser.live.user_id, browser.live.session_id)
    browser.sign_out()


def _leave(
    browser: Browser, pages: Pages, oauth: OAuthService, client_id: str, uri: str, state: str
) -> Response:
    target = oauth.logout_uri(client_id, uri)
    if target:
        return pages.go(browser, with_query(target, {"state": state or None}) if state else target)
    return pages.show(browser, "message", title="signout.title", text="signout.done")


def _client_of(hinted: str, client_id: str) -> str:
    """Return the client that asks; none when the hint and the parameter contradict each other."""
    return "" if hinted and client_id and hinted != client_id else hinted or client_id


@router.get("/oauth/logout", summary="End-session endpoint")
def show_leave(
    browser: BrowserDep,
    pages: PagesDep,
    oauth: OAuthServiceDep,
    sessions: SessionServiceDep,
    _: Public,
    id_token_hint: Annotated[str, Query(max_length=8_192)] = "",
    post_logout_redirect_uri: Text = "",
    client_id: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=1_000)] = "",
    logout_hint: Text = "",
    ui_locales: Text = "",
    lang: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    hinted, hinted_session = oauth.hinted_session(id_token_hint) if id_token_hint else ("", "")
    asking = _client_of(hinted, client_id)
    if browser.live is None:
        return _leave(browser, pages, oauth, asking, post_logout_redirect_uri, state)
    if hinted and _is(hinted_session, browser.live.session_id):
        _end(browser, sessions)
        return _leave(browser, pages, oauth, asking, post_logout_redirect_uri, state)
    # Without proof that the application knows this session, the person decides.
    target = oauth.logout_uri(asking, post_logout_redirect_uri)
    fields = {"client_id": asking or None, "post_logout_redirect_uri": target or None, "state": state or None}
    query = with_query("", fields).removeprefix("?")
    return pages.show(browser, "signout", form_to=[form_source(target)] if target else [], query=query)


@router.post("/oauth/logout", summary="Sign out")
def leave(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    oauth: OAuthServiceDep,
    sessions: SessionServiceDep,
    _: Public,
    post_logout_redirect_uri: Text = "",
    client_id: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[str, Query(max_length=1_000)] = "",
    lang: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    _end(browser, sessions)
    return _leave(browser, pages, oauth, client_id, post_logout_redirect_uri, state)


def _is(text: str, session_id: UUID) -> bool:
    return text == str(session_id)
