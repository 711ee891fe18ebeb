"""What the embedded interpreter would decide otherwise is refused with its place; what it does right is not."""

from __future__ import annotations

from importlib.resources import files

import pytest

from hubs.security_hub.policy.limits import beyond_embedded

PRELUDE = "package a\n\nimport rego.v1\n\n"


def messages(text: str) -> list[str]:
    return [problem.message for problem in beyond_embedded({"a.rego": PRELUDE + text})]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("q if p with input as {}\np if input.a", "with"),
        ('q := lower("É")', "lower"),
        ("q if net.cidr_contains(input.a, input.b)", "net.cidr_contains"),
        ('q if input.age > "x"', "orders"),
        ('s contains 1 if input.a\nq := concat(",", s)', "concat"),
        ('q := sprintf("%s %s", [input.a])', "sprintf"),
        ("q := [[x, y] | some x in input.a; some y in input.b]", "nested generators"),
        ("q if x > 1", "var x is unsafe"),
        ("q := x if { x := 1; x := 2 }", "assigned above"),
        ("f(n) := f(n - 1)\nq := f(3)", "refers to itself"),
        ("a if b\nb if data.a.a", "refers to itself"),
    ],
)
def test_what_the_interpreter_cannot_be_trusted_with_is_refused(text: str, word: str) -> None:
    assert any(word in message for message in messages(text)), messages(text)


@pytest.mark.parametrize(
    "text",
    [
        "q if input.age > 17",
        'q if startswith(input.route, "/api")',
        "q := [x | some x in input.a; x > 1]",
        "q := k if { some k, v in input.a; v == 1 }",
        "q if { x := input.a; y := x + 1; y > 2 }",
        "q := 1 if input.a\nelse := 2 if input.b\nelse := 3",
        'level("a") := 1\nlevel(other) := 2 if other != "a"\nq := level(input.a)',
        "q if { walk(input.a, [path, value]); value == 1; count(path) > 1 }",
        'q if { {"kind": k} = input.subject; k == "user" }',
        "q := input.rows[i] if { some i; input.rows[i] == 3 }",
        "q := y if { x := 1; some z in [1, 2]; y := x + z }",
        'q := sprintf("%s 100%%", [input.a])',
        'q := concat("/", input.request.path)',
        "limits.QC := 1\nlimits.ON := 2\nq := limits.QC",
    ],
)
def test_what_it_does_right_is_not_refused(text: str) -> None:
    assert messages(text) == []


def test_the_platforms_own_policies_stay_within_the_limits() -> None:
    folder = files("hubs.security_hub.policy") / "platform"
    texts = {
        path.name: path.read_text("utf-8")
        for path in folder.iterdir()
        if path.name.endswith(".rego") and not path.name.endswith("_test.rego")
    }
    assert texts
    assert beyond_embedded(texts) == []
