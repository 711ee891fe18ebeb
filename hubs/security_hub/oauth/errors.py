"""OAuth's own error shape (RFC 6749 section 5.2), which its clients know in place of problem documents."""

from __future__ import annotations

from typing import Any

from shared.core.errors import AppError


class OAuthError(AppError):
    """A refusal with one of the error codes that RFC 6749, 6750, 7009, 8707 and OpenID Connect define."""

    status = 400
    code = "oauth"
    title = "OAuth error"

    def __init__(
        self, error: str, description: str = "", *, status: int = 400, headers: dict[str, str] | None = None
    ):
        super().__init__(description or error, headers=headers)
        self.error = error
        self.answer_status = status

    def problem(self) -> dict[str, Any]:
        """Return both shapes in one: OAuth's members and those of a problem document."""
        return {
            "error": self.error,
            "error_description": self.detail,
            "type": f"urn:openpolicy:problem:oauth:{self.error}",
            "title": self.title,
            "status": self.answer_status,
            "detail": self.detail,
        }


def invalid_client(description: str = "client authentication failed") -> OAuthError:
    """Return the 401 of RFC 6749 section 5.2."""
    return OAuthError(
        "invalid_client", description, status=401, headers={"WWW-Authenticate": 'Basic realm="openpolicy"'}
    )


def invalid_grant(description: str) -> OAuthError:
    """Return the refusal of a code, refresh token or its redirect URI."""
    return OAuthError("invalid_grant", description)


def invalid_request(description: str) -> OAuthError:
    """Return the refusal of a request that is malformed."""
    return OAuthError("invalid_request", description)
