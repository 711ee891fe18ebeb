"""Getting an account, and back into it, through the API."""

from __future__ import annotations

from fastapi import APIRouter, Response

from hubs.security_hub.accounts.service import RESET, VERIFY, Registration
from hubs.security_hub.auth.dependencies import AuthServiceDep, OriginDep, PersonDep
from hubs.security_hub.auth.schemas import NO_STORE, SignInRead
from hubs.security_hub.signup.dependencies import SignupServiceDep
from hubs.security_hub.signup.schemas import Accepted, LinkForm, MailForm, PasswordForm, RegisterForm
from hubs.security_hub.throttle.dependencies import AddressDep
from shared.auth import Public

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post("/register", status_code=202, summary="Ask for an account; a link is mailed to the address")
def register(form: RegisterForm, signup: SignupServiceDep, address: AddressDep, _: Public) -> Accepted:
    wish = Registration(form.email, None, form.username, form.display_name, form.language)
    signup.register(wish, form.password, address)
    return Accepted()


@router.post("/verify", summary="Prove an address by the mailed link and the password, and sign in")
def verify(
    form: LinkForm,
    signup: SignupServiceDep,
    auth: AuthServiceDep,
    origin: OriginDep,
    response: Response,
    _: Public,
) -> SignInRead:
    proven = signup.verify(form.token, form.password, origin)
    response.headers.update(NO_STORE)
    return auth.complete(proven, origin)


@router.post("/verify/send", status_code=202, summary="Mail the link again, if the account needs one")
def send_verification(form: MailForm, signup: SignupServiceDep, address: AddressDep, _: Public) -> Accepted:
    signup.send_mail(form.login, address, VERIFY)
    return Accepted()


@router.post("/forgot-password", status_code=202, summary="Ask for a link to reset the password")
def forgot_password(form: MailForm, signup: SignupServiceDep, address: AddressDep, _: Public) -> Accepted:
    signup.send_mail(form.login, address, RESET)
    return Accepted()


@router.post("/reset-password", status_code=204, summary="Set a password by the mailed link; sessions end")
def reset_password(form: LinkForm, signup: SignupServiceDep, address: AddressDep, _: Public) -> None:
    signup.reset_password(form.token, form.password, address)


@router.post("/password", status_code=204, summary="Change the password; the other sessions end")
def change_password(form: PasswordForm, signup: SignupServiceDep, person: PersonDep) -> None:
    signup.change_password(person.user_id, form.current_password, form.new_password, person.session_id)
