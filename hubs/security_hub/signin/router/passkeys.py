"""The two requests that the script of the pages makes for a passkey."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    PasskeyServiceDep,
)
from hubs.security_hub.auth.errors import NoSession
from hubs.security_hub.challenges.service import take_answer
from hubs.security_hub.pages.dependencies import ScriptDep
from hubs.security_hub.pages.service import Browser, safe_next
from hubs.security_hub.passkeys.schemas import PasskeyCreate, PasskeyLogin, PasskeyQuestion
from hubs.security_hub.passkeys.service import REGISTER
from hubs.security_hub.signin.router.enter import origin_of
from shared.app import ResourcesDep
from shared.auth import Public
from shared.http.json import dumps

router = APIRouter()


def _user(browser: ScriptDep) -> UUID:
    if browser.live is None:
        raise NoSession("the session has ended")
    return browser.live.user_id


UserDep = Annotated[UUID, Depends(_user)]


def _next(browser: Browser, path: str) -> Response:
    return browser.dress(Response(dumps({"next": safe_next(path)}), media_type="application/json"))


@router.post("/passkey/options", summary="Ask the browser for a passkey")
def ask(browser: ScriptDep, passkeys: PasskeyServiceDep, _: Public) -> PasskeyQuestion:
    return passkeys.ask_to_sign_in()


@router.post("/passkey", summary="Sign in with the browser's passkey")
def answer(
    form: PasskeyLogin,
    browser: ScriptDep,
    auth: AuthServiceDep,
    _: Public,
    next: Annotated[str, Query(max_length=8_000)] = "",
) -> Response:
    proven = auth.prove_passkey(form.challenge, form.credential, browser.address)
    signed_in = auth.open_session(proven, origin_of(browser), is_remembered=form.remember)
    browser.sign_in(signed_in.opened, signed_in.device_token, is_remembered=form.remember)
    return _next(browser, next)


@router.post("/account/passkeys/options", summary="Ask the browser for a new passkey")
def ask_new(
    user_id: UserDep, passkeys: PasskeyServiceDep, accounts: AccountServiceDep, _: Public
) -> PasskeyQuestion:
    user = accounts.get(user_id)
    return passkeys.ask_to_register(user_id, user.email, user.display_name)


@router.post("/account/passkeys", summary="Keep the browser's new passkey")
def keep_new(
    form: PasskeyCreate,
    user_id: UserDep,
    browser: ScriptDep,
    passkeys: PasskeyServiceDep,
    resources: ResourcesDep,
    _: Public,
) -> Response:
    asked = take_answer(resources, form.challenge, REGISTER)
    passkeys.register(user_id, asked, form.credential, form.name)
    return _next(browser, "")
