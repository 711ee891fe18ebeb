"""The same Rego put to the embedded engine and to a real OPA: equal, or refused where policies are taken in."""

from __future__ import annotations

# isort: off
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
# isort: on

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hubs.intelligence_hub.opa.errors import BadPolicy, EvaluationFailed
from hubs.security_hub.policy.limits import beyond_embedded
from hubs.security_hub.policy.source import examine

TABLE = tomllib.loads((Path(__file__).parent / "rego_cases.toml").read_text("utf-8"))
CASES = {name: f"\nq := {text}\n" for name, text in TABLE["expressions"].items()} | TABLE["modules"]
INPUT, DATA = json.loads(TABLE["input"]), json.loads(TABLE["data"])
NO_DECISION = ("no decision",)
REFUSED = ("refused",)


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


def by_embedded(text: str) -> Any:
    sources = {"case.rego": text}
    if examine(sources)[1] or beyond_embedded(sources):
        return REFUSED
    engine = EmbeddedEngine()
    try:
        engine.load(sources, DATA, "r")
        answer = engine.evaluate(("cases", "q"), INPUT)
    except BadPolicy:
        return REFUSED
    except EvaluationFailed:
        return NO_DECISION
    return [answer.value] if answer.is_defined else NO_DECISION


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(CASES) >= 150


@pytest.mark.parametrize("name", CASES)
def test_both_engines_agree_or_the_policy_is_refused(name: str, opa: httpx.Client) -> None:
    embedded = by_embedded(source(name))
    if embedded is not REFUSED:
        assert by_opa(opa, source(name)) == embedded


def test_most_of_the_table_is_decided_and_not_refused() -> None:
    refused = [name for name in CASES if by_embedded(source(name)) is REFUSED]
    assert len(CASES) - len(refused) >= 150, refused
