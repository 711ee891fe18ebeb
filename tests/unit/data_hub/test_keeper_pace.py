"""How long the index rests: hardly after a single change, longer while a load goes on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from hubs.data_hub.database.service.feeding import FeedingService, Step
from hubs.data_hub.search import keeper as module
from hubs.data_hub.search.keeper import LOAD_CHANGES, LOAD_REST_S, REST_S, STEP, IndexKeeper, Listener


class Stop(threading.Event):
    """Notes how long somebody would wait for it, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(timeout)
        return self.is_set()


class Feeding:
    """A change feed without rows, told how many changes each round of the keeper finds."""

    def __init__(self, rounds: list[int]) -> None:
        self.rounds = rounds
        self.newest = 0

    def position(self) -> int:
        return 0

    def counts(self) -> dict[str, int]:
        return {}

    def scan(self, *_: Any) -> list[Any]:
        return []

    def step(self, after: int, limit: int) -> Step:
        position = min(after + limit, self.newest)
        return Step(position, [], [], position - after < limit)


class Listening:
    """Begins the next round, and stops after the last."""

    def __init__(self, feeding: Feeding, stop: Stop) -> None:
        self._feeding, self._stop = feeding, stop

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self, *_: object) -> None:
        if self._feeding.rounds:
            self._feeding.newest += self._feeding.rounds.pop(0)
        else:
            self._stop.set()


def test_only_many_changes_at_once_are_followed_by_a_longer_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever a round took, the rest is the longest there is.
    monkeypatch.setattr(module, "REST_SHARE", 1e9)
    feeding, stop = Feeding([1, STEP, LOAD_CHANGES - 1, LOAD_CHANGES, 4 * LOAD_CHANGES, 1]), Stop()
    keeper = IndexKeeper(
        tmp_path,
        15_000_000,
        cast(FeedingService, feeding),
        lambda: cast(Listener, Listening(feeding, stop)),
        stop,
    )
    keeper.run()
    *rests, _ = stop.asked
    assert rests == [REST_S, REST_S, REST_S, LOAD_REST_S, LOAD_REST_S, REST_S]
    assert keeper.state.position == feeding.newest
    assert keeper.state.problem == ""
