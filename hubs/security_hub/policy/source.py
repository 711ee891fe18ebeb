"""Reading Rego just far enough to refuse what must not be there, with the place where it stands.

The engines check the rest. This comes first because it is quick, bounded, and the same whichever engine is
there: syntax from before Rego v1, functions nobody knows, and those that reach the network or tell about
the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

MAX_FILE_BYTES = 262_144
MAX_FILES = 60
FORBIDDEN = {
    "http.send": "policies decide by what they are given and reach no network",
    "opa.runtime": "policies do not look at the process that runs them",
    "net.lookup_ip_addr": "policies decide by what they are given and reach no network",
}
KEYWORDS = frozenset((
    "as", "contains", "default", "else", "every", "false", "if", "import", "in", "not", "null", "package",
    "some", "true", "with",
))  # fmt: skip
_BEFORE_VALUES = KEYWORDS - {"true", "false", "null"}
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)|(?P<raw>\$?`[^`]*`)|(?P<string>\$?\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>[0-9][0-9A-Za-z_.]*)|(?P<newline>\n)"
    r"|(?P<space>[ \t\r]+)|(?P<mark>:=|==|!=|<=|>=|.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where (rows and columns count from 1)."""

    file: str
    row: int
    col: int
    code: str
    message: str


@dataclass(frozen=True)
class Token:
    """One token that means something."""

    kind: str
    text: str
    row: int
    col: int
    is_line_start: bool
    is_joined: bool
    """Nothing stands between it and the token before."""


@dataclass
class Module:
    """What one file declares."""

    file: str
    package: str
    aliases: set[str]
    rules: set[str]


@cache
def builtins() -> frozenset[str]:
    """Return the names of the functions that policies may call."""
    text = (files(__package__) / "builtins.txt").read_text("utf-8")
    names = {n for line in text.splitlines() if not line.startswith("#") for n in line.split()}
    # The empty set is written like a call.
    return frozenset(names | {"set"})


def examine(sources: Mapping[str, str]) -> tuple[list[Module], list[Problem]]:
    """Return what the files declare, and everything that must not be in them."""
    problems: list[Problem] = []
    if len(sources) > MAX_FILES:
        return [], [Problem("", 1, 1, "too-many-files", f"at most {MAX_FILES} files")]
    parsed: list[tuple[Module, list[Token]]] = []
    for file, text in sorted(sources.items()):
        if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
            problems.append(Problem(file, 1, 1, "too-large", f"a file has at most {MAX_FILE_BYTES} bytes"))
            continue
        tokens = list(scan(text))
        module = _module(file, tokens, problems)
        parsed.append((module, tokens))
    by_package: dict[str, set[str]] = {}
    for module, _ in parsed:
        by_package.setdefault(module.package, set()).update(module.rules)
    for module, tokens in parsed:
        problems += _calls(module, tokens, by_package[module.package])
        problems += _former_syntax(module.file, tokens)
    return [module for module, _ in parsed], sorted(problems, key=lambda p: (p.file, p.row, p.col))


def with_given_input(text: str) -> str:
    """Return Rego that finds its input one level deeper, under ``input.given``.

    The embedded interpreter fails when a test replaces the whole of ``input`` and the policy then calls a
    function; a part of it may be replaced.
    """
    out, at, before = [], 0, ""
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "name" and match[0] == "input" and before != ".":
            out.append(text[at : match.end()] + ".given")
            at = match.end()
        if match.lastgroup not in ("space", "comment", "newline"):
            before = match[0]
    return "".join(out) + text[at:]


def with_braced_negations(text: str) -> str:
    """Return Rego whose bodies of the form ``if not a with b`` stand in braces.

    The embedded interpreter takes both words in a body, but not in one without braces.
    """
    out, at = [], 0
    for begin, end in _bare_negations(text):
        out += [text[at:begin], "{", text[begin:end], "}"]
        at = end
    return "".join(out) + text[at:]


