"""The embedded engine for long and for many: memory stays flat, and no thread gets another's answer."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
# isort: on

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hubs.intelligence_hub.opa.engine import MISSING
from hubs.intelligence_hub.opa.errors import BadQuery, EvaluationFailed
from hubs.intelligence_hub.opa.exact import read_exact, write_exact
from tests.contract.intelligence_hub.security import platform_data, platform_modules

ALLOWED = {
    "subject": {"kind": "user", "scopes": ["users:admin"], "client_id": ""},
    "request": {"method": "POST", "route": "/api/v1/users"},
}
DENIED = {**ALLOWED, "subject": {"kind": "user", "scopes": [], "client_id": ""}}


def test_memory_is_flat_over_twenty_thousand_evaluations_with_sqlalchemy_loaded() -> None:
    code = """
import resource, sys
import hubs.intelligence_hub.app
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
from tests.contract.intelligence_hub.security import platform_data, platform_modules
assert "sqlalchemy.orm" in sys.modules
engine = EmbeddedEngine()
engine.load(platform_modules(), platform_data(), "r")
def run(count):
    for n in range(count):
        engine.evaluate(("openpolicy", "gateway", "allow"), {"subject": {"kind": "user", "scopes": ["x:%d" % n]}, "request": {"method": "GET", "route": "/api/v1/users"}})
run(3000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(20000)
print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after - before < 4_096, f"{before} to {after} KiB"


def test_eight_threads_of_five_thousand_get_no_wrong_answer() -> None:
    engine = EmbeddedEngine()
    engine.load(platform_modules(), platform_data(), "r")

    def work(seed: int) -> int:
        wrong = 0
        for n in range(5_000):
            may = (seed + n) % 3 == 0
            question = ALLOWED if may else DENIED
            wrong += engine.evaluate(("openpolicy", "gateway", "allow"), question).value is not may
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 0


ECHO = {
    "a/a.rego": 'package a\n\nimport rego.v1\n\nx := input.v\n\nall := input\n\nis_admin if input.v == "admin"\n'
}


@pytest.fixture(scope="module")
def echo() -> EmbeddedEngine:
    engine = EmbeddedEngine()
    engine.load(ECHO, {}, "r")
    return engine


@pytest.mark.parametrize(
    "value",
    [
        "", "plain", "Été \U0001f600", "a\0b", "\0", {"a\0": 1}, True, False, None, [], {}, [[], {"": [None]}],
        0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64, -(2**80), 10**40,
        0.1, 1e-7, -1.5, 1e21, 0.123456789012345, [1, 0.25, "x"],
    ],
)  # fmt: skip
def test_an_input_comes_through_exactly(echo: EmbeddedEngine, value: Any) -> None:
    answer = echo.evaluate(("a", "x"), {"v": value})
    assert answer.is_defined
    assert write_exact(answer.value) == write_exact(value)


def test_a_text_is_not_cut_at_a_nul_character(echo: EmbeddedEngine) -> None:
    assert echo.evaluate(("a", "is_admin"), {"v": "admin"}).value is True
    assert not echo.evaluate(("a", "is_admin"), {"v": "admin\0 of nothing"}).is_defined


def test_no_input_is_an_empty_one_and_null_is_null(echo: EmbeddedEngine) -> None:
    assert echo.evaluate(("a", "all"), MISSING).value == {}
    assert echo.evaluate(("a", "all"), None).value is None


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def test_an_input_that_is_too_deep_too_large_or_no_text_is_refused(echo: EmbeddedEngine) -> None:
    assert echo.evaluate(("a", "all"), nested(64)).is_defined
    for value in (nested(65), nested(5_000), "x" * 2**20, "\ud800", {"\ud800": 1}):
        with pytest.raises(BadQuery):
            echo.evaluate(("a", "all"), value)
    assert echo.evaluate(("a", "x"), {"v": 1}).value == 1


def test_a_built_in_that_fails_is_no_decision_and_the_next_is_made(echo: EmbeddedEngine) -> None:
    engine = EmbeddedEngine()
    engine.load({"b.rego": "package b\n\nimport rego.v1\n\nx := 1 / input.v\n"}, {}, "r")
    for _ in range(3):
        with pytest.raises(EvaluationFailed):
            engine.evaluate(("b", "x"), {"v": 0})
        assert engine.evaluate(("b", "x"), {"v": 2}).value == 0.5


def test_whole_numbers_of_any_length_are_read_and_written() -> None:
    text = b'{"a":123456789012345678901234567890,"b":18446744073709551616,"c":1.5}'
    assert write_exact(read_exact(text)) == text
    with pytest.raises(ValueError, match="JSON"):
        read_exact(b'{"a":1234567890123456789012345,"b":NaN}')
