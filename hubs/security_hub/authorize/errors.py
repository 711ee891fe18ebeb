"""How a request for authorization fails: on our own page, or back at the application."""

from __future__ import annotations

from uuid import UUID

from shared.core.errors import AppError, BadRequest


class Unredirectable(BadRequest):
    """The application or its redirect URI cannot be believed, so nobody is sent anywhere."""

    code = "bad-authorization-request"
    title = "This link does not work"


class SentBack(AppError):
    """An error that the application learns through the browser (RFC 6749 section 4.1.2.1)."""

    status = 400
    code = "authorization-refused"
    title = "Authorization refused"

    def __init__(self, error: str, description: str, redirect_uri: str, state: str | None) -> None:
        super().__init__(description)
        self.error = error
        self.redirect_uri = redirect_uri
        self.state = state


class CodeRefused(AppError):
    """A code that cannot be exchanged; ``grant_id`` is what a second use of it must end."""

    status = 400
    code = "code-refused"
    title = "Code refused"

    def __init__(self, detail: str, grant_id: UUID | None = None) -> None:
        super().__init__(detail)
        self.grant_id = grant_id
