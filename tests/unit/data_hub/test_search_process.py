"""The search processes: real ones, on a real index, ended and hindered in every way."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from hubs.data_hub.search import dispatch
from hubs.data_hub.search.dispatch import SearchProcess
from hubs.data_hub.search.engine import NUMBERS, TEXT_FIELDS
from hubs.data_hub.search.errors import QueryRefused
from hubs.data_hub.search.generation import Generation
from hubs.data_hub.search.querying import Filters
from hubs.data_hub.search.wire import (
    Found,
    IndexState,
    NoIndex,
    SearchRequest,
    SuggestRequest,
    question,
    read_answer,
)
from hubs.data_hub.search.worker import SearchWorker
from shared.core.errors import Unavailable
from shared.core.memory import process_tree
from shared.testing.processes import wait_until


def document(name: str, body: str) -> dict[str, Any]:
    fields: dict[str, Any] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(NUMBERS, 20_250_101)
    card = {"type": "bill", "id": name, "title_en": body, "title_fr": "", "url": f"/api/v1/bills/{name}"}
    return fields | {
        "id": name, "body_en": body, "suggest": body, "type": "bill", "weight": 1.0, "card": orjson.dumps(card),
    }  # fmt: skip


@pytest.fixture
def generation(tmp_path: Path) -> Iterator[Generation]:
    made = Generation(tmp_path / "g-1", 15_000_000)
    made.add(document(f"record-{n}", f"farmers number {'odd' if n % 2 else 'even'} {n}") for n in range(50))
    made.commit(1)
    yield made
    made.close()


@asynccontextmanager
async def running(root: Path) -> AsyncIterator[SearchProcess]:
    process = SearchProcess(root)
    process.start()
    try:
        yield process
    finally:
        process.close()


def state(position: int = 1, name: str = "g-1") -> IndexState:
    return IndexState(name, position, is_rebuilding=False)


def asked(text: str, **more: Any) -> SearchRequest:
    return SearchRequest(text, Filters(), **more)


def ids(found: Found) -> set[str]:
    return {hit["id"] for hit in orjson.loads(found.data)}


def tell(process: SearchProcess, number: signal.Signals) -> None:
    """Send a signal to both processes."""
    for pid in process_tree(process.pid):
        os.kill(pid, number)


def test_it_finds_suggests_and_refuses(tmp_path: Path, generation: Generation) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as process:
            found = await process.ask(state(), asked("farmers odd", limit=100))
            assert found.total == 25
            assert ids(found) == {f"record-{n}" for n in range(1, 50, 2)}
            meta = orjson.loads(found.meta)
            assert (meta["total"], meta["position"], meta["is_rebuilding"]) == (25, 1, False)
            assert meta["facets"]["type"] == [{"value": "bill", "count": 25}]
            [first] = orjson.loads(
                (await process.ask(state(), SuggestRequest("farmers number odd 7", 1))).data
            )
            assert first["id"] == "record-7"
            with pytest.raises(QueryRefused, match="span"):
                await process.ask(state(), asked("date:2024..2023"))
            with pytest.raises(QueryRefused, match="at most") as refused:
                await process.ask(state(), asked("word " * 100))
            assert refused.value.extensions["max_terms"] > 0
            assert process.starts == 1

    asyncio.run(scenario())


def test_what_is_committed_is_seen_and_another_generation_is_opened(
    tmp_path: Path, generation: Generation
) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as process:
            assert (await process.ask(state(), asked("latecomer"))).total == 0
            generation.add([document("late", "latecomer")])
            generation.commit(2)
            # Both processes see it, whichever is asked.
            answers = await asyncio.gather(*(process.ask(state(2), asked("latecomer")) for _ in range(6)))
            assert [found.total for found in answers] == [1] * 6
            other = Generation(tmp_path / "g-2", 15_000_000)
            other.add([document("new", "newcomer")])
            other.commit(1)
            assert ids(await process.ask(state(1, "g-2"), asked("newcomer"))) == {"new"}
            other.close()
            with pytest.raises(NoIndex):
                await process.ask(state(1, "g-3"), asked("newcomer"))
            assert (await process.ask(state(2), asked("latecomer"))).total == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("which", [0, 1], ids=["the one that was started", "the one that it forked"])
def test_a_killed_process_is_replaced_and_nobody_notices_but_by_the_wait(
    tmp_path: Path, generation: Generation, which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RESTART_S", 0.05)

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            for round_ in range(1, 4):
                wait_until(lambda: len(process_tree(process.pid)) == 2, what="both processes")
                victim = process_tree(process.pid)[which]
                os.kill(victim, signal.SIGKILL)
                answers = await asyncio.gather(*(process.ask(state(), asked("farmers")) for _ in range(8)))
                assert [found.total for found in answers] == [50] * 8
                assert process.starts == round_ + 1

    asyncio.run(scenario())


def test_a_process_killed_in_the_middle_of_searches_costs_none_of_them(
    tmp_path: Path, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RESTART_S", 0.05)

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            tell(process, signal.SIGSTOP)
            # None of these can be answered by the processes that they are sent to.
            searches = [asyncio.ensure_future(process.ask(state(), asked(f"number {n}"))) for n in range(8)]
            await asyncio.sleep(0.1)
            assert not any(search.done() for search in searches)
            tell(process, signal.SIGKILL)
            answers = await asyncio.gather(*searches)
            assert [ids(found) for found in answers] == [{f"record-{n}"} for n in range(8)]

    asyncio.run(scenario())


def test_who_leaves_takes_no_others_answer_along(tmp_path: Path, generation: Generation) -> None:
    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            tell(process, signal.SIGSTOP)
            leaving = [asyncio.ensure_future(process.ask(state(), asked("odd"))) for _ in range(5)]
            staying = [asyncio.ensure_future(process.ask(state(), asked(f"number {n}"))) for n in range(5)]
            await asyncio.sleep(0.1)
            for search in leaving:
                search.cancel()
            tell(process, signal.SIGCONT)
            assert [ids(found) for found in await asyncio.gather(*staying)] == [
                {f"record-{n}"} for n in range(5)
            ]
            assert process.starts == 1

    asyncio.run(scenario())


def test_a_search_without_end_is_given_up_and_the_next_one_is_answered(
    tmp_path: Path, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RESTART_S", 0.05)

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            monkeypatch.setattr(dispatch, "ANSWER_S", 0.2)
            tell(process, signal.SIGSTOP)
            with pytest.raises(Unavailable, match="too long") as given_up:
                await process.ask(state(), asked("farmers"))
            assert given_up.value.headers["Retry-After"] == "1"
            monkeypatch.setattr(dispatch, "ANSWER_S", 20.0)
            assert (await process.ask(state(), asked("farmers"))).total == 50
            assert process.starts == 2

    asyncio.run(scenario())


def test_where_no_process_can_be_had_everybody_is_told_so(
    tmp_path: Path, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RESTART_S", 0.05)

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            monkeypatch.setattr(sys, "executable", str(tmp_path / "no python"))
            tell(process, signal.SIGKILL)
            searches = (process.ask(state(), asked("farmers")) for _ in range(7))
            answers = await asyncio.gather(*searches, return_exceptions=True)
            assert [type(answer) for answer in answers] == [Unavailable] * 7
            monkeypatch.undo()
            assert (await process.ask(state(), asked("farmers"))).total == 50

    asyncio.run(scenario())


def test_the_processes_end_with_the_hub_even_when_it_is_killed(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time\n"
        "from hubs.data_hub.search.dispatch import SearchProcess\n"
        f"process = SearchProcess(pathlib.Path({str(tmp_path)!r}))\n"
        "process.start()\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    hub = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert hub.stdout is not None
    with hub.stdout:
        pid = int(hub.stdout.readline())
        wait_until(lambda: len(process_tree(pid)) == 2, what="both processes")
        theirs = process_tree(pid)
        hub.kill()
        hub.wait()
    wait_until(lambda: not any(Path(f"/proc/{one}").exists() for one in theirs), what="their end")


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def test_it_knows_no_setting_of_the_hub(
    tmp_path: Path, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OP_SECRET_KEY", "known to the hub alone")

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            for pid in process_tree(process.pid):
                assert b"OP_" not in environment_of(pid)

    asyncio.run(scenario())


def test_at_rest_it_answers_as_before_and_lets_go_of_an_index_that_was_replaced(
    tmp_path: Path, generation: Generation
) -> None:
    # Letting go is for a process that does not write.
    generation.close()
    worker = SearchWorker(tmp_path)
    told = question(state(), asked("farmers"))
    before = read_answer(worker.reply(told))
    assert list_mapped(tmp_path)
    worker.rest()
    assert read_answer(worker.reply(told)).data == before.data
    shutil.rmtree(tmp_path / "g-1")
    worker.rest()
    assert not list_mapped(tmp_path)
    with pytest.raises(NoIndex):
        read_answer(worker.reply(told))


def list_mapped(folder: Path) -> set[Path]:
    """Return the files of a folder that are mapped into this process, gone ones included."""
    lines = (line.split(None, 5) for line in Path("/proc/self/maps").read_text().splitlines())
    names = (parts[5].removesuffix(" (deleted)") for parts in lines if len(parts) == 6)
    return {Path(name) for name in names if name.startswith(f"{folder}/")}


def test_a_closed_one_is_gone_and_stays_so(
    tmp_path: Path, generation: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "RESTART_S", 0.05)

    async def scenario() -> None:
        async with running(tmp_path) as process:
            await process.ask(state(), asked("farmers"))
            theirs = process_tree(process.pid)
            process.close()
            wait_until(lambda: not any(Path(f"/proc/{one}").exists() for one in theirs), what="their end")
            with pytest.raises(Unavailable):
                await process.ask(state(), asked("farmers"))

    asyncio.run(scenario())
