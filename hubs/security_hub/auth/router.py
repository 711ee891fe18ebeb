"""Signing up, in and out through the API."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from hubs.security_hub.accounts.schemas import UserRead, UserUpdate
from hubs.security_hub.accounts.service import RESET, VERIFY, Registration
from hubs.security_hub.auth.dependencies import (
    AccountServiceDep,
    AuthServiceDep,
    OriginDep,
    PersonDep,
    RoleServiceDep,
    SessionServiceDep,
)
from hubs.security_hub.auth.schemas import (
    Accepted,
    LinkForm,
    LoginForm,
    MailForm,
    MeRead,
    PasswordForm,
    ReauthenticateForm,
    RefreshForm,
    RegisterForm,
    SignInRead,
)
from hubs.security_hub.auth.service import AuthService, Origin, Proven
from hubs.security_hub.sessions.schemas import GrantList, SessionList
from hubs.security_hub.throttle.dependencies import AddressDep
from shared.auth import Public
from shared.contracts.http.tokens import TokenRead

router = APIRouter(prefix="/api/v1/auth", tags=["auth"])
_NO_STORE = {"Cache-Control": "no-store"}


@router.post("/register", status_code=202, summary="Ask for an account")
def register(form: RegisterForm, auth: AuthServiceDep, address: AddressDep, _: Public) -> Accepted:
    """Mail a link to the address; the answer does not tell whether it has an account."""
    wish = Registration(form.email, None, form.username, form.display_name, form.language)
    auth.register(wish, form.password, address)
    return Accepted()


@router.post("/verify", summary="Prove an address by the mailed link, and sign in")
def verify(
    form: LinkForm, auth: AuthServiceDep, origin: OriginDep, response: Response, _: Public
) -> SignInRead:
    """Take the link and the password chosen with it."""
    return _signed_in(auth, auth.verify(form.token, form.password, origin), origin, response)


@router.post("/verify/send", status_code=202, summary="Mail the link again")
def send_verification(form: MailForm, auth: AuthServiceDep, address: AddressDep, _: Public) -> Accepted:
    """Mail another link, if the account needs one."""
    auth.send_mail(form.login, address, VERIFY)
    return Accepted()


@router.post("/login", summary="Sign in with a password")
def login(
    form: LoginForm, auth: AuthServiceDep, origin: OriginDep, response: Response, _: Public
) -> SignInRead:
    """Open a session and return its first tokens."""
    origin = origin._replace(device_token=form.device_token)
    proven = auth.prove_password(form.login, form.password, origin)
    return _signed_in(auth, proven, origin, response, is_remembered=form.remember)


@router.post("/refresh", summary="Exchange a refresh token")
def refresh(form: RefreshForm, auth: AuthServiceDep, response: Response, _: Public) -> TokenRead:
    """Return a new access token and the next refresh token; the old one must not come again."""
    response.headers.update(_NO_STORE)
    return auth.refresh(form.refresh_token)


@router.post("/logout", status_code=204, summary="End this session")
def logout(person: PersonDep, sessions: SessionServiceDep) -> None:
    """End the caller's session and what was granted in it."""
    sessions.end(person.user_id, person.session_id)


@router.post("/logout/all", status_code=204, summary="End every session")
def logout_all(person: PersonDep, sessions: SessionServiceDep) -> None:
    """End every session of the caller, this one included."""
    sessions.end_all(person.user_id, "signed out everywhere", is_distrusted=True)


@router.post("/forgot-password", status_code=202, summary="Ask for a link to reset the password")
def forgot_password(form: MailForm, auth: AuthServiceDep, address: AddressDep, _: Public) -> Accepted:
    """Mail a link, if there is such an account."""
    auth.send_mail(form.login, address, RESET)
    return Accepted()


@router.post("/reset-password", status_code=204, summary="Set a password by the mailed link")
def reset_password(form: LinkForm, auth: AuthServiceDep, address: AddressDep, _: Public) -> None:
    """Set the password; every session ends."""
    auth.reset_password(form.token, form.password, address)


@router.post("/password", status_code=204, summary="Change the password")
def change_password(form: PasswordForm, auth: AuthServiceDep, person: PersonDep) -> None:
    """Replace the password; the other sessions end."""
    auth.change_password(person.user_id, form.current_password, form.new_password, person.session_id)


@router.get("/me", summary="Who am I, and what may I do")
def read_me(
    person: PersonDep, accounts: AccountServiceDep, roles: RoleServiceDep, response: Response
) -> MeRead:
    """Return the caller's account and rights."""
    response.headers.update(_NO_STORE)
    rights = roles.rights_of(person.user_id)
    return MeRead(**accounts.get(person.user_id).model_dump(), permissions=sorted(rights.permissions))


@router.patch("/me", summary="Change my name or language")
def update_me(form: UserUpdate, person: PersonDep, accounts: AccountServiceDep) -> UserRead:
    """Change what people may change about themselves."""
    return accounts.update(person.user_id, form)


@router.post("/me/delete", status_code=204, summary="End my account for good")
def delete_me(
    form: ReauthenticateForm,
    person: PersonDep,
    auth: AuthServiceDep,
    accounts: AccountServiceDep,
    sessions: SessionServiceDep,
) -> None:
    """Remove what names the caller; asks for the password once more."""
    auth.confirm_password(person.user_id, form.password)
    sessions.end_all(person.user_id, "account deleted", is_distrusted=True)
    accounts.delete(person.user_id, str(person.user_id))


@router.get("/sessions", summary="Where am I signed in")
def list_sessions(person: PersonDep, sessions: SessionServiceDep) -> SessionList:
    """Return the caller's sessions, the newest first."""
    return SessionList(data=list(sessions.list(person.user_id, person.session_id)))


@router.delete("/sessions/{session_id}", status_code=204, summary="End one of my sessions")
def end_session(session_id: UUID, person: PersonDep, sessions: SessionServiceDep) -> None:
    """End one session of the caller."""
    sessions.end(person.user_id, session_id)


@router.get("/grants", summary="Which applications act for me")
def list_grants(person: PersonDep, sessions: SessionServiceDep) -> GrantList:
    """Return what applications were granted by the caller."""
    return GrantList(data=sessions.list_grants(person.user_id))


@router.delete("/grants/{client_id}", status_code=204, summary="Let an application act for me no more")
def end_grants(client_id: str, person: PersonDep, sessions: SessionServiceDep) -> None:
    """End everything one application was granted by the caller."""
    sessions.end_grants_of(person.user_id, client_id, "withdrawn by the person")


def _signed_in(
    auth: AuthService, proven: Proven, origin: Origin, response: Response, *, is_remembered: bool = False
) -> SignInRead:
    signed_in = auth.open_session(proven, origin, is_remembered=is_remembered)
    tokens = auth.first_tokens(signed_in)
    response.headers.update(_NO_STORE)
    return SignInRead(
        **tokens.model_dump(),
        session_id=signed_in.opened.session_id,
        device_token=signed_in.device_token,
        user=signed_in.user,
    )
