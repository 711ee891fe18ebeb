"""The Rego interpreter that comes with the platform, in a process of its own for each question."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from hubs.security_hub.policy.backends.engine import DEADLINE_S, Coverage, Outcome, Sources, TestResult
from hubs.security_hub.policy.checker import OUT_OF_MEMORY
from hubs.security_hub.policy.errors import EngineAway, PolicyRefused
from hubs.security_hub.policy.source import Problem, examine
from shared.http.json import dumps, loads

CHECKER = "hubs.security_hub.policy.checker"


class EmbeddedEngine:
    """Checks, tests and decides with the interpreter; it measures no coverage."""

    name = "embedded"

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s

    def check(self, sources: Sources) -> list[Problem]:
        """Return what the interpreter's compiler finds wrong."""
        found = self._ask({"verb": "check", "modules": dict(sources.modules)})
        return [Problem(p["file"], p["row"], p["col"], "rego_parse_error", p["message"]) for p in found]

    def test(self, sources: Sources) -> tuple[list[TestResult], Coverage | None]:
        """Run every test of every package."""
        modules, _ = examine(sources.modules)
        packages = sorted({module.package for module in modules})
        question = {
            "verb": "test",
            "modules": dict(sources.modules),
            "data": sources.data,
            "packages": packages,
        }
        found = self._ask(question)
        return [TestResult(r["package"], r["name"], r["is_passed"]) for r in found], None

    def decide(self, sources: Sources, path: str, inputs: Sequence[Any]) -> list[Outcome]:
        """Return what the policy decides for each input."""
        question = {
            "verb": "decide",
            "modules": dict(sources.modules),
            "data": sources.data,
            "path": path,
            "inputs": list(inputs),
        }
        found = self._ask(question)
        return [Outcome(o["is_defined"], o.get("value"), o.get("error", "")) for o in found]

    def _ask(self, question: dict[str, Any]) -> Any:
        try:
            done = subprocess.run(
                [sys.executable, "-m", CHECKER],
                input=dumps(question),
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                },
                capture_output=True,
                timeout=self._deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PolicyRefused(f"the policy was not done after {self._deadline_s:g} s") from None
        except OSError as error:
            raise EngineAway(f"the checker cannot be run: {error}") from None
        if done.returncode < 0 or done.returncode == OUT_OF_MEMORY:
            raise PolicyRefused("the policy took more time or memory than it may")
        try:
            return loads(done.stdout)
        except ValueError:
            text = done.stderr.decode(errors="replace").strip().splitlines()
            raise PolicyRefused(
                f"the policy cannot be run: {text[-1][:500] if text else 'no answer'}"
            ) from None
