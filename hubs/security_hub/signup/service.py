"""Registering, proving an address, resetting and changing passwords.

As in ``auth``, no database connection is held while a password is hashed: the steps are transactions of
their own.
"""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from hubs.security_hub.accounts.schemas import UserRead
from hubs.security_hub.accounts.service import VERIFY, Registration
from hubs.security_hub.accounts.service import build as build_accounts
from hubs.security_hub.auth.errors import BadCredentials
from hubs.security_hub.auth.service import AuthService, Origin, Proven
from hubs.security_hub.passwords.service import Passwords
from hubs.security_hub.sessions.service import build as build_sessions
from hubs.security_hub.throttle.service import Throttle
from shared.app import Resources
from shared.db.session import transaction


class SignupService:
    """Ways to an account that begin without one, or without its password."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._sessions = resources.sessionmaker
        self._passwords = resources.get(Passwords)
        self._throttle = resources.get(Throttle)
        self._auth = AuthService(resources)

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

    def change_password(self, user_id: UUID, current: str, new: str, sparing: UUID | None) -> None:
        """Replace the password and end the other sessions.

        Raises: BadCredentials, WeakPassword, TooManyAttempts.
        """
        self._auth.confirm_password(user_id, current)
        with transaction(self._sessions) as session:
            about = build_accounts(session, self._resources).personal_words(user_id)
        self._passwords.check(new, about)
        hashed = self._passwords.hash(new)
        with transaction(self._sessions) as session:
            build_accounts(session, self._resources).change_password(user_id, hashed)
            build_sessions(session, self._resources).end_all(user_id, "password changed", sparing=sparing)


def build(session: Session, resources: Resources) -> SignupService:
    """Return the service; it opens transactions of its own."""
    del session
    return SignupService(resources)
