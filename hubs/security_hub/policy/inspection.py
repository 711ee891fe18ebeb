"""Checking, testing and trying policies, with whichever engine is there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubs.security_hub.policy.backends.embedded import EmbeddedEngine
from hubs.security_hub.policy.backends.engine import Engine, Outcome
from hubs.security_hub.policy.backends.engine import Sources as EngineSources
from hubs.security_hub.policy.backends.opa import OpaEngine
from hubs.security_hub.policy.errors import PolicyRefused
from hubs.security_hub.policy.limits import beyond_embedded
from hubs.security_hub.policy.schemas import (
    ChangedDecision,
    CheckReport,
    ContentWrite,
    CoverageRead,
    ImpactForm,
    ImpactReport,
    MissedRows,
    ProblemRead,
    TestRead,
    TestReport,
)
from hubs.security_hub.policy.source import Problem, examine
from hubs.security_hub.settings import SecuritySettings
from shared.app import Resources
from shared.http.json import dumps

MAX_DATA_BYTES = 262_144
_MOST_EXAMPLES = 50


class Inspection:
    """What can be said of a policy without publishing it."""

    def __init__(self, engine: Engine, *, is_decided_embedded: bool = False) -> None:
        self._engine = engine
        self._is_decided_embedded = is_decided_embedded

    @property
    def engine(self) -> str:
        """Return which engine inspects."""
        return self._engine.name

    def check(self, root: str, content: ContentWrite) -> CheckReport:
        """Return everything wrong with a policy: its syntax, its functions, and what lies outside its root.

        Raises: EngineAway.
        """
        problems = self._examined(root, content)
        if not problems:
            problems = self._engine.check(_sources(root, content))
        if not problems and self._is_decided_embedded:
            problems = beyond_embedded(content.sources)
            if not problems and self._engine.name != EmbeddedEngine.name:
                problems = EmbeddedEngine().check(_sources(root, content))
        found = [ProblemRead(**vars(problem)) for problem in problems]
        return CheckReport(engine=self.engine, is_valid=not found, problems=found)

    def require_valid(self, root: str, content: ContentWrite) -> None:
        """Refuse a policy with anything wrong.

        Raises: PolicyRefused with each file, row and column; EngineAway.
        """
        report = self.check(root, content)
        if not report.is_valid:
            first = report.problems[0]
            raise PolicyRefused(
                f"{first.file}:{first.row}:{first.col}: {first.message}",
                errors=[{"in": "body", **problem.model_dump()} for problem in report.problems[:50]],
            )

    def test(self, root: str, content: ContentWrite) -> TestReport:
        """Run a policy's tests.

        Raises: PolicyRefused, EngineAway.
        """
        results, coverage = self._engine.test(_sources(root, content))
        tests = [TestRead(**vars(result)) for result in results]
        passed = sum(test.is_passed for test in tests)
        measured = None
        if coverage is not None:
            missed = [
                MissedRows(file=file, rows=list(rows)) for file, rows in sorted(coverage.missed.items())
            ]
            measured = CoverageRead(percent=coverage.percent, missed=missed)
        return TestReport(
            engine=self.engine, passed=passed, failed=len(tests) - passed, tests=tests, coverage=measured
        )

    def impact(
        self, form: ImpactForm, root: str, content: ContentWrite, published: ContentWrite | None
    ) -> ImpactReport:
        """Return what a version would have changed about logged decisions.

        Raises: PolicyRefused, EngineAway.
        """
        inputs = [decision.input for decision in form.decisions]
        after = self._engine.decide(_sources(root, content), form.path, inputs)
        before = [Outcome(d.has_result, d.result) for d in form.decisions]
        unknown = [index for index, d in enumerate(form.decisions) if not d.has_result]
        if unknown and published is not None:
            asked = [inputs[index] for index in unknown]
            for index, found in zip(
                unknown, self._engine.decide(_sources(root, published), form.path, asked), strict=True
            ):
                before[index] = found
        report = ImpactReport(
            engine=self.engine,
            compared=len(inputs),
            unchanged=0,
            newly_allowed=0,
            newly_denied=0,
            otherwise_changed=0,
            undefined=sum(not outcome.is_defined for outcome in after),
            examples=[],
        )
        for decision, old, new in zip(form.decisions, before, after, strict=True):
            if old.is_defined == new.is_defined and old.value == new.value:
                report.unchanged += 1
                continue
            was, is_now = _allows(old), _allows(new)
            if was is not is_now and is_now is True:
                report.newly_allowed += 1
            elif was is not is_now and was is True:
                report.newly_denied += 1
            else:
                report.otherwise_changed += 1
            if len(report.examples) < _MOST_EXAMPLES:
                report.examples.append(
                    ChangedDecision(
                        decision_id=decision.decision_id,
                        input=decision.input,
                        before=old.value,
                        after=new.value,
                    )
                )
        return report

    @staticmethod
    def _examined(root: str, content: ContentWrite) -> list[Problem]:
        if twice := sorted(set(content.sources) & set(content.tests)):
            return [Problem(twice[0], 1, 1, "file-twice", "a file is a source or a test")]
        if len(dumps(content.data)) > MAX_DATA_BYTES:
            return [Problem("data.json", 1, 1, "too-large", f"data has at most {MAX_DATA_BYTES} bytes")]
        modules, problems = examine({**content.sources, **content.tests})
        package = root.replace("/", ".")
        for module in modules:
            is_inside = module.package == package or module.package.startswith(f"{package}.")
            is_test = module.file in content.tests
            # Tests stay here; only what is published must lie below the root.
            if not is_inside and not (is_test and module.package.startswith(package)):
                message = f"package {module.package} lies outside {package}"
                problems.append(Problem(module.file, 1, 1, "outside-root", message))
        return problems


def _sources(root: str, content: ContentWrite) -> EngineSources:
    data: dict[str, Any] = {}
    if content.data:
        inner: dict[str, Any] = data
        *parents, last = root.split("/")
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = content.data
    return EngineSources({**content.sources, **content.tests}, data)


def _allows(outcome: Outcome) -> bool | None:
    """Return whether a decision allows: itself true or false, or an object whose ``allow`` is."""
    value = outcome.value.get("allow") if isinstance(outcome.value, Mapping) else outcome.value
    return value if isinstance(value, bool) else None


def open_inspection(resources: Resources) -> None:
    """Choose the engine: a real OPA when there is one on this machine, else the interpreter that came
    along.
    """
    named = SecuritySettings.of(resources.settings).policies.opa_program
    program = shutil.which(named) if named else None
    engine: Engine = OpaEngine(Path(program)) if program else EmbeddedEngine()
    resources.put(Inspection(engine, is_decided_embedded=not resources.settings.opa.url))
