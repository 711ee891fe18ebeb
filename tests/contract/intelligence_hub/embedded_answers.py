"""A process that puts policies to the embedded engine: one line of JSON in for each, one line out.

The interpreter is at home in a process that loads it first; a test process has long loaded all the rest.
"""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
# isort: on

import json
import sys
from typing import Any

from hubs.intelligence_hub.opa.errors import BadPolicy, EvaluationFailed
from hubs.security_hub.policy.limits import beyond_embedded
from hubs.security_hub.policy.source import examine


def answer(text: str, data: dict[str, Any], question: Any) -> Any:
    """Return ``[value]``, "no decision", or "refused" where policies are taken in."""
    sources = {"case.rego": text}
    if examine(sources)[1] or beyond_embedded(sources):
        return "refused"
    engine = EmbeddedEngine()
    try:
        engine.load(sources, data, "r")
        found = engine.evaluate(("cases", "q"), question)
    except BadPolicy:
        return "refused"
    except EvaluationFailed:
        return "no decision"
    return [found.value] if found.is_defined else "no decision"


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        # Marked: the library may write lines of its own.
        print(f"answer {json.dumps(answer(case['text'], case['data'], case['input']))}", flush=True)
