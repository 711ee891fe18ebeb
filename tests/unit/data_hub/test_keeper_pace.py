"""How long the index rests: hardly after a single change, longer while a load goes on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from hubs.data_hub.database.service.feeding import FeedingService, Step
from hubs.data_hub.search import keeper as module
from hubs.data_hub.search.keeper import LOAD_CHANGES, LOAD_REST_S, REST_S, STEP, IndexKeeper, Listener


class Feeding:
    """A change feed without rows, told how many changes come before each round of the keeper, then at each rest."""

    def __init__(self, rounds: list[list[int]]) -> None:
        self.rounds = rounds
        self.coming: list[int] = []
        self.newest = self.seen = 0

    def position(self) -> int:
        return self.newest

    def counts(self) -> dict[str, int]:
        return {}

    def scan(self, *_: Any) -> list[Any]:
        return []

    def step(self, after: int, limit: int) -> Step:
        self.seen = position = min(after + limit, self.newest)
        return Step(position, [], [], position - after < limit)

    def come(self) -> None:
        self.newest += self.coming.pop(0) if self.coming else 0


class Stop(threading.Event):
    """Notes how long somebody would wait for it, and does not wait."""

    def __init__(self, feeding: Feeding) -> None:
        super().__init__()
        self.feeding = feeding
        self.asked: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.append(round(timeout or 0, 3))
        self.feeding.come()
        return self.is_set()


class Listening:
    """Begins the next round, and stops after the last."""

    def __init__(self, feeding: Feeding, stop: Stop) -> None:
        self._feeding, self._stop = feeding, stop

    def __enter__(self) -> Listening:
        return self

    def __exit__(self, *_: object) -> None: ...

    def wait(self, *_: object) -> None:
        if self._feeding.newest > self._feeding.seen:
            return
        if self._feeding.rounds:
            self._feeding.coming = self._feeding.rounds.pop(0)
            self._feeding.come()
        else:
            self._stop.set()


LONG = [REST_S] * round(LOAD_REST_S / REST_S)


@pytest.mark.parametrize(
    ("coming", "rests"),
    [
        ([1], [REST_S]),
        ([4 * LOAD_CHANGES], [REST_S]),
        ([4 * LOAD_CHANGES, 1], [REST_S, REST_S]),
        ([1, LOAD_CHANGES - 1], [REST_S, REST_S]),
        ([1, LOAD_CHANGES], [*LONG, REST_S]),
        ([LOAD_CHANGES, STEP, STEP], [REST_S, REST_S, REST_S]),
        ([STEP, *[LOAD_CHANGES] * 7], [*LONG, *LONG, REST_S]),
    ],
)
def test_it_rests_longer_only_while_many_changes_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coming: list[int], rests: list[float]
) -> None:
    # Whatever a round took, the rest is the longest there is.
    monkeypatch.setattr(module, "REST_SHARE", 1e9)
    feeding = Feeding([list(coming)])
    stop = Stop(feeding)
    keeper = IndexKeeper(
        tmp_path,
        15_000_000,
        cast(FeedingService, feeding),
        lambda: cast(Listener, Listening(feeding, stop)),
        stop,
    )
    keeper.run()
    *rested, _ = stop.asked
    assert rested == rests
    assert keeper.state.position == feeding.newest == sum(coming)
    assert keeper.state.problem == ""
