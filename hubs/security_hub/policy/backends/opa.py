"""Open Policy Agent's own binary, one short-lived process per question."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from hubs.security_hub.policy.backends.engine import DEADLINE_S, Coverage, Outcome, Sources, TestResult
from hubs.security_hub.policy.errors import EngineAway, PolicyRefused
from hubs.security_hub.policy.source import FORBIDDEN, Problem
from shared.http.json import dumps, loads

_MAX_OUTPUT = 16 * 2**20


class OpaEngine:
    """Checks, tests and decides with the ``opa`` command."""

    name = "opa"

    def __init__(self, program: Path, deadline_s: float = DEADLINE_S) -> None:
        self._program = program
        self._deadline_s = deadline_s

    def check(self, sources: Sources) -> list[Problem]:
        """Return what ``opa check --strict`` finds wrong."""
        with self._folder(sources) as folder:
            capabilities = folder / "capabilities.json"
            capabilities.write_bytes(self._capabilities)
            command = ["check", "--strict", "--format", "json", "--capabilities", capabilities.name, "rego"]
            done = self._run(folder, *command)
        if done.returncode == 0:
            return []
        return _problems(done.stdout or done.stderr)

    def test(self, sources: Sources) -> tuple[list[TestResult], Coverage | None]:
        """Run the tests, and measure what they reach when all of them pass."""
        with self._folder(sources) as folder:
            done = self._run(folder, "test", "--format", "json", "--timeout", "10s", "rego", "data.json")
            try:
                found = json.loads(done.stdout) or []
            except ValueError:
                raise PolicyRefused("the tests cannot be run", errors=_texts(done)) from None
            if not isinstance(found, list):
                raise PolicyRefused("the tests cannot be run", errors=_texts(done))
            results = [_result(item) for item in found]
            coverage = None
            if results and all(result.is_passed for result in results):
                measured = self._run(folder, "test", "--coverage", "--format", "json", "rego", "data.json")
                coverage = _coverage(measured.stdout)
        return results, coverage

    def decide(self, sources: Sources, path: str, inputs: Sequence[Any]) -> list[Outcome]:
        """Return what the policy decides for each input."""
        outcomes: list[Outcome] = []
        with self._folder(sources) as folder:
            # One process for all of them: a comprehension over the inputs, each under its own number.
            (folder / "inputs.json").write_bytes(dumps({"inputs": list(inputs)}))
            reference = "data." + path.replace("/", ".")
            query = f"{{i: r | some i; x := input.inputs[i]; r := {reference} with input as x}}"
            done = self._run(
                folder, "eval", "--format", "json", "--data", "rego", "--data", "data.json",
                "--input", "inputs.json", query,
            )  # fmt: skip
            try:
                answer = loads(done.stdout)
                found = answer["result"][0]["expressions"][0]["value"]
            except (ValueError, KeyError, IndexError, TypeError):
                raise PolicyRefused("the policy cannot be evaluated", errors=_texts(done)) from None
        for number in range(len(inputs)):
            key = str(number)
            outcomes.append(Outcome(True, found[key]) if key in found else Outcome(False))
        return outcomes

    @cached_property
    def _capabilities(self) -> bytes:
        done = subprocess.run(
            [self._program, "capabilities", "--current"],
            capture_output=True,
            timeout=self._deadline_s,
            check=True,
        )
        known = loads(done.stdout)
        known["builtins"] = [b for b in known["builtins"] if b["name"] not in FORBIDDEN]
        known["allow_net"] = []
        return dumps(known)

    @contextmanager
    def _folder(self, sources: Sources) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="policy-") as name:
            folder = Path(name)
            for number, (path, text) in enumerate(sorted(sources.modules.items())):
                # Numbered folders: a path of somebody else's making must not lead out of ours.
                target = folder / "rego" / str(number)
                target.mkdir(parents=True)
                (target / Path(path).name).write_text(text)
            (folder / "rego").mkdir(exist_ok=True)
            (folder / "data.json").write_bytes(dumps(sources.data))
            yield folder

    def _run(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "GOMEMLIMIT": "200MiB"}
        try:
            done = subprocess.run(
                [self._program, *arguments],
                cwd=folder,
                env={**environment, "GOMAXPROCS": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PolicyRefused(f"the policy was not done after {self._deadline_s:g} s") from None
        except OSError as error:
            raise EngineAway(f"opa cannot be run: {error}") from None
        if len(done.stdout) > _MAX_OUTPUT:
            raise PolicyRefused("the policy's answer is too large")
        return done


def _problems(text: str) -> list[Problem]:
    try:
        found = json.loads(text)["errors"]
    except (ValueError, KeyError, TypeError):
        return [Problem("", 1, 1, "rego_error", text.strip()[:2_000] or "the policy does not compile")]
    problems = []
    for item in found:
        at = item.get("location") or {}
        file = Path(str(at.get("file", ""))).name
        problems.append(
            Problem(
                file,
                int(at.get("row", 1)),
                int(at.get("col", 1)),
                str(item.get("code", "")),
                str(item["message"]),
            )
        )
    return problems


def _result(item: dict[str, Any]) -> TestResult:
    failed = bool(item.get("fail") or item.get("error") or item.get("skip"))
    error = item.get("error")
    detail = str(error.get("message", "")) if isinstance(error, dict) else ""
    return TestResult(str(item.get("package", "")), str(item.get("name", "")), not failed, detail)


def _coverage(text: str) -> Coverage | None:
    try:
        found = json.loads(text)
        missed = {
            Path(file).name: [(int(r["start"]["row"]), int(r["end"]["row"])) for r in lines["not_covered"]]
            for file, lines in found["files"].items()
            if lines.get("not_covered")
        }
        return Coverage(round(float(found["coverage"]), 1), missed)
    except (ValueError, KeyError, TypeError):
        return None


def _texts(done: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    text = (done.stderr or done.stdout).strip()[:2_000]
    return [{"in": "body", "pointer": "", "detail": text}]
