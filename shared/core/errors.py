"""The error tree: every expected failure carries its HTTP status and a stable code.

AppError (500 internal-error)
├── BadRequest 400            bad-request
├── Unauthorized 401          unauthorized
├── Forbidden 403             forbidden
├── NotFound 404              not-found
├── MethodNotAllowed 405      method-not-allowed
├── NotAcceptable 406         not-acceptable
├── Conflict 409              conflict
├── Gone 410                  gone
├── PreconditionFailed 412    precondition-failed
├── TooLarge 413              too-large
├── UnsupportedMediaType 415  unsupported-media-type
├── Invalid 422               invalid
├── PreconditionRequired 428  precondition-required
├── TooManyRequests 429       too-many-requests
├── BadGateway 502            bad-gateway
├── Unavailable 503           unavailable
└── GatewayTimeout 504        gateway-timeout
"""

from __future__ import annotations

from typing import Any, ClassVar


class AppError(Exception):
    """An expected failure; ``extensions`` become members of the problem document."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str = "",
        *,
        headers: dict[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.headers = headers or {}
        self.extensions = extensions

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 problem document of this error."""
        return {
            "type": f"urn:openpolicy:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extensions,
        }


class BadRequest(AppError):
    """The request cannot be understood."""

    status, code, title = 400, "bad-request", "Bad request"


class Unauthorized(AppError):
    """No valid credentials came with the request."""

    status, code, title = 401, "unauthorized", "Unauthorized"


class Forbidden(AppError):
    """The caller is known and may not do this."""

    status, code, title = 403, "forbidden", "Forbidden"


class NotFound(AppError):
    """There is no such thing."""

    status, code, title = 404, "not-found", "Not found"


class MethodNotAllowed(AppError):
    """The resource does not answer this method."""

    status, code, title = 405, "method-not-allowed", "Method not allowed"


class NotAcceptable(AppError):
    """No representation fits the Accept header."""

    status, code, title = 406, "not-acceptable", "Not acceptable"


class Conflict(AppError):
    """The request contradicts the present state."""

    status, code, title = 409, "conflict", "Conflict"


class Gone(AppError):
    """It existed and was removed for good."""

    status, code, title = 410, "gone", "Gone"


class PreconditionFailed(AppError):
    """If-Match did not match."""

    status, code, title = 412, "precondition-failed", "Precondition failed"


class TooLarge(AppError):
    """The content is larger than the limit."""

    status, code, title = 413, "too-large", "Content too large"


class UnsupportedMediaType(AppError):
    """The media type is not one that is read here."""

    status, code, title = 415, "unsupported-media-type", "Unsupported media type"


class Invalid(AppError):
    """The content is well-formed and breaks a rule."""

    status, code, title = 422, "invalid", "Invalid content"


class PreconditionRequired(AppError):
    """The request must be conditional."""

    status, code, title = 428, "precondition-required", "Precondition required"


class TooManyRequests(AppError):
    """A limit on the rate of requests was reached."""

    status, code, title = 429, "too-many-requests", "Too many requests"


class BadGateway(AppError):
    """Another process answered with something that is not an answer."""

    status, code, title = 502, "bad-gateway", "Bad gateway"


class Unavailable(AppError):
    """Something that this answer depends on is away; try again later."""

    status, code, title = 503, "unavailable", "Service unavailable"


class GatewayTimeout(AppError):
    """Another process did not answer in time."""

    status, code, title = 504, "gateway-timeout", "Gateway timeout"


def error_class(status: int) -> type[AppError]:
    """Return the class for an HTTP status (the nearest general one when unknown)."""
    for cls in AppError.__subclasses__():
        if cls.status == status:
            return cls
    if 400 <= status < 500:
        return BadRequest
    return BadGateway if status >= 502 else AppError
