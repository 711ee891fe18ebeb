"""What can go wrong with API keys."""

from __future__ import annotations

from shared.core.errors import Conflict, NotFound, Unauthorized


class BadApiKey(Unauthorized):
    """The key is mistyped, unknown, revoked or has run out; which of them is not said."""

    code = "bad-api-key"
    title = "API key not valid"


class ApiKeyNotFound(NotFound):
    """No such key of this owner."""

    code = "api-key-not-found"
    title = "API key not found"


class TooManyKeys(Conflict):
    """The owner has as many keys as one may have."""

    code = "too-many-api-keys"
    title = "Too many API keys"
