"""An OPA server asked from the event loop: as the client asks it, and every way in which there is no answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from hubs.intelligence_hub.opa.backends import server as module
from hubs.intelligence_hub.opa.backends.server import OpaServerEngine
from hubs.intelligence_hub.opa.engine import MISSING, Answer
from hubs.intelligence_hub.opa.errors import BadQuery, EngineAway, EngineTimeout, EvaluationFailed
from shared.testing.ports import free_port
from tests.contract.intelligence_hub.test_fed_server import OPEN, forget

MODULES = {
    **OPEN,
    "b.rego": "package b\n\nimport rego.v1\n\nx := input\n\nhalf := 1 / input.v\n\nno := false\n",
}


@pytest.fixture
def engine(opa_server) -> Iterator[OpaServerEngine]:
    forget(opa_server.url)
    found = OpaServerEngine(opa_server.url)
    found.load(MODULES, {"limits": {"most": 7}}, "r1")
    yield found
    forget(opa_server.url)


def ask(engine: OpaServerEngine, *questions: tuple[tuple[str, ...], Any]) -> list[Answer]:
    """Ask one after the other over the connections of one event loop."""

    async def asking() -> list[Answer]:
        try:
            return [await engine.ask(path, given) for path, given in questions]
        finally:
            engine.close()

    return asyncio.run(asking())


@pytest.mark.parametrize(
    ("path", "given"),
    [
        (("a", "x"), MISSING),
        (("b", "x"), None),
        (("b", "x"), {"a": [1, 2.5, "é\0", None, 10**30]}),
        (("b", "x"), MISSING),
        (("b", "no"), {}),
        (("no such", "document"), {}),
        (("b",), {"v": 4}),
    ],
)
def test_both_ways_say_the_same(engine: OpaServerEngine, path: tuple[str, ...], given: Any) -> None:
    (answer,) = ask(engine, (path, given))
    expected = engine.evaluate(path, given)
    assert (answer.is_defined, answer.provenance) == (expected.is_defined, expected.provenance)
    # The client itself reads a number of thirty digits as it is.
    assert answer.value == expected.value
    assert answer.provenance["bundles"] == {"platform": {"revision": "r1"}}


def test_a_built_in_that_fails_fails_the_decision(engine: OpaServerEngine) -> None:
    with pytest.raises(EvaluationFailed, match="divide by zero"):
        ask(engine, (("b", "half"), {"v": 0}))


def test_policies_lost_by_a_restart_are_put_there_again(engine: OpaServerEngine, opa_server) -> None:
    forget(opa_server.url)
    engine._looked_at = 0.0
    (answer,) = ask(engine, (("a", "x"), {}))
    assert answer.value == 7
    assert httpx.get(f"{opa_server.url}/v1/data/a/x", trust_env=False).json()["result"] == 7


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def asked_of(serve: Serve, given: Any = None, times: int = 1) -> list[Answer]:
    """Ask a server that behaves so."""

    async def asking() -> list[Answer]:
        async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await serve(reader, writer)
            finally:
                writer.close()

        async with await asyncio.start_server(one, "127.0.0.1", 0) as listening:
            engine = OpaServerEngine(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
            try:
                return [await engine.ask(("a",), given) for _ in range(times)]
            finally:
                engine.close()

    return asyncio.run(asking())


async def read_question(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r")[0])
    return await reader.readexactly(length)


def answering(status: str, body: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_question(reader)
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body))
        await writer.drain()

    return serve


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        ("400 Bad Request", b'{"code":"invalid_parameter","message":"bad input"}', BadQuery, "bad input"),
        ("500 Oops", b'{"errors":[{"message":"eval_conflict_error"}]}', EvaluationFailed, "eval_conflict"),
        ("404 Not Found", b"{}", EngineAway, "answered 404"),
        ("200 OK", b"<html>", EngineAway, "away"),
        ("200 OK", b"[true]", EngineAway, "something else"),
        ("200 OK", b"", EngineAway, "away"),
    ],
)
def test_what_is_no_decision_is_none(status: str, body: bytes, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        asked_of(answering(status, body))


def test_only_what_was_asked_goes_to_the_server() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await read_question(reader))
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"result":true}')

    (answer,) = asked_of(serve, {"v": 1})
    assert answer.value is True
    assert json.loads(seen[0]) == {"input": {"v": 1}}


def test_a_kept_connection_that_has_ended_is_replaced_unnoticed() -> None:
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        await read_question(reader)
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"result":true}')
        if served == 1:
            # The second question on this connection gets no answer.
            await read_question(reader)

    answers = asked_of(serve, times=2)
    assert [answer.value for answer in answers] == [True, True]
    assert served == 2


def test_a_server_that_always_breaks_off_is_away() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_question(reader)

    with pytest.raises(EngineAway):
        asked_of(serve)


def test_nobody_there_is_away() -> None:
    with pytest.raises(EngineAway):
        ask(OpaServerEngine(f"http://127.0.0.1:{free_port()}"), (("a",), {}))


def test_no_answer_in_time_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT_S", 0.2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_question(reader)
        await reader.read()

    with pytest.raises(EngineTimeout):
        asked_of(serve)
