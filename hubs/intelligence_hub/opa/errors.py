"""What can go wrong with a decision; each also says ``code`` and ``message``, as OPA's clients read them."""

from __future__ import annotations

from typing import Any, ClassVar

from shared.core.errors import AppError, BadRequest, GatewayTimeout, Invalid, NotFound, Unavailable


class _AsOpa(AppError):
    opa_code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", **more: Any) -> None:
        super().__init__(detail, **more)
        # Not among the extensions: ``code`` and ``message`` are members of OPA's own error shape.
        self.extensions = {**self.extensions, "message": self.detail}

    def problem(self) -> dict[str, Any]:
        """Return the problem document with OPA's members in it."""
        return {**super().problem(), "code": self.opa_code}


class BadQuery(_AsOpa, BadRequest):
    """The input or the path of a question cannot be read."""

    opa_code = "invalid_parameter"


class OwnedByBundle(_AsOpa, BadRequest):
    """Policies and data are published by security_hub in a signed bundle, not written here."""

    opa_code = "invalid_parameter"


class NotOffered(_AsOpa, BadRequest):
    """The engine in use cannot do this."""

    opa_code = "invalid_operation"


class ModuleNotFound(_AsOpa, NotFound):
    """No module has this id."""

    opa_code = "resource_not_found"


class UndefinedDocument(_AsOpa, NotFound):
    """The document is undefined, which means no."""

    opa_code = "undefined_document"


class BadPolicy(Invalid):
    """A policy does not compile or uses what is not allowed here."""


class BadBundle(Invalid):
    """A policy bundle is not signed by a known key, or not as it was signed."""


class EngineAway(_AsOpa, Unavailable):
    """The policy engine does not answer: nothing is allowed meanwhile."""


class EngineTimeout(_AsOpa, GatewayTimeout):
    """The policy engine took too long: nothing is allowed."""


class EvaluationFailed(_AsOpa):
    """The policy failed on this input (a built-in or a conflict): there is no decision, which means no."""

    code = "evaluation-failed"
    title = "Evaluation failed"
