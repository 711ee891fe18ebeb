"""What can go wrong at another provider."""

from __future__ import annotations

from shared.core.errors import Conflict, Forbidden, NotFound, Unauthorized


class ProviderNotFound(NotFound):
    """No provider has this name, or it is switched off."""

    code = "provider-not-found"
    title = "Provider not found"


class ProviderRefused(Unauthorized):
    """The provider did not vouch for anybody, or what it said cannot be believed."""

    code = "provider-refused"
    title = "Sign-in at the provider failed"


class NotOurs(Forbidden):
    """The provider vouches for somebody who has no account here and may not get one this way."""

    code = "not-registered-here"
    title = "No account here"


class AddressTaken(Conflict):
    """An account with this address exists: sign in to it first, then connect the provider.

    Connecting by address alone would hand accounts to whoever gets a provider to name that address.
    """

    code = "address-has-an-account"
    title = "Sign in with your password first"
