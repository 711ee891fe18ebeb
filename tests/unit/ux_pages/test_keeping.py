"""Answers kept for a moment: asked once, never mixed up, never for long, never much memory."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from hubs.ux_hub.web.errors import PageNotFound, TooManyCalls
from hubs.ux_hub.web.service.keeping import KeptAnswers
from hubs.ux_hub.web.service.record import MAX_CALLS, RecordReader
from shared.core.errors import NotFound, Unavailable
from shared.http.json import dumps


class Counting:
    """Answers with what it was asked and how often it was asked anything."""

    def __init__(self) -> None:
        self.asked = 0
        self.failing: Exception | None = None
        self.padding = ""

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None) -> Any:
        self.asked += 1
        if self.failing:
            raise self.failing
        return {"n": self.asked, "path": path, "params": params, "padding": self.padding}

    def read(self, path: str, *, params: dict[str, Any] | None = None) -> bytes:
        return dumps(self.request("GET", path, params=params))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(hub: Counting, clock: Clock, seconds: float = 5, max_bytes: int = 10_000) -> KeptAnswers:
    return KeptAnswers(hub, seconds, max_bytes, clock)


def test_the_same_question_is_asked_once_until_its_answer_is_too_old() -> None:
    hub, clock = Counting(), Clock()
    reader = kept(hub, clock)
    assert reader.request("GET", "/a", params={"x": 1, "y": 2})["n"] == 1
    assert reader.request("GET", "/a", params={"y": 2, "x": 1})["n"] == 1
    assert reader.request("GET", "/a", params={"x": 2})["n"] == 2
    clock.now = 5.1
    assert reader.request("GET", "/a", params={"x": 1, "y": 2})["n"] == 3


def test_vocabularies_are_kept_longer() -> None:
    hub, clock = Counting(), Clock()
    reader = kept(hub, clock)
    reader.request("GET", "/api/v1/sessions")
    clock.now = 29
    assert reader.request("GET", "/api/v1/sessions")["n"] == 1
    clock.now = 31
    assert reader.request("GET", "/api/v1/sessions")["n"] == 2


def test_no_page_can_change_what_another_is_given() -> None:
    reader = kept(Counting(), Clock())
    reader.request("GET", "/a")["path"] = "spoilt"
    assert reader.request("GET", "/a")["path"] == "/a"


def test_failures_writes_and_everything_under_no_seconds_are_asked_anew() -> None:
    hub, clock = Counting(), Clock()
    reader = kept(hub, clock)
    hub.failing = Unavailable("away")
    with pytest.raises(Unavailable):
        reader.request("GET", "/a")
    hub.failing = None
    assert reader.request("GET", "/a")["n"] == 2
    assert reader.request("POST", "/a")["n"] == 3
    never = kept(hub, clock, seconds=0)
    assert [never.request("GET", "/a")["n"] for _ in range(2)] == [4, 5]


def test_what_is_kept_stays_below_its_bound_and_the_longest_unused_goes_first() -> None:
    hub = Counting()
    reader = kept(hub, Clock(), max_bytes=3_000)
    hub.padding = "x" * 800
    for name in "abc":
        reader.request("GET", f"/{name}")
    reader.request("GET", "/a")
    assert hub.asked == 3
    reader.request("GET", "/d")
    assert reader.size <= 3_000
    reader.request("GET", "/a")
    assert hub.asked == 4
    reader.request("GET", "/b")
    assert hub.asked == 5
    hub.padding = "x" * 4_000
    reader.request("GET", "/huge")
    assert reader.request("GET", "/huge")["n"] == 7
    assert reader.size <= 3_000


def test_questions_asked_together_overlap_and_carry_the_request_along() -> None:
    seen = ContextVar("seen", default="")
    barrier = threading.Barrier(3, timeout=30)

    class Meeting(Counting):
        def request(self, method: str, path: str, *, params: dict[str, Any] | None = None) -> Any:
            barrier.wait()  # none gets past before all are here
            return {"data": [{"path": path, "seen": seen.get()}]}

    with ThreadPoolExecutor(3) as workers:
        hub = Meeting()
        record = RecordReader(hub, hub, hub, workers=workers)
        seen.set("request 7")
        found = record.together(*(lambda name=name: record.list(name).rows[0] for name in ("a", "b", "c")))
    assert [row["path"] for row in found] == ["/api/v1/a", "/api/v1/b", "/api/v1/c"]
    assert {row["seen"] for row in found} == {"request 7"}


def test_the_first_failure_in_order_counts_and_all_have_ended_by_then() -> None:
    ended = []

    class Failing(Counting):
        def request(self, method: str, path: str, *, params: dict[str, Any] | None = None) -> Any:
            if path == "/api/v1/people/x":
                raise NotFound("nobody")
            ended.append(path)
            raise Unavailable("away")

    with ThreadPoolExecutor(2) as workers:
        hub = Failing()
        record = RecordReader(hub, hub, hub, workers=workers)
        with pytest.raises(PageNotFound):
            record.together(lambda: record.get("people", "x"), lambda: record.list("bills"))
    assert ended == ["/api/v1/bills"]


def test_a_page_may_not_ask_more_often_than_the_bound_even_side_by_side() -> None:
    with ThreadPoolExecutor(4) as workers:
        hub = Counting()
        record = RecordReader(hub, hub, hub, workers=workers)
        with pytest.raises(TooManyCalls):
            record.together(*[lambda: record.list("bills")] * (MAX_CALLS + 1))
    assert hub.asked == MAX_CALLS


def test_an_indicator_that_cannot_be_had_is_none() -> None:
    hub = Counting()
    hub.failing = Unavailable("away")
    assert RecordReader(hub, hub, hub).indicator("agreement", member="k") is None
