"""Signing in with a password, prolonging and ending it.

Hashing takes a tenth of a second and may have to wait for its turn; no database connection is held
meanwhile, so the steps are transactions of their own, opened here and not at the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.errors import UserNotFound
from hubs.security_hub.accounts.schemas import UserRead
from hubs.security_hub.accounts.service import VERIFY, Registration
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.auth.errors import BadCredentials, NotVerified
from hubs.security_hub.passwords.service import Passwords
from hubs.security_hub.roles.schemas import PERSONAL_SCOPES
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.sessions.errors import BadRefreshToken, RefreshTokenReused
from hubs.security_hub.sessions.service import FIRST_PARTY, Granted, Opened
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.throttle.service import Limit, Throttle
from hubs.security_hub.tokens.service import Grantee, TokenMint, opaque_token
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.contracts.http.tokens import TokenRead
from shared.core.ids import new_id
from shared.db.session import transaction


class Origin(NamedTuple):
    """Whence somebody signs in."""

    address: str
    user_agent: str = ""
    device_token: str = ""


@dataclass(frozen=True)
class Proven:
    """Somebody whose password was right; ``limits`` are what the attempt counted against."""

    user_id: UUID
    limits: tuple[Limit, ...]
    methods: tuple[str, ...] = ("pwd",)
    new_hash: str | None = None


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a fresh session."""

    user: UserRead
    opened: Opened
    device_token: str


