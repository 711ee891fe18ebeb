"""The embedded engine: Rego interpreted in this process by rego-cpp (package ``regopy``).

Findings that shape it: an interpreter belongs to one thread; a query compiled anew costs fifty times a
compiled one, so compiled ones are kept per thread; a built-in that fails must fail the decision (strict); the
library must be imported before SQLAlchemy, or every evaluation leaks two kilobytes (see the decision record).
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from typing import Any

import regopy
from regopy import Input, Interpreter, RegoError

from hubs.intelligence_hub.opa.adhoc import answer_query
from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadPolicy, BadQuery, EngineAway, EvaluationFailed

_MAX_INPUT_BYTES = 2**20
_MAX_DEPTH = 64
_MAX_COMPILED = 256
# Once per process: a second call aborts it.
regopy.set_default_log_level("None")
_RULE = re.compile(r"^(?:default\s+)?([A-Za-z_]\w*)", re.MULTILINE)
_NOT_RULES = frozenset({"package", "import", "default", "else"})
_PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


class _Own(threading.local):
    """One thread's interpreter and what it has compiled."""

    generation: int = -1
    interpreter: Any = None
    compiled: OrderedDict[str, Any]


class EmbeddedEngine:
    """Evaluates a set of modules and data; ``load`` replaces them as a whole."""

    name = "embedded"

    def __init__(self) -> None:
        self._own = _Own()
        self._lock = threading.Lock()
        self._generation = 0
        self._modules: dict[str, str] = {}
        self._data: dict[str, Any] = {}
        self.revision = ""

    def load(self, modules: dict[str, str], data: dict[str, Any], revision: str) -> None:
        """Take another set of policies, whole or not at all.

        Raises: BadPolicy naming the module that does not compile.
        """
        interpreter = _interpreter(modules, data)
        _build(interpreter, "found = data", BadPolicy)
        with self._lock:
            self._modules, self._data, self.revision = dict(modules), dict(data), revision
            self._generation += 1

    def evaluate(self, path: tuple[str, ...], question: Any) -> Answer:
        """Return the document at a path for an input.

        Raises: BadQuery, EvaluationFailed; EngineAway before any policies are loaded.
        """
        self.health()
        interpreter, compiled = self._ready()
        # Bound to a name: a bare expression that is false would count as undefined.
        query = f"found = {_query(path)}"
        bundle = compiled.get(query)
        if bundle is None:
            bundle = compiled[query] = _build(interpreter, query, BadQuery)
            if len(compiled) > _MAX_COMPILED:
                compiled.popitem(last=False)
        if question is MISSING:
            interpreter.set_input_term("{}")
        else:
            interpreter.set_input(Input(_checked(question)))
        try:
            text = str(interpreter.query_bundle(bundle))
        except (ValueError, RegoError) as error:
            raise EvaluationFailed(_first_line(error)) from error
        return self._read(text)

    def explain(self, path: tuple[str, ...], question: Any) -> list[str]:
        """Return what each rule of the document's package says for the input.

        Raises: BadQuery, EvaluationFailed, EngineAway.
        """
        package = ".".join(path[:-1])
        declares = re.compile(rf"^package\s+{re.escape(package)}\s*(#.*)?$", re.MULTILINE)
        texts = [text for text in self.policies().values() if declares.search(text)]
        names = {name for text in texts for name in _RULE.findall(text)} - _NOT_RULES
        lines = []
        for name in sorted(names):
            try:
                answer = self.evaluate((*path[:-1], name), question)
            except (BadQuery, EvaluationFailed) as error:
                # A function has no value of its own.
                lines.append(f"data.{package}.{name}: {error.detail}")
                continue
            value = json.dumps(answer.value, ensure_ascii=False) if answer.is_defined else "undefined"
            lines.append(f"data.{package}.{name} = {value}")
        return lines

    def health(self) -> None:
        """Return when there are policies to decide by. Raises: EngineAway."""
        if not self._generation:
            raise EngineAway("no policies are loaded yet: nothing is allowed")

    def policies(self) -> dict[str, str]:
        """Return the source of each module by its id."""
        return dict(self._modules)

    def query(self, query: str, question: Any) -> dict[str, Any]:
        """Return the bindings of a query for documents.

        Raises: NotOffered, and as ``evaluate``.
        """
        return answer_query(self, query, question)

    def data(self) -> dict[str, Any]:
        """Return the data beside the modules."""
        return dict(self._data)

    def _ready(self) -> tuple[Any, OrderedDict[str, Any]]:
        own = self._own
        with self._lock:
            generation, modules, data = self._generation, self._modules, self._data
        if own.generation != generation:
            own.interpreter = _interpreter(modules, data)
            own.compiled = OrderedDict()
            own.generation = generation
        return own.interpreter, own.compiled

    def _read(self, text: str) -> Answer:
        provenance = {"bundles": {"platform": {"revision": self.revision}}, "engine": self.name}
        if text == "undefined":
            return Answer(False, None, provenance)
        try:
            return Answer(True, json.loads(text)["bindings"]["found"], provenance)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            # "<error>", and whatever else is not a value.
            raise EvaluationFailed("the policy failed on this input") from error


def _interpreter(modules: dict[str, str], data: dict[str, Any]) -> Any:
    interpreter = Interpreter()
    interpreter.strict_built_in_errors = True
    for module_id, source in modules.items():
        try:
            interpreter.add_module(module_id, source)
        except (RegoError, ValueError) as error:
            raise BadPolicy(f"{module_id}: {_first_line(error)}") from error
    if data:
        interpreter.add_data(data)
    return interpreter


def _build(interpreter: Any, query: str, cls: type[BadPolicy] | type[BadQuery]) -> Any:
    try:
        bundle = interpreter.build(query, [])
    except (RegoError, ValueError) as error:
        raise cls(f"{query}: {_first_line(error)}") from error
    if not bundle.ok():
        raise cls(f"{query} does not compile")
    return bundle


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "does not compile")[:300]


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


def _checked(question: Any) -> Any:
    if _depth(question) > _MAX_DEPTH:
        raise BadQuery(f"the input is nested deeper than {_MAX_DEPTH}")
    if len(json.dumps(question)) > _MAX_INPUT_BYTES:
        raise BadQuery(f"the input has more than {_MAX_INPUT_BYTES} bytes")
    return question


def _depth(value: Any, level: int = 0) -> int:
    if level > _MAX_DEPTH:
        return level
    if isinstance(value, dict):
        return max((_depth(item, level + 1) for item in value.values()), default=level + 1)
    if isinstance(value, list):
        return max((_depth(item, level + 1) for item in value), default=level + 1)
    return level
