"""One's own account in a browser: sessions, applications, one-time codes, passkeys."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    FactorServiceDep,
    PasskeyServiceDep,
    SessionServiceDep,
)
from hubs.security_hub.auth.errors import BadCredentials, NoSession
from hubs.security_hub.authorize.dependencies import AuthorizeServiceDep
from hubs.security_hub.clients.dependencies import ClientServiceDep
from hubs.security_hub.factors.errors import CodeNotConfirmed
from hubs.security_hub.factors.schemas import TotpSetup
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep
from hubs.security_hub.pages.service import Browser, Pages, say
from hubs.security_hub.sessions.service import Live
from hubs.security_hub.signin.router.enter import problem_text
from hubs.security_hub.throttle.errors import TooManyAttempts
from shared.auth import Public

router = APIRouter(prefix="/account")
_OPEN = {"x-open-query": True}
_HOME = "/signin/account"


def _live(browser: BrowserDep) -> Live:
    if browser.live is None:
        raise NoSession("sign in first")
    return browser.live


LiveDep = Annotated[Live, Depends(_live)]
"""Access: a browser with a session that counts."""


class _Account:
    """The account page, shown whole after every change."""

    def __init__(
        self,
        browser: BrowserDep,
        pages: PagesDep,
        accounts: AccountServiceDep,
        sessions: SessionServiceDep,
        clients: ClientServiceDep,
        factors: FactorServiceDep,
        passkeys: PasskeyServiceDep,
    ) -> None:
        self._browser = browser
        self._pages = pages
        self._accounts = accounts
        self._sessions = sessions
        self._clients = clients
        self._factors = factors
        self._passkeys = passkeys

    def show(self, live: Live, *, status: int = 200, problem: str = "") -> Response:
        grants = []
        for client_id in dict.fromkeys(g.client_id for g in self._sessions.list_grants(live.user_id)):
            client = self._clients.find(client_id)
            names = (client.name_en, client.name_fr) if client else (client_id, client_id)
            grants.append({"client_id": client_id, "name": names[0 if self._browser.language == "en" else 1]})
        return self._pages.show(
            self._browser,
            "account",
            status=status,
            user=self._accounts.get(live.user_id),
            sessions=self._sessions.list(live.user_id, live.session_id),
            grants=grants,
            factors=self._factors.read(live.user_id),
            passkeys=self._passkeys.list(live.user_id),
            problem=problem,
        )


AccountPageDep = Annotated[_Account, Depends(_Account)]


def _totp_page(
    pages: Pages, browser: Browser, setup: TotpSetup, *, status: int = 200, problem: str = ""
) -> Response:
    groups = [setup.secret[i : i + 4] for i in range(0, len(setup.secret), 4)]
    return pages.show(
        browser, "totp", status=status, grouped=" ".join(groups), uri=setup.uri, problem=problem
    )


@router.get("", summary="Account page")
def show_account(
    browser: BrowserDep,
    pages: PagesDep,
    page: AccountPageDep,
    _: Public,
    lang: Annotated[str, Query(max_length=5)] = "",
) -> Response:
    return page.show(browser.live) if browser.live else pages.go(browser, f"/signin?next={_HOME}")


@router.post("/sessions/{session_id}", summary="End one of my sessions", openapi_extra=_OPEN)
def end_session(
    session_id: UUID,
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    sessions: SessionServiceDep,
    _: Public,
) -> Response:
    sessions.end(live.user_id, session_id)
    return pages.go(browser, _HOME)


@router.post("/grants/{client_id}", summary="Let an application act for me no more", openapi_extra=_OPEN)
def withdraw(
    client_id: str,
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    authorize: AuthorizeServiceDep,
    _: Public,
) -> Response:
    authorize.withdraw(live.user_id, client_id)
    return pages.go(browser, _HOME)


@router.post("/passkeys/{passkey_id}", summary="Forget a passkey", openapi_extra=_OPEN)
def forget_passkey(
    passkey_id: UUID,
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    passkeys: PasskeyServiceDep,
    _: Public,
) -> Response:
    passkeys.delete(live.user_id, passkey_id)
    return pages.go(browser, _HOME)


@router.post("/totp", summary="Set up one-time codes", openapi_extra=_OPEN)
def begin_totp(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    page: AccountPageDep,
    auth: AuthServiceDep,
    accounts: AccountServiceDep,
    factors: FactorServiceDep,
    _: Public,
) -> Response:
    try:
        auth.confirm_password(live.user_id, fields.get("password", "")[: auth.longest_password + 1])
    except (BadCredentials, TooManyAttempts) as error:
        return page.show(live, status=error.status, problem=problem_text(browser, error))
    return _totp_page(pages, browser, factors.begin(live.user_id, accounts.get(live.user_id).email))


@router.post("/totp/confirm", summary="Turn one-time codes on", openapi_extra=_OPEN)
def confirm_totp(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    accounts: AccountServiceDep,
    factors: FactorServiceDep,
    _: Public,
) -> Response:
    try:
        codes = factors.confirm(live.user_id, fields.get("code", "").replace(" ", "")[:12])
    except CodeNotConfirmed as error:
        setup = factors.pending(live.user_id, accounts.get(live.user_id).email)
        problem = say("code.wrong", browser.language)
        return _totp_page(pages, browser, setup, status=error.status, problem=problem)
    return pages.show(browser, "codes", codes=codes)


@router.post("/totp/remove", summary="Turn one-time codes off", openapi_extra=_OPEN)
def remove_totp(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    live: LiveDep,
    page: AccountPageDep,
    auth: AuthServiceDep,
    factors: FactorServiceDep,
    _: Public,
) -> Response:
    try:
        auth.confirm_password(live.user_id, fields.get("password", "")[: auth.longest_password + 1])
    except (BadCredentials, TooManyAttempts) as error:
        return page.show(live, status=error.status, problem=problem_text(browser, error))
    factors.remove(live.user_id)
    return pages.go(browser, _HOME)
