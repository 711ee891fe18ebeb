"""The port of policy engines and what they answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class _Missing:
    """Marks a question without an input (which is not the same as a null input)."""


MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine says: undefined is an answer of its own and never a yes."""

    is_defined: bool
    value: Any = None
    provenance: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    """What the engine took for it."""
    size_bytes: int = 0
    """The question and the answer as JSON."""


class PolicyEngine(Protocol):
    """Answers questions about documents of the policy tree."""

    name: str

    def evaluate(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the document at a path for an input; a built-in that fails fails the decision.

        Raises: BadQuery, EvaluationFailed, EngineAway, EngineTimeout.
        """
        ...

    async def ask(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the same without holding up the event loop.

        Raises: as ``evaluate``.
        """
        ...

    async def explain(self, path: tuple[str, ...], question: Any) -> list[Any]:
        """Return how the document came about, a line a step.

        Raises: as ``evaluate``.
        """
        ...

    async def query(self, query: str, question: Any) -> dict[str, Any]:
        """Return the bindings of an ad-hoc query in OPA's shape.

        Raises: NotOffered, and as ``evaluate``.
        """
        ...

    def data(self) -> dict[str, Any]:
        """Return the data beside the modules. Raises: EngineAway."""
        ...

    def health(self) -> None:
        """Return when the engine answers. Raises: EngineAway."""
        ...

    def policies(self) -> dict[str, str]:
        """Return the source of each module by its id. Raises: EngineAway."""
        ...

    def close(self) -> None:
        """Let go of threads and connections."""
        ...
