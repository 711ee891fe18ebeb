"""Passkeys: registering, signing in, forgetting."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    OriginDep,
    PasskeyServiceDep,
    PersonDep,
)
from hubs.security_hub.auth.schemas import NO_STORE, SignInRead
from hubs.security_hub.challenges.service import take_answer
from hubs.security_hub.passkeys.schemas import (
    PasskeyCreate,
    PasskeyList,
    PasskeyLogin,
    PasskeyQuestion,
    PasskeyRead,
)
from hubs.security_hub.passkeys.service import REGISTER
from shared.app import ResourcesDep
from shared.auth import Public

router = APIRouter(prefix="/passkeys")


@router.get("", summary="My passkeys")
def list_passkeys(person: PersonDep, passkeys: PasskeyServiceDep) -> PasskeyList:
    return PasskeyList(data=list(passkeys.list(person.user_id)))


@router.post("/options", summary="Ask to register a passkey")
def ask_to_register(
    person: PersonDep, passkeys: PasskeyServiceDep, accounts: AccountServiceDep
) -> PasskeyQuestion:
    user = accounts.get(person.user_id)
    return passkeys.ask_to_register(person.user_id, user.email, user.display_name)


@router.post("", status_code=201, summary="Register a passkey")
def register_passkey(
    form: PasskeyCreate, person: PersonDep, passkeys: PasskeyServiceDep, resources: ResourcesDep
) -> PasskeyRead:
    asked = take_answer(resources, form.challenge, REGISTER)
    return passkeys.register(person.user_id, asked, form.credential, form.name)


@router.delete("/{passkey_id}", status_code=204, summary="Forget a passkey")
def delete_passkey(passkey_id: UUID, person: PersonDep, passkeys: PasskeyServiceDep) -> None:
    passkeys.delete(person.user_id, passkey_id)


@router.post("/login/options", summary="Ask to sign in with a passkey")
def ask_to_sign_in(passkeys: PasskeyServiceDep, response: Response, _: Public) -> PasskeyQuestion:
    response.headers.update(NO_STORE)
    return passkeys.ask_to_sign_in()


@router.post("/login", summary="Sign in with a passkey")
def login_with_passkey(
    form: PasskeyLogin, auth: AuthServiceDep, origin: OriginDep, response: Response, _: Public
) -> SignInRead:
    proven = auth.prove_passkey(form.challenge, form.credential, origin.address)
    response.headers.update(NO_STORE)
    return auth.complete(proven, origin, is_remembered=form.remember)
