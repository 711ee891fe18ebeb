"""The same Rego put to the embedded engine and to a real OPA: equal, or refused where policies are taken in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

TABLE = tomllib.loads((Path(__file__).parent / "rego_cases.toml").read_text("utf-8"))
CASES = {name: f"\nq := {text}\n" for name, text in TABLE["expressions"].items()} | TABLE["modules"]
INPUT, DATA = json.loads(TABLE["input"]), json.loads(TABLE["data"])
NO_DECISION = "no decision"
REFUSED = "refused"
ROOT = Path(__file__).parents[3]


def source(name: str) -> str:
    return f"package cases\n\nimport rego.v1\n{CASES[name]}"


@pytest.fixture(scope="module")
def opa(opa_server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=opa_server.url, trust_env=False, timeout=30) as client:
        client.put("/v1/data/config", json=DATA["config"]).raise_for_status()
        yield client
        client.delete("/v1/data/config")


def by_opa(opa: httpx.Client, text: str) -> Any:
    if opa.put("/v1/policies/case", content=text).status_code != 200:
        return REFUSED
    try:
        answer = opa.post("/v1/data/cases/q?strict-builtin-errors=true", json={"input": INPUT}).json()
        return [answer["result"]] if "result" in answer else NO_DECISION
    finally:
        opa.delete("/v1/policies/case").raise_for_status()


@pytest.fixture(scope="module")
def embedded() -> dict[str, Any]:
    """What the embedded engine says to each case; a case that ended its process has no answer."""
    answers: dict[str, Any] = {}
    left = list(CASES)
    while left:
        asked = [json.dumps({"text": source(name), "data": DATA, "input": INPUT}) for name in left]
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("embedded_answers.py"))],
            input="\n".join(asked),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        lines = [line[7:] for line in done.stdout.splitlines() if line.startswith("answer ")]
        answers |= {name: json.loads(line) for name, line in zip(left, lines, strict=False)}
        assert lines or done.returncode == 0, done.stderr
        left = left[len(lines) + 1 :] if done.returncode else []
    return answers


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("name", CASES)
def test_both_engines_agree_or_the_policy_is_refused(
    name: str, opa: httpx.Client, embedded: dict[str, Any]
) -> None:
    assert name in embedded, "the embedded engine's process ended"
    if embedded[name] != REFUSED:
        assert by_opa(opa, source(name)) == embedded[name]


def test_most_of_the_table_is_decided_and_not_refused(embedded: dict[str, Any]) -> None:
    refused = [name for name in CASES if embedded[name] == REFUSED]
    assert len(CASES) - len(refused) >= 150, refused