class AuthService:
    """Passwords in, sessions and tokens out."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._sessions = resources.sessionmaker
        self._passwords = resources.get(Passwords)
        self._throttle = resources.get(Throttle)
        self._mint = resources.get(TokenMint)

    def prove_password(self, login: str, password: str, origin: Origin) -> Proven:
        """Check a password; takes the same steps and time for an account that does not exist.

        Raises: TooManyAttempts, BadCredentials, NotVerified, TooManyHashes.
        """
        with transaction(self._sessions) as session:
            accounts = build_accounts(session, self._resources)
            key = accounts.login_key(login)
            found = accounts.credentials(login)
            knows_address, knows_device = build_sessions(session, self._resources).knows(
                found.user_id or new_id(), origin.address, origin.device_token
            )
        limits = self._throttle.sign_in(
            key,
            origin.address,
            device=origin.device_token if knows_device else "",
            is_known_address=knows_address,
        )
        self._throttle.attempt(limits)
        is_right = self._passwords.verify(found.password_hash, password)
        if not is_right or found.user_id is None or not found.is_active:
            with transaction(self._sessions) as session:
                trail = build_trail(session, self._resources)
                trail.record("login.failed", str(found.user_id or "nobody"), login=trail.pseudonym(key))
            raise BadCredentials("the account or the password is wrong")
        if not found.is_verified:
            raise NotVerified("follow the link in the mail that was sent to you first")
        new_hash = None
        if found.password_hash and self._passwords.is_outdated(found.password_hash):
            new_hash = self._passwords.hash(password)
        return Proven(found.user_id, tuple(limits), new_hash=new_hash)

    def open_session(self, proven: Proven, origin: Origin, *, is_remembered: bool = False) -> SignedIn:
        """Open a session for somebody who proved everything that was asked."""
        device = origin.device_token or opaque_token("opd")
        with transaction(self._sessions) as session:
            user = build_accounts(session, self._resources).note_sign_in(proven.user_id, proven.new_hash)
            opened = build_sessions(session, self._resources).open(
                proven.user_id,
                proven.methods,
                address=origin.address,
                user_agent=origin.user_agent,
                device=device,
                is_remembered=is_remembered,
            )
            trail = build_trail(session, self._resources)
            trail.record(
                "login.succeeded",
                str(user.id),
                target=str(opened.session_id),
                target_type="session",
                methods=list(proven.methods),
                is_new_origin=opened.is_new_origin,
            )
        if proven.limits:
            self._throttle.forgive(proven.limits)
        return SignedIn(user, opened, device)

    def first_tokens(self, signed_in: SignedIn) -> TokenRead:
        """Return the tokens with which the platform's own clients act for somebody."""
        with transaction(self._sessions) as session:
            granted = build_sessions(session, self._resources).grant(
                signed_in.user.id,
                FIRST_PARTY,
                [],
                session_id=signed_in.opened.session_id,
                expires_at=signed_in.opened.expires_at,
            )
            return self._tokens(session, granted)

    def refresh(self, refresh_token: str) -> TokenRead:
        """Exchange a refresh token of the platform's own sign-in.

        Raises: BadRefreshToken; when it was used before, the session ends for both of its bearers.
        """
        try:
            with transaction(self._sessions) as session:
                granted = build_sessions(session, self._resources).refresh(refresh_token, FIRST_PARTY)
                return self._tokens(session, granted)
        except RefreshTokenReused as reuse:
            self.end_stolen(reuse.grant_id)
            raise
        except UserNotFound:
            raise BadRefreshToken("the refresh token is not valid") from None

    def end_stolen(self, grant_id: UUID) -> None:
        """End a grant whose refresh token came twice."""
        with transaction(self._sessions) as session:
            build_sessions(session, self._resources).end_grant(grant_id, "refresh token used twice")

    def register(self, wish: Registration, password: str, address: str) -> None:
        """Ask for an account; the answer is the same whether or not the address has one.

        Raises: WeakPassword, BadAddress, BadName, NameTaken, TooManyAttempts.
        """
        self._passwords.check(password, [wish.email, wish.username or "", wish.display_name])
        with transaction(self._sessions) as session:
            key = build_accounts(session, self._resources).login_key(wish.email)
        self._throttle.attempt(self._throttle.mail(key, address))
        hashed = self._passwords.hash(password)
        with transaction(self._sessions) as session:
            build_accounts(session, self._resources).register(replace(wish, password_hash=hashed))

    def verify(self, token: str, password: str, origin: Origin) -> Proven:
        """Use a link that proves an address, with the password chosen when asking for it.

        Raises: BadLink, BadCredentials, TooManyAttempts.
        """
        with transaction(self._sessions) as session:
            link = build_accounts(session, self._resources).peek_link(token, VERIFY)
        limits = self._throttle.sign_in(f"link:{link.user_id}", origin.address)
        self._throttle.attempt(limits)
        if not self._passwords.verify(link.password_hash, password):
            raise BadCredentials("this is not the password chosen with this link")
        with transaction(self._sessions) as session:
            build_accounts(session, self._resources).verify(token)
        return Proven(link.user_id, tuple(limits))

    def send_mail(self, login: str, address: str, purpose: str) -> None:
        """Mail a link to verify or reset, if there is such an account; the caller cannot tell.

        Raises: TooManyAttempts.
        """
        with transaction(self._sessions) as session:
            key = build_accounts(session, self._resources).login_key(login)
        self._throttle.attempt(self._throttle.mail(key, address))
        with transaction(self._sessions) as session:
            accounts = build_accounts(session, self._resources)
            if purpose == VERIFY:
                accounts.request_verification(login)
            else:
                accounts.request_reset(login)

    def reset_password(self, token: str, password: str, address: str) -> UserRead:
        """Set a new password by a mailed link and end every session.

        Raises: BadLink, WeakPassword.
        """
        with transaction(self._sessions) as session:
            accounts = build_accounts(session, self._resources)
            about = accounts.personal_words(accounts.peek_link(token).user_id)
        self._passwords.check(password, about)
        hashed = self._passwords.hash(password)
        with transaction(self._sessions) as session:
            user = build_accounts(session, self._resources).reset_password(token, hashed)
            build_sessions(session, self._resources).end_all(user.id, "password reset", is_distrusted=True)
            key = build_accounts(session, self._resources).login_key(user.email)
        self._throttle.forgive(self._throttle.sign_in(key, address))
        return user

    def confirm_password(self, user_id: UUID, password: str) -> None:
        """Check the password of somebody signed in, before something sensitive.

        Raises: BadCredentials, TooManyAttempts.
        """
        limits = self._throttle.code(f"confirm:{user_id}")
        self._throttle.attempt(limits)
        with transaction(self._sessions) as session:
            stored = build_accounts(session, self._resources).password_hash(user_id)
        if not self._passwords.verify(stored, password):
            raise BadCredentials("the password is wrong")
        self._throttle.forgive(limits)

    def change_password(self, user_id: UUID, current: str, new: str, sparing: UUID | None) -> None:
        """Replace the password and end the other sessions.

        Raises: BadCredentials, WeakPassword, TooManyAttempts.
        """
        self.confirm_password(user_id, current)
        with transaction(self._sessions) as session:
            about = build_accounts(session, self._resources).personal_words(user_id)
        self._passwords.check(new, about)
        hashed = self._passwords.hash(new)
        with transaction(self._sessions) as session:
            build_accounts(session, self._resources).change_password(user_id, hashed)
            build_sessions(session, self._resources).end_all(user_id, "password changed", sparing=sparing)

    def _tokens(self, session: Session, granted: Granted) -> TokenRead:
        user = build_accounts(session, self._resources).get(granted.user_id)
        if not user.is_active:
            raise BadRefreshToken("the refresh token is not valid")
        rights = build_roles(session, self._resources).rights_of(user.id)
        scopes = (*PERSONAL_SCOPES, *_ordered(rights.permissions))
        grantee = Grantee(
            str(user.id), FIRST_PARTY, "user", scopes, rights.roles, session_id=str(granted.session_id or "")
        )
        token, lifetime = self._mint.access_token(grantee)
        return TokenRead(
            access_token=token,
            expires_in=lifetime,
            refresh_token=granted.refresh_token,
            scope=" ".join(scopes),
        )


def _ordered(permissions: Iterable[str]) -> list[str]:
    """Return permissions without those that another one contains."""
    every = set(permissions)
    if "*" in every:
        return ["*"]
    return sorted(p for p in every if p.endswith(":*") or f"{p.partition(':')[0]}:*" not in every)


def build(session: Session, resources: Resources) -> AuthService:
    """Return the service; it opens transactions of its own."""
    del session
    return AuthService(resources)
