"""The checker process: ``python -m hubs.security_hub.policy.checker`` reads a question as JSON and answers
as JSON.

Rego that nobody trusts yet runs here, in a process with little memory and little time, never in a hub: the
interpreter has no limits of its own.
"""

from __future__ import annotations

import json
import os
import re
import resource
import sys
import threading
import time
from typing import Any

from hubs.security_hub.policy.source import with_braced_negations, with_given_input

MEMORY_BYTES = 512 * 2**20
CPU_S = 20
OUT_OF_MEMORY = 137
_LOOK_EVERY_S = 0.02
_ERROR = re.compile(
    r"\(error \d+:(?P<file>[^|]*)\|(?P<at>\d+)\|\d+\s*\(errormsg (?P<size>\d+):(?P<rest>.*)", re.DOTALL
)


def main() -> int:
    """Answer one question and end."""
    # The interpreter prints its complaints; they must not end up in the answer.
    answers = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=_watch_memory, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    question = json.load(sys.stdin)
    match question["verb"]:
        case "check":
            answer: Any = check(question["modules"])
        case "test":
            answer = test(question["modules"], question["data"], question["packages"])
        case _:
            answer = decide(question["modules"], question["data"], question["path"], question["inputs"])
    with os.fdopen(answers, "w") as file:
        json.dump(answer, file)
    return 0


def _watch_memory() -> None:
    """End the process when it holds too much; the interpreter's allocator bears no limit of address space."""
    page = resource.getpagesize()
    while True:
        with open("/proc/self/statm") as file:  # noqa: PTH123 - this thread must stay small
            resident = int(file.read().split()[1]) * page
        if resident > MEMORY_BYTES:
            os._exit(OUT_OF_MEMORY)
        time.sleep(_LOOK_EVERY_S)


def check(modules: dict[str, str]) -> list[dict[str, Any]]:
    """Return what the interpreter's compiler finds wrong: file, row, column, message."""
    from regopy import Interpreter
    from regopy.rego_shared import RegoError

    interpreter = _quiet(Interpreter)
    for file, text in modules.items():
        try:
            # Tests run here alone; a policy must load wherever the interpreter decides by it.
            is_test = file.endswith("_test.rego")
            interpreter.add_module(file, with_braced_negations(text) if is_test else text)
        except RegoError as error:
            return [_problem(str(error), modules, file)]
    return []


def test(modules: dict[str, str], data: dict[str, Any], packages: list[str]) -> list[dict[str, Any]]:
    """Return how each ``test_`` rule of the packages ended."""
    interpreter = _loaded(modules, data)
    results = []
    for package in packages:
        declares = re.compile(rf"^package\s+{re.escape(package)}\s*(#.*)?$", re.MULTILINE)
        texts = [text for text in modules.values() if declares.search(text)]
        for name in sorted(set(re.findall(r"^(test_\w+)", "\n".join(texts), re.MULTILINE))):
            # One rule at a time: asking for a whole package of tests has brought the interpreter down.
            is_passed = _value(interpreter.query(f"found := data.{package}.{name}")) is True
            results.append({"package": f"data.{package}", "name": name, "is_passed": is_passed})
    return results


def decide(
    modules: dict[str, str], data: dict[str, Any], path: str, inputs: list[Any]
) -> list[dict[str, Any]]:
    """Return what ``data.<path>`` is for each input."""
    from regopy import Input

    interpreter = _loaded(modules, data)
    # Bound to a name: a bare expression that is false would count as undefined.
    query = "found := data." + path.replace("/", ".")
    outcomes = []
    for given in inputs:
        interpreter.set_input(Input({"given": given}))
        answer = interpreter.query(query)
        if not answer.ok():
            outcomes.append({"is_defined": False, "error": str(answer)[:300]})
            continue
        value = _value(answer)
        outcomes.append(
            {"is_defined": value is not _UNDEFINED, "value": None if value is _UNDEFINED else value}
        )
    return outcomes


_UNDEFINED = object()


def _quiet(interpreter_class: Any) -> Any:
    import regopy

    regopy.set_default_log_level("None")
    return interpreter_class()


def _loaded(modules: dict[str, str], data: dict[str, Any]) -> Any:
    from regopy import Interpreter

    interpreter = _quiet(Interpreter)
    for file, text in modules.items():
        interpreter.add_module(file, with_given_input(with_braced_negations(text)))
    if data:
        interpreter.add_data(data)
    return interpreter


def _value(answer: Any) -> Any:
    text = str(answer)
    if text in ("undefined", "<error>") or not answer.ok():
        return _UNDEFINED
    return json.loads(text).get("bindings", {}).get("found", _UNDEFINED)


def _problem(text: str, modules: dict[str, str], file: str) -> dict[str, Any]:
    found = _ERROR.search(text)
    if found is None:
        return {"file": file, "row": 1, "col": 1, "message": text.strip()[:500]}
    name = found["file"] or file
    source = modules.get(name, "").encode()[: int(found["at"])].decode(errors="replace")
    row, col = source.count("\n") + 1, len(source) - source.rfind("\n")
    return {"file": name, "row": row, "col": col, "message": found["rest"][: int(found["size"])]}


if __name__ == "__main__":
    sys.exit(main())
