"""Signing in with a password, prolonging and ending it.

Hashing takes a tenth of a second and may have to wait for its turn; no database connection is held
meanwhile, so the steps are transactions of their own, opened here and not at the edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.errors import UserNotFound
from hubs.security_hub.accounts.schemas import UserRead
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.auth.errors import BadCredentials, NotVerified, SecondFactorNeeded
from hubs.security_hub.auth.schemas import SignInRead
from hubs.security_hub.challenges.errors import BadChallenge
from hubs.security_hub.challenges.service import build as build_challenges
from hubs.security_hub.challenges.service import take_answer
from hubs.security_hub.factors.service import build as build_factors
from hubs.security_hub.passkeys.service import SIGN_IN
from hubs.security_hub.passkeys.service import build as build_passkeys
from hubs.security_hub.passwords.service import Passwords
from hubs.security_hub.roles.schemas import PERSONAL_SCOPES
from hubs.security_hub.roles.service import build as build_roles
from hubs.security_hub.sessions.errors import BadRefreshToken, RefreshTokenReused
from hubs.security_hub.sessions.service import FIRST_PARTY, Granted, Opened
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.settings import SecuritySettings
from hubs.security_hub.throttle.service import Limit, Throttle
from hubs.security_hub.tokens.service import Grantee, TokenMint, opaque_token
from hubs.security_hub.trail.service import build as build_trail
from shared.app import Resources
from shared.contracts.http.tokens import TokenRead
from shared.core.ids import new_id
from shared.db.session import transaction

SECOND_FACTOR = "second-factor"


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

    @property
    def longest_password(self) -> int:
        """Return how many characters a password may have at most."""
        return SecuritySettings.of(self._resources.settings).passwords.max_length

    def prove_password(self, login: str, password: str, origin: Origin) -> Proven:
        """Check a password; takes the same steps and time for an account that does not exist.

        Raises: TooManyAttempts, BadCredentials, NotVerified, TooManyHashes, SecondFactorNeeded.
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
        self._require_second_factor(found.user_id, limits)
        new_hash = None
        if found.password_hash and self._passwords.is_outdated(found.password_hash):
            new_hash = self._passwords.hash(password)
        return Proven(found.user_id, tuple(limits), new_hash=new_hash)

    def prove_code(self, challenge: str, code: str, origin: Origin) -> Proven:
        """Check the code of somebody whose password was right.

        Raises: BadChallenge, BadCode, TooManyAttempts.
        """
        with transaction(self._sessions) as session:
            asked = build_challenges(session, self._resources).look(challenge, SECOND_FACTOR)
        if asked.user_id is None:
            raise BadChallenge("start again")
        with transaction(self._sessions) as session:
            sessions = build_sessions(session, self._resources)
            _, knows_device = sessions.knows(asked.user_id, origin.address, origin.device_token)
        device = origin.device_token if knows_device else ""
        limits = self._throttle.code(str(asked.user_id), origin.address, device=device)
        self._throttle.attempt(limits)
        with transaction(self._sessions) as session:
            method = build_factors(session, self._resources).check(asked.user_id, code)
            build_challenges(session, self._resources).answer(challenge, SECOND_FACTOR)
        self._throttle.forgive(limits)
        kept = tuple(Limit(*limit) for limit in asked.payload["limits"])
        return Proven(asked.user_id, kept, methods=("pwd", method, "mfa"))

    def prove_passkey(self, challenge: str, credential: dict[str, Any], address: str) -> Proven:
        """Check the answer of a passkey, which stands for password and second factor.

        Raises: BadChallenge, BadPasskey, TooManyAttempts.
        """
        limits = self._throttle.passkey(address)
        self._throttle.attempt(limits)
        # Used up whatever comes of it: a question is answered once.
        asked = take_answer(self._resources, challenge, SIGN_IN)
        with transaction(self._sessions) as session:
            user_id = build_passkeys(session, self._resources).check(asked, credential)
            user = build_accounts(session, self._resources).get(user_id)
        if not user.is_active or not user.is_verified:
            raise BadCredentials("the account or the password is wrong")
        return Proven(user_id, tuple(limits), methods=("hwk", "user", "mfa"))

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

    def complete(self, proven: Proven, origin: Origin, *, is_remembered: bool = False) -> SignInRead:
        """Open a session and return it with its first tokens."""
        signed_in = self.open_session(proven, origin, is_remembered=is_remembered)
        return SignInRead(
            **self.first_tokens(signed_in).model_dump(),
            session_id=signed_in.opened.session_id,
            device_token=signed_in.device_token,
            user=signed_in.user,
        )

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

    def confirm_password(self, user_id: UUID, password: str) -> None:
        """Check the password of somebody signed in, before something sensitive.

        Raises: BadCredentials, TooManyAttempts.
        """
        limits = self._throttle.confirmation(str(user_id))
        self._throttle.attempt(limits)
        with transaction(self._sessions) as session:
            stored = build_accounts(session, self._resources).password_hash(user_id)
        if not self._passwords.verify(stored, password):
            raise BadCredentials("the password is wrong")
        self._throttle.forgive(limits)

    def _require_second_factor(self, user_id: UUID, limits: list[Limit]) -> None:
        with transaction(self._sessions) as session:
            if not build_factors(session, self._resources).is_protected(user_id):
                return
            payload = {"limits": [[limit.key, limit.most, limit.is_own] for limit in limits]}
            challenge = build_challenges(session, self._resources).ask(SECOND_FACTOR, payload, user_id)
        raise SecondFactorNeeded(challenge)

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
