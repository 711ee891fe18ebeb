"""Ad-hoc queries as far as the embedded engine answers them: documents bound to names, each with an input.

``x := data.a.b; data.c.d with input as {...}``: what OPA's clients make of bulk questions. Anything else
would have to be compiled from a stranger's text in the process that decides.
"""

from __future__ import annotations

import json
import re
from typing import Any

from hubs.intelligence_hub.opa.engine import PolicyEngine
from hubs.intelligence_hub.opa.errors import NotOffered
from hubs.intelligence_hub.opa.evaluators import within_limit

_STATEMENT = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_]\w*)\s*:?=\s*)?data(?P<path>(?:\.[A-Za-z_]\w*|\[\"[^\"\\]*\"\])*)\s*"
    r"(?P<given>with\s+input\s+as\s*)?"
)
_PART = re.compile(r"\.([A-Za-z_]\w*)|\[\"([^\"\\]*)\"\]")
_MOST = 1_000


async def answer_query(engine: PolicyEngine, query: str, question: Any) -> dict[str, Any]:
    """Return ``{"result": [bindings]}``, or nothing when a statement is undefined or false.

    Raises: NotOffered for other queries; EngineTimeout when all of it takes too long; what the engine raises.
    """
    bindings: dict[str, Any] = {}
    async with within_limit():
        for name, path, given in _statements(query, question):
            answer = await engine.ask(path, given)
            if not answer.is_defined or (not name and answer.value is False):
                return {}
            if name:
                bindings[name] = answer.value
    return {"result": [bindings]}


def _statements(query: str, question: Any) -> list[tuple[str, tuple[str, ...], Any]]:
    found: list[tuple[str, tuple[str, ...], Any]] = []
    at, decoder = 0, json.JSONDecoder()
    while at < len(query):
        match = _STATEMENT.match(query, at)
        if match is None or len(found) >= _MOST:
            raise NotOffered(f"only documents are asked for here, at {query[at : at + 40]!r}")
        at, given = match.end(), question
        if match["given"]:
            try:
                given, at = decoder.raw_decode(query, at)
            except ValueError:
                raise NotOffered(f"an input is JSON here, at {query[at : at + 40]!r}") from None
        path = tuple(a or b for a, b in _PART.findall(match["path"]))
        found.append((match["name"] or "", path, given))
        rest = re.compile(r"\s*(;|$)").match(query, at)
        if rest is None:
            raise NotOffered(f"only documents are asked for here, at {query[at : at + 40]!r}")
        at = rest.end()
    return found
