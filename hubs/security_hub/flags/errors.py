"""What can go wrong with flags; OFREP has its own shape for errors (section 'evaluationFailure')."""

from __future__ import annotations

from typing import Any

from shared.core.errors import AppError, Conflict, NotFound


class FlagNotFound(NotFound):
    """No flag has this key."""

    code = "flag-not-found"
    title = "Flag not found"


class FlagChangedMeanwhile(Conflict):
    """Somebody else changed the flag first."""

    code = "flag-changed-meanwhile"
    title = "Changed meanwhile"


class OfrepError(AppError):
    """An evaluation that failed, in the words of OFREP 0.3."""

    code = "ofrep"
    title = "Evaluation failed"

    def __init__(self, status: int, error_code: str, details: str, key: str = "", **headers: str) -> None:
        super().__init__(details, headers={name.replace("_", "-"): value for name, value in headers.items()})
        self.answer_status = status
        self.error_code = error_code
        self.key = key

    def problem(self) -> dict[str, Any]:
        """Return OFREP's members and those of a problem document in one."""
        body = {
            "errorCode": self.error_code,
            "errorDetails": self.detail,
            "type": f"urn:openpolicy:problem:ofrep:{self.error_code.lower()}",
            "title": self.title,
            "status": self.answer_status,
            "detail": self.detail,
        }
        return {"key": self.key, **body} if self.key else body
