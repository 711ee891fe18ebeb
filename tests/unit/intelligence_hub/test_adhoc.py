"""Ad-hoc queries and explanations have the time of one decision, all of their questions together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hubs.intelligence_hub.opa import evaluators
from hubs.intelligence_hub.opa.backends.embedded import EmbeddedEngine
from hubs.intelligence_hub.opa.engine import Answer
from hubs.intelligence_hub.opa.errors import EngineTimeout

MODULES = {"a.rego": "package a\n\nimport rego.v1\n\nx := 1\n\ny := 2\n"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> EmbeddedEngine:
    found = EmbeddedEngine()
    found.load(MODULES, {}, "1")

    async def slow(path: tuple[str, ...], _: Any) -> Answer:
        await asyncio.sleep(0.05)
        return Answer(True, ".".join(path))

    monkeypatch.setattr(found, "ask", slow)
    return found


def test_a_query_of_many_documents_does_not_take_longer_than_one_may(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(engine.query("x := data.a.x", {})) == {"result": [{"x": "a.x"}]}
    monkeypatch.setattr(evaluators, "TIMEOUT_S", 0.3)
    # All of them would take fifty seconds.
    with pytest.raises(EngineTimeout, match="within 0.3 s"):
        asyncio.run(engine.query("; ".join(f"n{n} := data.a.x" for n in range(1_000)), {}))


def test_an_explanation_does_not_take_longer_either(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(engine.explain(("a", "x"), {})) == ['data.a.x = "a.x"', 'data.a.y = "a.y"']
    monkeypatch.setattr(evaluators, "TIMEOUT_S", 0.01)
    with pytest.raises(EngineTimeout):
        asyncio.run(engine.explain(("a", "x"), {}))
