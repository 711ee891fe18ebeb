"""What can go wrong with signing keys."""

from __future__ import annotations

from shared.core.errors import NotFound


class SigningKeyNotFound(NotFound):
    """No key has this id."""

    code = "signing-key-not-found"
    title = "Signing key not found"
