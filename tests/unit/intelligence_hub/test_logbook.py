"""What waits for the decision log is bounded in number and in bytes; what does not fit is counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hubs.intelligence_hub.opa import logbook
from hubs.intelligence_hub.opa.engine import Answer
from hubs.intelligence_hub.opa.logbook import Logbook, Made
from shared.core.clock import utc_now


def made(size: int) -> Made:
    return Made("d", ("a",), Answer(True, True, size_bytes=size), {}, True, "x", utc_now(), "")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(Logbook, "_write", lambda _, found: rows.extend(found))
    return rows


def opened() -> tuple[Logbook, CollectorRegistry]:
    registry = CollectorRegistry()
    return Logbook(None, registry, timedelta(1)), registry  # type: ignore[arg-type]


def dropped(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("policy_decisions_unlogged_total")


def test_bytes_that_wait_are_bounded_and_free_again_once_written(kept: list[dict[str, Any]]) -> None:
    book, registry = opened()
    for _ in range(100):
        book.note(made(2**20))
    assert dropped(registry) == 92
    book.start()
    book.close()
    assert len(kept) == 8
    book.note(made(8 * 2**20))
    assert dropped(registry) == 92


def test_one_that_is_larger_than_all_that_may_wait_is_taken_alone(kept: list[dict[str, Any]]) -> None:
    book, registry = opened()
    book.note(made(2**30))
    book.note(made(1))
    assert dropped(registry) == 1
    book.start()
    book.close()
    assert len(kept) == 1


def test_the_number_is_bounded_too(kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logbook, "_WAITING", 3)
    book, registry = opened()
    for _ in range(5):
        book.note(made(1))
    assert dropped(registry) == 2
    book.start()
    book.close()
    assert len(kept) == 3
