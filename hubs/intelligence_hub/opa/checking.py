"""Try policies in a process of its own before this one loads them: the interpreter may abort or run away.

``python -m hubs.intelligence_hub.opa.checking`` reads ``{"modules", "data", "questions": [{"path",
"input"}]}`` and answers ``{"answers": [{"is_defined", "value"} | {"error"}]}``; any other end means that the
policies are bad.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from hubs.intelligence_hub.opa.errors import BadPolicy

_CPU_S = 4
_MEMORY_BYTES = 512 * 2**20
_MAX_MODULE_BYTES = 2**20


def try_policies(
    modules: dict[str, str],
    data: dict[str, Any],
    questions: list[dict[str, Any]],
    *,
    timeout_s: float = 10.0,
) -> list[dict[str, Any]]:
    """Compile modules elsewhere and ask them; return an answer per question.

    Raises: BadPolicy with what the compiler said, or that it crashed or took too long.
    """
    if sum(len(source) for source in modules.values()) > _MAX_MODULE_BYTES:
        raise BadPolicy(f"the modules have more than {_MAX_MODULE_BYTES} bytes")
    body = json.dumps({"modules": modules, "data": data, "questions": questions})
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hubs.intelligence_hub.opa.checking"],
            input=body,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadPolicy(f"the policies did not answer within {timeout_s:g} s") from None
    if done.returncode == 2:
        raise BadPolicy(done.stderr.strip()[-500:] or "the policies do not compile")
    if done.returncode:
        raise BadPolicy("the policies make the interpreter fail; they are not loaded")
    answers: list[dict[str, Any]] = json.loads(done.stdout)["answers"]
    return answers


def _watch_memory() -> None:
    # No limit of the kernel's fits: the interpreter reserves address space that it never touches. Nor does
    # the largest size so far: on Linux a process begins with that of the one that started it.
    while _resident_bytes() < _MEMORY_BYTES:
        time.sleep(0.05)
    os._exit(3)


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        # macOS: in bytes there, and its own.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Read the question from standard input and answer it."""
    # The interpreter prints its complaints; they must not end up in the answer.
    answers_to = os.dup(1)
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    threading.Thread(target=_watch_memory, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
    from hubs.intelligence_hub.opa.engine import MISSING
    from shared.core.errors import AppError

    asked = json.load(sys.stdin)
    engine = EmbeddedEngine()
    try:
        engine.load(asked["modules"], asked["data"], "candidate")
    except AppError as error:
        print(error.detail, file=sys.stderr)
        return 2
    answers: list[dict[str, Any]] = []
    for question in asked["questions"]:
        try:
            answer = engine.evaluate(tuple(question["path"]), question.get("input", MISSING))
            answers.append({"is_defined": answer.is_defined, "value": answer.value})
        except AppError as error:
            answers.append({"error": error.detail})
    with os.fdopen(answers_to, "w") as file:
        json.dump({"answers": answers}, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
