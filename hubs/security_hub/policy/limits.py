"""What the embedded interpreter would decide otherwise than Open Policy Agent: refused before it can.

Found by putting the same Rego to both (tests/contract/intelligence_hub/rego_cases.toml). Only sources are
held to this, not their tests: tests never reach the process that decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hubs.security_hub.policy.source import KEYWORDS, Module, Problem, Token, builtins, dotted, examine, scan

CODE = "not-in-embedded"
_LATER = "; decide with an Open Policy Agent to use it"
# name: what the interpreter does in its place.
UNFAITHFUL: dict[str, str] = {
    "lower": "changes ASCII letters only",
    "upper": "changes ASCII letters only",
    "sort": "orders values of different types otherwise",
    "object.union": "does not merge nested objects",
    "object.union_n": "does not merge nested objects",
    "urlquery.encode": "writes %20 for a space",
    "urlquery.decode": "does not read + as a space",
    "semver.compare": "compares numbers as texts",
    "time.parse_rfc3339_ns": "does not read times that end in Z",
    "time.diff": "counts days of months otherwise",
    "time.format": "writes fractions that are zero",
}
MISSING_HEADS = ("net.", "graphql.", "providers.", "rego.metadata.", "crypto.x509.")
MISSING = frozenset(
    ["json.match_schema", "json.verify_schema", "rego.parse_module", "strings.render_template", "trace"]
)
_ORDER = frozenset(["<", ">", "<=", ">="])


def beyond_embedded(sources: Mapping[str, str]) -> list[Problem]:
    """Return what the interpreter cannot be trusted with, and what it would take although OPA refuses it."""
    modules, _ = examine(sources)
    found: list[Problem] = []
    rules_of: dict[str, set[str]] = {}
    for module in modules:
        rules_of.setdefault(module.package, set()).update(_heads(module.rules))
    edges: dict[str, set[str]] = {}
    places: dict[str, tuple[str, Token]] = {}
    for module in modules:
        tokens = list(scan(sources[module.file]))
        known = rules_of[module.package]
        found += _tokens_refused(module, tokens)
        for rule in _rules(tokens):
            found += _names_refused(module, rule, known)
            node = f"{module.package}.{_head(rule)}"
            places.setdefault(node, (module.file, rule[0]))
            edges.setdefault(node, set()).update(_refers_to(module, rule, rules_of))
    for node in sorted(edges):
        if _reaches(node, node, edges):
            file, token = places[node]
            found.append(
                Problem(
                    file, token.row, token.col, "rego_recursion_error", f"rule data.{node} refers to itself"
                )
            )
    return sorted(found, key=lambda p: (p.file, p.row, p.col))


def _heads(rules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in rules}


def _problem(module: Module, token: Token, message: str) -> Problem:
    return Problem(module.file, token.row, token.col, CODE, f"{message}{_LATER}")


def _tokens_refused(module: Module, tokens: list[Token]) -> Iterator[Problem]:
    for index, token in enumerate(tokens):
        before = tokens[index - 1] if index else None
        if token.kind == "name" and token.text == "with":
            yield _problem(module, token, "the embedded interpreter cannot replace values: with")
        elif token.kind == "name" and (before is None or before.text != "."):
            name, end = dotted(tokens, index)
            if end < len(tokens) and tokens[end].text == "(" and tokens[end].is_joined:
                yield from _call_refused(module, token, name, tokens, end)
        elif token.kind == "mark" and token.text in _ORDER:
            after = tokens[index + 1] if index + 1 < len(tokens) else None
            for side in (before, after):
                if side is not None and (
                    side.kind in ("string", "raw")
                    or side.text in ("null", "true", "false", "{", "[", "]", "}")
                ):
                    if side.text in ("[", "]") and side is before:
                        # What ends in a bracket is an element of something, not a literal.
                        continue
                    yield _problem(module, token, "the embedded interpreter orders numbers only")
                    break
        elif token.kind == "mark" and token.text == "[" and _generators(tokens, index) > 1:
            yield _problem(module, token, "the embedded interpreter orders nested generators otherwise")


def _call_refused(
    module: Module, token: Token, name: str, tokens: list[Token], paren: int
) -> Iterator[Problem]:
    if name in UNFAITHFUL:
        yield _problem(module, token, f"the embedded {name} {UNFAITHFUL[name]}")
    elif name in MISSING or name.startswith(MISSING_HEADS):
        yield _problem(module, token, f"the embedded interpreter has no {name}")
    arguments = _arguments(tokens, paren)
    if name == "concat" and len(arguments) == 2 and arguments[1][0].text not in ("[", "input"):
        yield _problem(module, token, "the embedded concat takes sets in no order; give it an array")
    if name == "sprintf" and len(arguments) == 2 and arguments[0][0].kind in ("string", "raw"):
        verbs = arguments[0][0].text.replace("%%", "").count("%")
        values = arguments[1]
        if values[0].text == "[" and _items(values) != verbs:
            message = f"sprintf has {verbs} verbs and {_items(values)} values"
            yield Problem(module.file, token.row, token.col, CODE, message)


def _arguments(tokens: list[Token], paren: int) -> list[list[Token]]:
    """Return the tokens of each argument of a call whose parenthesis opens at an index."""
    depth, found = 0, [[]]  # type: ignore[var-annotated]
    for token in tokens[paren:]:
        if token.kind == "mark" and token.text in ")]}":
            depth -= 1
            if depth == 0:
                break
        if depth == 1 and token.text == "," and token.kind == "mark":
            found.append([])
        elif depth:
            found[-1].append(token)
        if token.kind == "mark" and token.text in "([{":
            depth += 1
    return [argument for argument in found if argument]


def _items(literal: list[Token]) -> int:
    depth = count = 0
    for token in literal:
        if token.kind == "mark" and token.text in "([{":
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
        elif depth == 1 and token.text == ",":
            count += 1
    return 0 if len(literal) == 2 else count + 1


def _generators(tokens: list[Token], index: int) -> int:
    """Return how many ``some`` an array comprehension has that opens at an index; 0 for what is none."""
    depth, bar, count = 0, False, 0
    for token in tokens[index:]:
        if token.kind == "mark" and token.text in "([{":
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
            if depth == 0:
                break
        elif depth == 1 and token.text == "|":
            bar = True
        elif depth == 1 and bar and token.text == "some":
            count += 1
    return count if bar else 0


def _rules(tokens: list[Token]) -> Iterator[list[Token]]:
    """Yield the tokens of each rule (an ``else`` belongs to the rule before it)."""
    depth, current = 0, []  # type: ignore[var-annotated]
    for token in tokens:
        starts = depth == 0 and token.is_line_start and token.kind == "name" and token.text != "else"
        if starts and current:
            if current[0].text not in ("package", "import"):
                yield current
            current = []
        current.append(token)
        if token.kind == "mark" and token.text in "([{":
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
    if current and current[0].text not in ("package", "import"):
        yield current


def _head(rule: list[Token]) -> str:
    return rule[1].text if rule[0].text == "default" and len(rule) > 1 else rule[0].text


def _names(rule: list[Token]) -> Iterator[tuple[int, Token]]:
    for index, token in enumerate(rule):
        before = rule[index - 1] if index else None
        after = rule[index + 1] if index + 1 < len(rule) else None
        is_member = before is not None and before.text == "." and before.kind == "mark"
        is_key = after is not None and after.text == "(" and after.is_joined
        if token.kind == "name" and not is_member and not is_key and token.text not in KEYWORDS:
            yield index, token


def _names_refused(module: Module, rule: list[Token], known: set[str]) -> Iterator[Problem]:
    bound: set[str] = set()
    assigned: dict[tuple[str, int], Token] = {}
    heads = {name.partition(".")[0] for name in builtins()}
    scopes = _scopes(rule)
    for index, token in enumerate(rule):
        after = rule[index + 1].text if index + 1 < len(rule) else ""
        if token.kind == "name" and token.text == "some":
            bound |= _declared(rule, index + 1)
        if token.kind == "name" and after == ":=" and index:
            place = (token.text, scopes[index])
            if place in assigned:
                message = f"var {token.text} assigned above"
                yield Problem(module.file, token.row, token.col, "rego_compile_error", message)
            assigned[place] = token
        if token.text in (":=", "=") and token.kind == "mark":
            bound |= _pattern(rule, index, -1)
            if token.text == "=":
                bound |= _pattern(rule, index, 1)
        if token.text == "every":
            bound |= _declared(rule, index + 1)
        if token.text == "[" and token.is_joined and index and rule[index - 1].text not in ("(", "[", "{"):
            bound |= {t.text for t in rule[index + 1 : index + 2] if t.kind == "name"}
        if token.text == "(" and token.is_joined and index:
            # The parameters of a function bind; so do output arguments such as those of walk.
            is_head = index == 1
            if is_head or rule[index - 1].text == "walk":
                bound |= {t.text for a in _arguments(rule, index) for t in a if t.kind == "name"}
    free = known | module.aliases | heads | {"input", "data", "_"} | bound
    for index, token in _names(rule):
        if index and token.text not in free and not (rule[0].text == "default" and index == 1):
            message = f"var {token.text} is unsafe"
            yield Problem(module.file, token.row, token.col, "rego_unsafe_var_error", message)


def _scopes(rule: list[Token]) -> list[int]:
    """Return for each token the index of the bracket that it stands in."""
    stack, found = [-1], []
    for index, token in enumerate(rule):
        found.append(stack[-1])
        if token.kind == "mark" and token.text in "([{":
            stack.append(index)
        elif token.kind == "mark" and token.text in ")]}" and len(stack) > 1:
            stack.pop()
        elif token.text == "else":
            stack[0] = -2 - index
    return found


def _declared(rule: list[Token], index: int) -> set[str]:
    names: set[str] = set()
    row = rule[index].row if index < len(rule) else 0
    for token in rule[index:]:
        if token.text in ("in", ";", "{", "}") or token.row != row:
            break
        if token.kind == "name":
            names.add(token.text)
    return names


def _pattern(rule: list[Token], index: int, step: int) -> set[str]:
    """Return the names of the pattern beside an assignment: one name, or those within one literal."""
    at = index + step
    if not 0 <= at < len(rule):
        return set()
    token = rule[at]
    if token.kind == "name":
        return {token.text}
    opens, closes = ("([{", ")]}") if step > 0 else (")]}", "([{")
    if token.kind != "mark" or token.text not in opens:
        return set()
    depth, names = 0, set()
    while 0 <= at < len(rule):
        token = rule[at]
        if token.kind == "mark" and token.text in opens:
            depth += 1
        elif token.kind == "mark" and token.text in closes:
            depth -= 1
            if depth == 0:
                break
        elif token.kind == "name":
            names.add(token.text)
        at += step
    return names


def _refers_to(module: Module, rule: list[Token], rules_of: Mapping[str, set[str]]) -> set[str]:
    """Return the rules that a rule's body names, as ``package.rule``."""
    found: set[str] = set()
    locally = {
        t.text
        for i, t in enumerate(rule)
        if i and i + 1 < len(rule) and rule[i + 1].text == ":=" and t.kind == "name"
    }
    for index, token in enumerate(rule):
        before = rule[index - 1] if index else None
        start = 2 if rule[0].text == "default" else 1
        if token.kind != "name" or index < start or (before is not None and before.text == "."):
            continue
        name, _ = dotted(rule, index)
        if token.text in rules_of[module.package] and token.text not in locally:
            found.add(f"{module.package}.{token.text}")
        elif token.text == "data":
            path = name.removeprefix("data.")
            for package, rules in rules_of.items():
                found |= {f"{package}.{r}" for r in rules if f"{path}.".startswith(f"{package}.{r}.")}
    return found


def _reaches(start: str, goal: str, edges: Mapping[str, set[str]]) -> bool:
    seen: set[str] = set()
    todo = list(edges.get(start, ()))
    while todo:
        node = todo.pop()
        if node == goal:
            return True
        if node not in seen:
            seen.add(node)
            todo += edges.get(node, ())
    return False
