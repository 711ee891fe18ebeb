"""Registering, and what mailed links lead to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from hubs.security_hub.accounts.errors import BadAddress, BadLink
from hubs.security_hub.accounts.service import RESET, VERIFY, Registration
from hubs.security_hub.auth.dependencies import AuthServiceDep
from hubs.security_hub.auth.errors import BadCredentials
from hubs.security_hub.pages.dependencies import BrowserDep, FormFieldsDep, PagesDep
from hubs.security_hub.pages.service import Browser, Pages, say
from hubs.security_hub.passwords.errors import TooManyHashes, WeakPassword
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.signin.router.enter import enter, origin_of, problem_text
from hubs.security_hub.signup.dependencies import SignupServiceDep
from hubs.security_hub.throttle.errors import TooManyAttempts
from shared.app import Resources, ResourcesDep
from shared.auth import Public
from shared.core.errors import AppError

router = APIRouter()
_OPEN = {"x-open-query": True}
Token = Annotated[str, Query(max_length=200)]
Lang = Annotated[str, Query(max_length=5)]


def _min_length(resources: Resources) -> int:
    return SecuritySettings.of(resources.settings).passwords.min_length


def _text(browser: Browser, error: AppError) -> str:
    match error:
        case WeakPassword():
            return say(f"weak.{error.extensions['reason']}", browser.language)
        case BadAddress():
            return say("address.bad", browser.language)
        case _:
            return problem_text(browser, error)


def _link_form(
    pages: Pages,
    browser: Browser,
    resources: Resources,
    purpose: str,
    token: str,
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    length = _min_length(resources)
    return pages.show(
        browser, "link", status=status, purpose=purpose, token=token, min_length=length, problem=problem
    )


def _bad_link(pages: Pages, browser: Browser, purpose: str) -> Response:
    return pages.show(browser, "message", status=422, title=f"{purpose}.title", text="link.bad")


@router.get("/register", summary="Page to ask for an account")
def show_register(
    browser: BrowserDep, pages: PagesDep, resources: ResourcesDep, _: Public, lang: Lang = ""
) -> Response:
    return pages.show(browser, "register", email="", display_name="", min_length=_min_length(resources))


@router.post("/register", summary="Ask for an account", openapi_extra=_OPEN)
def register(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    signup: SignupServiceDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    email, name = fields.get("email", ""), fields.get("display_name", "")[:200]
    wish = Registration(email, None, display_name=name, language=browser.language)
    try:
        signup.register(wish, fields.get("password", ""), browser.address)
    except (WeakPassword, BadAddress, TooManyAttempts, TooManyHashes) as error:
        return pages.show(
            browser,
            "register",
            status=error.status,
            email=email[:254],
            display_name=name,
            min_length=_min_length(resources),
            problem=_text(browser, error),
        )
    return pages.show(browser, "sent")


@router.get("/forgot", summary="Page to ask for a link to reset the password")
def show_forgot(browser: BrowserDep, pages: PagesDep, _: Public, lang: Lang = "") -> Response:
    return pages.show(browser, "forgot")


@router.post("/forgot", summary="Ask for a link to reset the password", openapi_extra=_OPEN)
def forgot(
    fields: FormFieldsDep, browser: BrowserDep, pages: PagesDep, signup: SignupServiceDep, _: Public
) -> Response:
    try:
        signup.send_mail(fields.get("login", "")[:254], browser.address, RESET)
    except TooManyAttempts as error:
        return pages.show(browser, "forgot", status=error.status, problem=_text(browser, error))
    return pages.show(browser, "sent")


@router.get("/verify", summary="Page that a link to prove an address leads to")
def show_verify(
    browser: BrowserDep,
    pages: PagesDep,
    resources: ResourcesDep,
    _: Public,
    token: Token = "",
    lang: Lang = "",
) -> Response:
    return _link_form(pages, browser, resources, VERIFY, token)


@router.post("/verify", summary="Prove an address and sign in", openapi_extra=_OPEN)
def verify(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    signup: SignupServiceDep,
    auth: AuthServiceDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    token, password = fields.get("token", "")[:200], fields.get("password", "")
    try:
        proven = signup.verify(token, password[: auth.longest_password + 1], origin_of(browser))
    except BadLink:
        return _bad_link(pages, browser, VERIFY)
    except BadCredentials as error:
        problem = say("verify.wrong", browser.language)
        return _link_form(pages, browser, resources, VERIFY, token, status=error.status, problem=problem)
    except (TooManyAttempts, TooManyHashes) as error:
        problem = _text(browser, error)
        return _link_form(pages, browser, resources, VERIFY, token, status=error.status, problem=problem)
    return enter(auth, pages, browser, proven, "", is_remembered=False)


@router.get("/reset", summary="Page that a link to reset the password leads to")
def show_reset(
    browser: BrowserDep,
    pages: PagesDep,
    resources: ResourcesDep,
    _: Public,
    token: Token = "",
    lang: Lang = "",
) -> Response:
    return _link_form(pages, browser, resources, RESET, token)


@router.post("/reset", summary="Set a new password", openapi_extra=_OPEN)
def reset(
    fields: FormFieldsDep,
    browser: BrowserDep,
    pages: PagesDep,
    signup: SignupServiceDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    token = fields.get("token", "")[:200]
    try:
        signup.reset_password(token, fields.get("password", ""), browser.address)
    except BadLink:
        return _bad_link(pages, browser, RESET)
    except (WeakPassword, TooManyHashes) as error:
        problem = _text(browser, error)
        return _link_form(pages, browser, resources, RESET, token, status=error.status, problem=problem)
    browser.sign_out()
    return pages.show(browser, "message", title="reset.title", text="reset.done")
