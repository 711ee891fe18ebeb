"""What can go wrong with sessions and refresh tokens."""

from __future__ import annotations

from uuid import UUID

from shared.core.errors import NotFound, Unauthorized


class SessionNotFound(NotFound):
    """No such session of this person."""

    code = "session-not-found"
    title = "Session not found"


class BadRefreshToken(Unauthorized):
    """The refresh token is unknown, has run out, or was revoked."""

    code = "bad-refresh-token"
    title = "Refresh token not valid"


class RefreshTokenReused(BadRefreshToken):
    """The refresh token was used before: one of its two bearers is a thief, so the whole grant ends.

    The caller's transaction is rolled back by this error; end the grant in another one.
    """

    code = "refresh-token-reused"
    title = "Refresh token used twice"

    def __init__(self, grant_id: UUID) -> None:
        super().__init__("the refresh token is not valid")
        self.grant_id = grant_id
