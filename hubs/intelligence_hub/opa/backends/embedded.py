"""The embedded engine: Rego interpreted in this process by rego-cpp (package ``regopy``).

Findings that shape it: an interpreter belongs to one thread; a query compiled anew costs fifty times a
compiled one, so compiled ones are kept per thread; a built-in that fails must fail the decision (strict); the
library must be imported before SQLAlchemy, or every evaluation leaks two kilobytes (see the decision record).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import regopy
from regopy import Interpreter, RegoError

from hubs.intelligence_hub.opa.adhoc import answer_query
from hubs.intelligence_hub.opa.backends.native import first_line, give_input, run
from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadPolicy, BadQuery, EngineAway, EvaluationFailed
from hubs.intelligence_hub.opa.evaluators import Evaluators, within_limit
from hubs.intelligence_hub.opa.exact import read_exact

_MAX_COMPILED = 256
# Once per process: a second call aborts it.
regopy.set_default_log_level("None")
_RULE = re.compile(r"^(?:default\s+)?([A-Za-z_]\w*)", re.MULTILINE)
_NOT_RULES = frozenset({"package", "import", "default", "else"})
_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class _Policies:
    """One set of policies, replaced as a whole."""

    modules: Mapping[str, str]
    data: Mapping[str, Any]
    provenance: dict[str, Any]


class _Own(threading.local):
    """One thread's interpreter, the policies in it, and what it has compiled."""

    policies: _Policies | None = None
    interpreter: Any = None
    compiled: OrderedDict[tuple[str, ...], Any]


class EmbeddedEngine:
    """Evaluates a set of modules and data; ``load`` replaces them as a whole."""

    name = "embedded"

    def __init__(self) -> None:
        self._own = _Own()
        self._policies: _Policies | None = None
        self._evaluators = Evaluators(self.evaluate)
        self.revision = ""

    def load(self, modules: dict[str, str], data: dict[str, Any], revision: str) -> None:
        """Take another set of policies, whole or not at all.

        Raises: BadPolicy naming the module that does not compile.
        """
        interpreter = _interpreter(modules, data)
        _build(interpreter, "found = data", BadPolicy)
        provenance = {"bundles": {"platform": {"revision": revision}}, "engine": self.name}
        self._policies = _Policies(dict(modules), dict(data), provenance)
        self.revision = revision

    def evaluate(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the document at a path for an input.

        Raises: BadQuery, EvaluationFailed; EngineAway before any policies are loaded.
        """
        began = time.perf_counter()
        own, policies = self._own, self._in_force()
        if own.policies is not policies:
            own.interpreter = _interpreter(policies.modules, policies.data)
            own.compiled = OrderedDict()
            own.policies = policies
        bundle = own.compiled.get(path)
        if bundle is None:
            # Bound to a name: a bare expression that is false would count as undefined.
            bundle = own.compiled[path] = _build(own.interpreter, f"found = {_query(path)}", BadQuery)
            if len(own.compiled) > _MAX_COMPILED:
                own.compiled.popitem(last=False)
        size = give_input(own.interpreter, {} if question is MISSING else question)
        text = run(own.interpreter, bundle)
        size += len(text)
        if text == b"undefined":
            return Answer(False, None, policies.provenance, time.perf_counter() - began, size)
        try:
            value = read_exact(text)["bindings"]["found"]
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            # "<error>", and whatever else is not a value.
            raise EvaluationFailed("the policy failed on this input") from error
        return Answer(True, value, policies.provenance, time.perf_counter() - began, size)

    async def ask(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the same from a thread made for it.

        Raises: EngineTimeout, and as ``evaluate``.
        """
        self._in_force()
        return await self._evaluators.ask(path, question)

    def close(self) -> None:
        """Let the threads end."""
        self._evaluators.close()

    async def explain(self, path: tuple[str, ...], question: Any) -> list[str]:
        """Return what each rule of the document's package says for the input.

        Raises: BadQuery, EvaluationFailed, EngineAway, EngineTimeout.
        """
        package = ".".join(path[:-1])
        declares = re.compile(rf"^package\s+{re.escape(package)}\s*(#.*)?$", re.MULTILINE)
        texts = [text for text in self.policies().values() if declares.search(text)]
        names = {name for text in texts for name in _RULE.findall(text)} - _NOT_RULES
        async with within_limit():
            return [await self._told((*path[:-1], name), question) for name in sorted(names)]

    async def _told(self, path: tuple[str, ...], question: Any) -> str:
        name = ".".join(("data", *path))
        try:
            answer = await self.ask(path, question)
        except (BadQuery, EvaluationFailed) as error:
            # A function has no value of its own.
            return f"{name}: {error.detail}"
        value = json.dumps(answer.value, ensure_ascii=False) if answer.is_defined else "undefined"
        return f"{name} = {value}"

    def health(self) -> None:
        """Return when there are policies to decide by. Raises: EngineAway."""
        self._in_force()

    def policies(self) -> dict[str, str]:
        """Return the source of each module by its id."""
        return dict(self._policies.modules) if self._policies else {}

    async def query(self, query: str, question: Any) -> dict[str, Any]:
        """Return the bindings of a query for documents.

        Raises: NotOffered, EngineTimeout, and as ``evaluate``.
        """
        return await answer_query(self, query, question)

    def data(self) -> dict[str, Any]:
        """Return the data beside the modules."""
        return dict(self._policies.data) if self._policies else {}

    def _in_force(self) -> _Policies:
        if self._policies is None:
            raise EngineAway("no policies are loaded yet: nothing is allowed")
        return self._policies


def _interpreter(modules: Mapping[str, str], data: Mapping[str, Any]) -> Any:
    interpreter = Interpreter()
    interpreter.strict_built_in_errors = True
    for module_id, source in modules.items():
        try:
            interpreter.add_module(module_id, source)
        except (RegoError, ValueError) as error:
            raise BadPolicy(f"{module_id}: {first_line(str(error), 'does not compile')}") from error
    if data:
        interpreter.add_data(dict(data))
    return interpreter


def _build(interpreter: Any, query: str, cls: type[BadPolicy] | type[BadQuery]) -> Any:
    try:
        bundle = interpreter.build(query, [])
    except (RegoError, ValueError) as error:
        raise cls(f"{query}: {first_line(str(error), 'does not compile')}") from error
    if not bundle.ok():
        raise cls(f"{query} does not compile")
    return bundle


def _query(path: tuple[str, ...]) -> str:
    parts = ["data"]
    for part in path:
        if _PLAIN.match(part):
            parts.append(f".{part}")
        elif '"' in part or "\\" in part or len(part) > 200 or not part.isprintable():
            raise BadQuery(f"{part[:60]!r} is not a name in a path")
        else:
            parts.append(f'["{part}"]')
    return "".join(parts)
