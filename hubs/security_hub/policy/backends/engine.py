"""What an engine promises, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from hubs.security_hub.policy.source import Problem

DEADLINE_S = 20.0


@dataclass(frozen=True)
class Sources:
    """Rego files by path, tests among them, and the data they find under ``data``."""

    modules: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TestResult:
    """How one test ended."""

    package: str
    name: str
    is_passed: bool
    detail: str = ""


@dataclass(frozen=True)
class Coverage:
    """How much of the policy its tests reach, in percent, and the rows they do not."""

    percent: float
    missed: Mapping[str, Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Outcome:
    """What a policy decides for one input; undefined is no decision."""

    is_defined: bool
    value: Any = None
    error: str = ""


class Engine(Protocol):
    """Runs policies that nobody trusts yet: bounded in time, away from this process's memory."""

    @property
    def name(self) -> str:
        """Return which engine it is."""
        ...

    def check(self, sources: Sources) -> list[Problem]:
        """Return what the engine's compiler finds wrong.

        Raises: EngineAway.
        """
        ...

    def test(self, sources: Sources) -> tuple[list[TestResult], Coverage | None]:
        """Run every ``test_`` rule; coverage where the engine measures it.

        Raises: EngineAway, PolicyRefused.
        """
        ...

    def decide(self, sources: Sources, path: str, inputs: Sequence[Any]) -> list[Outcome]:
        """Return what ``data.<path>`` is for each input.

        Raises: EngineAway, PolicyRefused.
        """
        ...
