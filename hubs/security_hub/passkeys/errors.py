"""What can go wrong with passkeys."""

from __future__ import annotations

from shared.core.errors import Conflict, Invalid, NotFound, Unauthorized


class BadPasskey(Unauthorized):
    """The answer of the authenticator does not fit the question, the site or the key."""

    code = "bad-passkey"
    title = "Passkey refused"


class PasskeyNotRegistered(Invalid):
    """The authenticator's answer cannot be registered."""

    code = "passkey-not-registered"
    title = "Passkey not registered"


class PasskeyKnown(Conflict):
    """This passkey is registered already."""

    code = "passkey-known"
    title = "Passkey already registered"


class PasskeyNotFound(NotFound):
    """No such passkey of this person."""

    code = "passkey-not-found"
    title = "Passkey not found"
