"""When the index is brought up to date: at once after a change, and after or during a load in one go."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, cast

import pytest

from hubs.data_hub.database.service.feeding import FeedingService, Step
from hubs.data_hub.search import keeper as module
from hubs.data_hub.search.keeper import LOAD_CHANGES, REST_S, STEP, IndexKeeper, Listener


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


@pytest.mark.parametrize(
    ("coming", "waits"),
    [
        # A change, and what a single batch brings, is indexed at once.
        ([1], 0),
        ([LOAD_CHANGES - 1], 0),
        # A load has ended when nothing more comes; while it goes on, it is left alone.
        ([LOAD_CHANGES], 1),
        ([LOAD_CHANGES, 1, 1], 3),
        ([LOAD_CHANGES, *[STEP] * 5], 6),
    ],
)
def test_a_load_is_left_alone_until_it_ends_and_a_change_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coming: list[int], waits: int
) -> None:
    feeding = Feeding([list(coming)])
    stop = Stop(feeding)
    # No rest after work: what is waited for is the load alone.
    monkeypatch.setattr(module, "REST_SHARE", 0.0)
    keeper = run(tmp_path, feeding, stop)
    assert stop.asked.count(REST_S) == waits
    assert keeper.state.position == feeding.newest == sum(coming)


def test_a_load_without_end_is_indexed_every_few_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SHARE", 0.0)
    monkeypatch.setattr(module, "LOAD_REST_S", 0.0)
    feeding = Feeding([[LOAD_CHANGES, *[2 * LOAD_CHANGES] * 6]])
    stop = Stop(feeding)
    reached: list[int] = []
    monkeypatch.setattr(IndexKeeper, "_idle", lambda keeper: reached.append(keeper.state.position))
    keeper = run(tmp_path, feeding, stop)
    assert len(set(reached)) > 3, "not all at the end"
    assert reached == sorted(reached)
    assert keeper.state.position == feeding.newest == 13 * LOAD_CHANGES


def test_after_work_it_rests_no_longer_than_a_fraction_of_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_SHARE", 1e9)
    feeding = Feeding([[1], [STEP]])
    stop = Stop(feeding)
    run(tmp_path, feeding, stop)
    assert stop.asked.count(REST_S) == 2
    assert max(stop.asked) <= 1


def test_what_nobody_foresaw_is_noted_and_the_index_follows_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feeding = Feeding([[5], [3]])
    whole, problems = feeding.step, [RuntimeError("deque mutated during iteration"), KeyError("title_en")]
    seen: list[str] = []

    def step(after: int, limit: int) -> Step:
        if problems:
            raise problems.pop()
        return whole(after, limit)

    note = IndexKeeper._note
    monkeypatch.setattr(feeding, "step", step)
    monkeypatch.setattr(IndexKeeper, "_note", lambda *given: (seen.append(given[1]), note(*given)))
    keeper = run(tmp_path, feeding, Stop(feeding))
    assert keeper.state.position == feeding.newest == 8
    assert seen == ["unforeseen", "unforeseen"]


def run(folder: Path, feeding: Feeding, stop: Stop) -> IndexKeeper:
    keeper = IndexKeeper(
        folder,
        15_000_000,
        cast(FeedingService, feeding),
        lambda: cast(Listener, Listening(feeding, stop)),
        stop,
    )
    keeper.run()
    assert keeper.state.problem == ""
    return keeper
