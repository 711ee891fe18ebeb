"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hubs.security_hub.auth.dependencies import AuthServiceDep, OriginDep, PersonDep, SessionServiceDep
from hubs.security_hub.auth.schemas import NO_STORE, LoginForm, RefreshForm, SecondFactorForm, SignInRead
from shared.auth import Public
from shared.contracts.http.tokens import TokenRead

router = APIRouter()


@router.post("/login", summary="Sign in with a password")
def login(
    form: LoginForm, auth: AuthServiceDep, origin: OriginDep, response: Response, _: Public
) -> SignInRead:
    origin = origin._replace(device_token=form.device_token)
    proven = auth.prove_password(form.login, form.password, origin)
    response.headers.update(NO_STORE)
    return auth.complete(proven, origin, is_remembered=form.remember)


@router.post("/login/code", summary="Answer the challenge of a sign-in with a one-time or recovery code")
def login_with_code(
    form: SecondFactorForm, auth: AuthServiceDep, origin: OriginDep, response: Response, _: Public
) -> SignInRead:
    origin = origin._replace(device_token=form.device_token)
    proven = auth.prove_code(form.challenge, form.code, origin)
    response.headers.update(NO_STORE)
    return auth.complete(proven, origin, is_remembered=form.remember)


@router.post("/refresh", summary="Exchange a refresh token; the old one must not come again")
def refresh(form: RefreshForm, auth: AuthServiceDep, response: Response, _: Public) -> TokenRead:
    response.headers.update(NO_STORE)
    return auth.refresh(form.refresh_token)


@router.post("/logout", status_code=204, summary="End this session and what was granted in it")
def logout(person: PersonDep, sessions: SessionServiceDep) -> None:
    sessions.end(person.user_id, person.session_id)


@router.post("/logout/all", status_code=204, summary="End every session")
def logout_all(person: PersonDep, sessions: SessionServiceDep) -> None:
    sessions.end_all(person.user_id, "signed out everywhere", is_distrusted=True)
