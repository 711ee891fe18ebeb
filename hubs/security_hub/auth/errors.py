"""What can go wrong while signing in."""

from __future__ import annotations

from shared.core.errors import Forbidden, Unauthorized


class BadCredentials(Unauthorized):
    """The account or the password is wrong; which of them, or whether the account is suspended, is not
    said.
    """

    code = "bad-credentials"
    title = "Sign-in failed"


class NotVerified(Forbidden):
    """The password is right and the address not verified yet; said only to those who know the password."""

    code = "address-not-verified"
    title = "Address not verified"


class NoSession(Unauthorized):
    """The session behind the token has ended, or the token is not a person's."""

    code = "no-session"
    title = "Not signed in"


class SecondFactorNeeded(Unauthorized):
    """The password is right and does not suffice; answer ``challenge`` with a one-time or recovery code."""

    code = "second-factor-needed"
    title = "A code is needed"

    def __init__(self, challenge: str) -> None:
        super().__init__("enter the code of your authenticator", challenge=challenge)
        self.challenge = challenge
