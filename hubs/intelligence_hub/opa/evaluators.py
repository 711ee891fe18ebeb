"""A few threads that evaluate for the event loop, each with an interpreter of its own.

The interpreter knows no time limit: whoever asked is told after a while that there is no decision, and the
thread that is still at it is replaced until it comes back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from queue import SimpleQueue
from typing import Any

from hubs.intelligence_hub.opa.engine import Answer
from hubs.intelligence_hub.opa.errors import EngineTimeout
from shared.logging import get_logger

log = get_logger(__name__)
Evaluate = Callable[[tuple[str, ...], Any], Answer]
TIMEOUT_S = 2.0
_THREADS = 2
_MOST_THREADS = 8


@asynccontextmanager
async def within_limit() -> AsyncIterator[None]:
    """Allow several questions together as long as one may take.

    Raises: EngineTimeout.
    """
    try:
        async with asyncio.timeout(TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise EngineTimeout(f"the policies did not answer within {TIMEOUT_S:g} s") from error


class _Question:
    __slots__ = ("future", "input", "is_over", "is_replaced", "is_running", "loop", "path")

    def __init__(self, path: tuple[str, ...], given: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.path = path
        self.input = given
        self.loop = loop
        self.future: asyncio.Future[Answer] = loop.create_future()
        self.is_running = self.is_over = self.is_replaced = False


class Evaluators:
    """Hands questions to threads; at most eight exist, however many of them hang."""

    def __init__(self, evaluate: Evaluate, timeout_s: float = TIMEOUT_S) -> None:
        self._evaluate = evaluate
        self._timeout_s = timeout_s
        self._waiting: SimpleQueue[_Question | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._is_closed = False

    async def ask(self, path: tuple[str, ...], given: Any) -> Answer:
        """Return what the evaluation says.

        Raises: EngineTimeout, and what the evaluation raises.
        """
        if not self._threads:
            self._start(_THREADS)
        loop = asyncio.get_running_loop()
        question = _Question(path, given, loop)
        limit = loop.call_later(self._timeout_s, self._give_up, question)
        self._waiting.put(question)
        answer = await question.future
        # Not when whoever asked went away before: the thread may be one that hangs.
        limit.cancel()
        return answer

    def close(self) -> None:
        """Let the threads end; one that hangs ends with the process."""
        self._is_closed = True
        for _ in range(self._threads):
            self._waiting.put(None)

    def _start(self, count: int) -> bool:
        with self._lock:
            if self._is_closed or self._threads + count > _MOST_THREADS:
                return False
            self._threads += count
        for _ in range(count):
            threading.Thread(target=self._run, name="policy-evaluator", daemon=True).start()
        return True

    def _run(self) -> None:
        while (question := self._waiting.get()) is not None:
            if question.future.done():
                continue  # waited for too long, or nobody waits for it any more
            question.is_running = True
            try:
                answer = self._evaluate(question.path, question.input)
            except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
                _tell(question, error)
            else:
                _tell(question, answer)
            question.is_over = True
            if question.is_replaced:
                break
        with self._lock:
            self._threads -= 1

    def _give_up(self, question: _Question) -> None:
        if not question.future.done():
            text = f"the policy did not answer within {self._timeout_s:g} s"
            question.future.set_exception(EngineTimeout(text))
        if question.is_running and not question.is_over:
            log.warning("a policy runs away", path="/".join(question.path))
            question.is_replaced = self._start(1)


def _tell(question: _Question, said: Answer | Exception) -> None:
    try:
        question.loop.call_soon_threadsafe(_settle, question.future, said)
    except RuntimeError:
        log.debug("decided after the end of the process")


def _settle(future: asyncio.Future[Answer], said: Answer | Exception) -> None:
    if future.done():
        return
    if isinstance(said, Exception):
        future.set_exception(said)
    else:
        future.set_result(said)
