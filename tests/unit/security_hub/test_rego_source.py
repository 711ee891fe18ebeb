"""What is refused before any engine sees it, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubs.security_hub.policy.source import builtins, examine, with_braced_negations, with_given_input

HEAD = "package a\n\n"


def problems(text: str, head: str = HEAD) -> list[tuple[int, int, str]]:
    _, found = examine({"a.rego": head + text})
    return [(problem.row, problem.col, problem.message) for problem in found]


@pytest.mark.parametrize(
    ("text", "row", "col", "message"),
    [
        (
            "allow if http.send({})",
            3,
            10,
            "http.send: policies decide by what they are given and reach no network",
        ),
        ("x := opa.runtime().env", 3, 6, "opa.runtime: policies do not look at the process that runs them"),
        ("y if {\n\tnet.lookup_ip_addr(input.x)\n}", 4, 2, "net.lookup_ip_addr: policies decide by what"),
        ("t if true with http.send as f", 3, 16, "http.send"),
        ("allow if nosuch(input.x)", 3, 10, "undefined function nosuch"),
        ("allow if strings.nosuch(input.x)", 3, 10, "undefined function strings.nosuch"),
        ("allow { input.x }", 3, 1, "`if` keyword is required before rule body"),
        ("allow = true { input.x }", 3, 1, "`if` keyword is required before rule body"),
        ("deny[msg] { msg := 1 }", 3, 1, "`if` keyword is required before rule body"),
        ("f(x) = 1 {\n\tx\n}", 3, 1, "`if` keyword is required before rule body"),
        ("allow if { true } { false }", 3, 1, "`if` keyword is required before rule body"),
        ("x := 1 if { true } else { 2 }", 3, 1, "`if` keyword is required before rule body"),
    ],
)
def test_it_is_refused_with_its_place(text: str, row: int, col: int, message: str) -> None:
    found = problems(text)
    assert found, text
    assert found[0][:2] == (row, col)
    assert found[0][2].startswith(message[:40])


@pytest.mark.parametrize(
    "text",
    [
        'allow if startswith(input.x, "http.send(")',
        "allow if { x := `opa.runtime`; x }",
        "# http.send({})\nallow := true",
        'x := {"a": 1}',
        "default x := {}",
        "x contains y if some y in {1, 2}",
        "x := y if { y := 1 } else := 2",
        "x if { every y in [1] { y > 0 } }",
        "f(x) := x + 1\n\ny := f(1)",
        "t if data.b.allow with input as {}",
        "import data.lib.math\n\nx := math.add(1, 2)",
        "import data.lib.math as m\n\nx := m.add(1, 2)",
        "x := data.lib.math.add(1, 2)",
        'x[y] := z if { some y; z := {"a": 1}[y] }',
        "x := [y | some y in input.z; y > 1]",
        'x := $"hello {input.name}"',
        "x if not input.y",
        "x := count({y | some y in input.z})",
    ],
)
def test_it_is_left_to_the_engine(text: str) -> None:
    assert problems(text) == []


def test_a_function_of_another_file_of_the_package_is_known() -> None:
    _, found = examine({"a.rego": "package p\nx := f(1)\n", "b.rego": "package p\nf(y) := y\n"})
    assert found == []
    _, found = examine({"a.rego": "package p\nx := f(1)\n", "b.rego": "package q\nf(y) := y\n"})
    assert [problem.message for problem in found] == ["undefined function f"]


def test_a_file_without_a_package_and_too_many_or_large_files_are_refused() -> None:
    assert problems("allow := true", head="")[0][2] == "package expected"
    assert examine({f"f{n}.rego": HEAD for n in range(61)})[1][0].code == "too-many-files"
    assert examine({"a.rego": HEAD + "#" * 300_000})[1][0].code == "too-large"


def test_the_list_of_functions_holds_what_policies_need_and_nothing_that_leaves() -> None:
    assert {"startswith", "count", "time.now_ns", "io.jwt.decode_verify", "regex.match"} <= builtins()
    assert not {"http.send", "opa.runtime", "net.lookup_ip_addr", "trace"} & builtins()


def test_input_is_moved_one_level_down_where_it_is_the_input() -> None:
    text = 'x if input.a == "input" # input\ny := data.input.b\nz if f(input) with input as {"input": 1}\n'
    moved = 'x if input.given.a == "input" # input\ny := data.input.b\nz if f(input.given) with input.given as {"input": 1}\n'
    assert with_given_input(text) == moved


@pytest.mark.parametrize(
    ("text", "braced"),
    [
        ("t if not a with input as {}\n", "t if {not a with input as {}}\n"),
        (
            "t if not a with input as {\n}\n\twith data.b as 1 # why\nu := 1\n",
            "t if {not a with input as {\n}\n\twith data.b as 1} # why\nu := 1\n",
        ),
        ("t if not f(x) with input as 1 else := 2\n", "t if {not f(x) with input as 1} else := 2\n"),
        ("t if not a with input as 1", "t if {not a with input as 1}"),
        ("t if not a\nu if b with input as 1\n", "t if not a\nu if b with input as 1\n"),
        ("t if {\n not a with input as 1\n}\n", "t if {\n not a with input as 1\n}\n"),
        ('t if "if not a with b" == x\n', 't if "if not a with b" == x\n'),
    ],
)
def test_a_negation_under_another_input_gets_braces_where_it_has_none(text: str, braced: str) -> None:
    assert with_braced_negations(text) == braced
    assert with_braced_negations(braced) == braced


@given(st.text(alphabet='package a{}[]()"`#\n.:=ifxé$\\ \t', max_size=200))
def test_no_text_makes_the_examination_fail(text: str) -> None:
    examine({"a.rego": text})
    with_given_input(with_braced_negations(text))