def _bare_negations(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the body of each ``if not a with b`` begins and ends."""
    before, begin, end, depth, has_with, is_line_over = "", -1, 0, 0, False, False
    for match in _TOKEN.finditer(text):
        kind, word = match.lastgroup, match[0]
        if kind in ("space", "comment"):
            continue
        if kind == "newline":
            is_line_over = depth == 0
            continue
        if begin >= 0 and depth == 0 and ((is_line_over and word != "with") or word in ("else", "}")):
            if has_with:
                yield begin, end
            begin = -1
        if begin < 0 and word == "not" and before == "if":
            begin, depth, has_with = match.start(), 0, False
        if begin >= 0:
            depth += (word in "([{") - (word in ")]}") if kind == "mark" else 0
            has_with = has_with or (kind == "name" and word == "with")
        before, end, is_line_over = word, match.end(), False
    if begin >= 0 and has_with and depth == 0:
        yield begin, end


def scan(text: str) -> Iterator[Token]:
    """Yield the tokens that mean something, in order."""
    row, line_start, fresh, joined = 1, 0, True, False
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup or "mark", match[0]
        if kind == "newline":
            row, line_start, fresh, joined = row + 1, match.end(), True, False
            continue
        if kind not in ("space", "comment"):
            yield Token(kind, value, row, match.start() - line_start + 1, fresh, joined)
            fresh, joined = False, True
        else:
            joined = False
        if (breaks := value.count("\n")) and kind == "raw":
            row, line_start = row + breaks, match.start() + value.rfind("\n") + 1


def _module(file: str, tokens: list[Token], problems: list[Problem]) -> Module:
    module = Module(file, "", set(), set())
    depth = 0
    for index, token in enumerate(tokens):
        if token.text in "([{" and token.kind == "mark":
            depth += 1
        elif token.text in ")]}" and token.kind == "mark":
            depth -= 1
        if depth or not token.is_line_start or token.kind != "name":
            continue
        if token.text == "package":
            module.package = dotted(tokens, index + 1)[0]
        elif token.text == "import":
            path, end = dotted(tokens, index + 1)
            has_alias = end + 1 < len(tokens) and tokens[end].text == "as"
            module.aliases.add(tokens[end + 1].text if has_alias else path.rpartition(".")[2])
        elif token.text == "default":
            module.rules.add(dotted(tokens, index + 1)[0])
        elif token.text not in KEYWORDS:
            module.rules.add(dotted(tokens, index)[0])
    if not module.package:
        problems.append(Problem(file, 1, 1, "rego_parse_error", "package expected"))
    return module


def dotted(tokens: list[Token], index: int) -> tuple[str, int]:
    """Return the dotted name that begins at a token, and the index after it."""
    parts: list[str] = []
    while index < len(tokens) and tokens[index].kind == "name":
        parts.append(tokens[index].text)
        if index + 2 < len(tokens) and tokens[index + 1].text == "." and tokens[index + 2].kind == "name":
            index += 2
            continue
        index += 1
        break
    return ".".join(parts), index


def _calls(module: Module, tokens: list[Token], rules: set[str]) -> Iterator[Problem]:
    index = 0
    while index < len(tokens):
        token = tokens[index]
        is_after_dot = index > 0 and tokens[index - 1].text == "." and tokens[index - 1].kind == "mark"
        if token.kind != "name" or is_after_dot:
            index += 1
            continue
        name, end = dotted(tokens, index)
        index = end
        if name in FORBIDDEN:
            yield Problem(
                module.file, token.row, token.col, "forbidden-builtin", f"{name}: {FORBIDDEN[name]}"
            )
            continue
        is_call = end < len(tokens) and tokens[end].text == "(" and tokens[end].is_joined
        head = name.partition(".")[0]
        is_known = name in rules or head in rules or head in module.aliases or head in ("data", "input")
        if is_call and not is_known and name not in builtins() and name not in KEYWORDS:
            message = f"undefined function {name}"
            yield Problem(module.file, token.row, token.col, "rego_type_error", message)


def _former_syntax(file: str, tokens: list[Token]) -> Iterator[Problem]:
    """Yield rule bodies without ``if`` and sets without ``contains``: Rego from before v1."""
    depth, head = 0, None
    for index, token in enumerate(tokens):
        if (
            depth == 0
            and token.is_line_start
            and token.kind == "name"
            and token.text not in ("package", "import")
        ):
            head = token
        if token.kind == "mark" and token.text in "([{":
            before = tokens[index - 1] if index else None
            is_body = token.text == "{" and depth == 0 and before is not None
            # After a name, a literal or a bracket a brace opens a body; after an operator it is a value.
            is_bare = (
                is_body
                and before is not None
                and (
                    (before.kind == "name" and before.text not in _BEFORE_VALUES)
                    or before.kind in ("string", "number", "raw")
                    or before.text in ("]", ")", "}")
                )
            )
            if (is_bare or (is_body and before is not None and before.text == "else")) and head is not None:
                message = "`if` keyword is required before rule body"
                yield Problem(file, head.row, head.col, "rego_parse_error", message)
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth = max(0, depth - 1)
