"""One-time codes and recovery codes of the caller."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    FactorServiceDep,
    PasskeyServiceDep,
    PersonDep,
)
from hubs.security_hub.auth.schemas import NO_STORE, ReauthenticateForm
from hubs.security_hub.factors.schemas import CodeForm, FactorsRead, RecoveryCodes, TotpSetup

router = APIRouter(prefix="/factors")


@router.get("", summary="What protects my account besides the password")
def read_factors(person: PersonDep, factors: FactorServiceDep, passkeys: PasskeyServiceDep) -> FactorsRead:
    found = factors.read(person.user_id)
    return found.model_copy(update={"passkeys": len(passkeys.list(person.user_id))})


@router.post("/totp", status_code=201, summary="Get a secret for an authenticator; asks for the password")
def begin_totp(
    form: ReauthenticateForm,
    person: PersonDep,
    auth: AuthServiceDep,
    factors: FactorServiceDep,
    accounts: AccountServiceDep,
    response: Response,
) -> TotpSetup:
    auth.confirm_password(person.user_id, form.password)
    response.headers.update(NO_STORE)
    return factors.begin(person.user_id, accounts.get(person.user_id).email)


@router.post("/totp/confirm", summary="Show that the authenticator works; returns recovery codes, this once")
def confirm_totp(
    form: CodeForm, person: PersonDep, factors: FactorServiceDep, response: Response
) -> RecoveryCodes:
    response.headers.update(NO_STORE)
    return RecoveryCodes(codes=factors.confirm(person.user_id, form.code))


@router.post("/totp/remove", status_code=204, summary="Let the password suffice again; asks for it")
def remove_totp(
    form: ReauthenticateForm, person: PersonDep, auth: AuthServiceDep, factors: FactorServiceDep
) -> None:
    auth.confirm_password(person.user_id, form.password)
    factors.remove(person.user_id)


@router.post("/recovery-codes", summary="Replace the recovery codes; asks for the password")
def renew_codes(
    form: ReauthenticateForm,
    person: PersonDep,
    auth: AuthServiceDep,
    factors: FactorServiceDep,
    response: Response,
) -> RecoveryCodes:
    auth.confirm_password(person.user_id, form.password)
    response.headers.update(NO_STORE)
    return RecoveryCodes(codes=factors.renew_codes(person.user_id))
