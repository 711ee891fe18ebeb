"""Threads that evaluate for the event loop: answers, errors, and what becomes of an evaluation without end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hubs.intelligence_hub.opa.engine import Answer
from hubs.intelligence_hub.opa.errors import EngineTimeout, EvaluationFailed
from hubs.intelligence_hub.opa.evaluators import Evaluators
from shared.testing.processes import wait_until


class Engine:
    """Answers with the input; hangs at "hang" until let go, fails at "fail"."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.threads: set[str] = set()
        self.asked: list[Any] = []

    def evaluate(self, path: tuple[str, ...], given: Any) -> Answer:
        self.threads.add(threading.current_thread().name)
        self.asked.append(given)
        if given == "hang":
            self.go.wait(20)
        if given == "fail":
            raise EvaluationFailed("no")
        return Answer(True, (*path, given))


@pytest.fixture
def engine() -> Iterator[Engine]:
    found = Engine()
    yield found
    found.go.set()


def evaluating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "policy-evaluator"]


def test_each_caller_gets_its_own_answer(engine: Engine) -> None:
    evaluators = Evaluators(engine.evaluate)

    async def ask_many() -> list[Answer]:
        return await asyncio.gather(*(evaluators.ask(("a",), n) for n in range(500)))

    assert [answer.value for answer in asyncio.run(ask_many())] == [("a", n) for n in range(500)]
    evaluators.close()


def test_what_the_evaluation_raises_reaches_whoever_asked(engine: Engine) -> None:
    evaluators = Evaluators(engine.evaluate)
    with pytest.raises(EvaluationFailed, match="no"):
        asyncio.run(evaluators.ask((), "fail"))
    evaluators.close()


def test_an_evaluation_without_end_is_no_decision_and_the_next_ones_are_made(engine: Engine) -> None:
    evaluators = Evaluators(engine.evaluate, timeout_s=0.2)

    async def ask() -> None:
        for _ in range(3):
            with pytest.raises(EngineTimeout, match="within 0.2 s"):
                await evaluators.ask((), "hang")
            assert (await evaluators.ask((), "well")).value == ("well",)

    asyncio.run(ask())
    evaluators.close()


def test_however_many_hang_there_are_eight_threads_and_every_question_is_refused_in_time(
    engine: Engine,
) -> None:
    before = set(evaluating())
    evaluators = Evaluators(engine.evaluate, timeout_s=0.1)

    async def ask() -> None:
        for _ in range(12):
            with pytest.raises(EngineTimeout):
                await evaluators.ask((), "hang")
        assert len(set(evaluating()) - before) == 8
        with pytest.raises(EngineTimeout):
            await evaluators.ask((), "well")
        engine.go.set()
        # Those that come back find nothing that anybody still waits for, and decide again.
        assert (await evaluators.ask((), "after")).value == ("after",)

    asyncio.run(ask())
    assert "well" not in engine.asked
    assert engine.asked.count("hang") == 8
    evaluators.close()


def test_a_thread_that_hangs_is_replaced_when_whoever_asked_has_left(engine: Engine) -> None:
    evaluators = Evaluators(engine.evaluate, timeout_s=0.2)

    async def ask() -> None:
        leaving = [asyncio.ensure_future(evaluators.ask((), "hang")) for _ in range(2)]
        await asyncio.to_thread(wait_until, lambda: engine.asked.count("hang") == 2)
        for each in leaving:
            each.cancel()
        # Both threads hang, and nobody waits for either.
        while True:
            try:
                assert (await evaluators.ask((), "well")).value == ("well",)
                break
            except EngineTimeout:
                continue

    asyncio.run(ask())
    evaluators.close()


def test_a_closed_one_ends_its_threads(engine: Engine) -> None:
    before = set(evaluating())
    evaluators = Evaluators(engine.evaluate)
    asyncio.run(evaluators.ask((), 1))
    made = set(evaluating()) - before
    assert len(made) == 2
    evaluators.close()
    for thread in made:
        thread.join(5)
        assert not thread.is_alive()


def test_an_answer_after_the_end_of_the_loop_goes_nowhere(engine: Engine) -> None:
    evaluators = Evaluators(engine.evaluate, timeout_s=0.1)
    with pytest.raises(EngineTimeout):
        asyncio.run(evaluators.ask((), "hang"))
    engine.go.set()
    assert asyncio.run(evaluators.ask((), "again")).value == ("again",)
    evaluators.close()
