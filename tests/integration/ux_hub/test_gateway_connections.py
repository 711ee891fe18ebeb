"""How the gateway speaks to a hub: connections are kept, and nothing but one whole answer is believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from shared.core.errors import BadRequest
from shared.http.connection import Answer, BrokenOff, ClientLeft
from shared.http.pool import Away, Origin, Pool
from shared.testing.ports import free_port

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class ScriptedHub:
    """Answers each request with the next bytes of its script; ``None`` closes the connection."""

    def __init__(self, *script: bytes | None) -> None:
        self.script = list(script)
        self.connections = 0
        self.received = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while received := await reader.read(65_536):
                self.received += received
                if b"\r\n\r\n" not in received or not self.script:
                    continue
                answer = self.script.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if self.script[:1] == [None]:
                    self.script.pop(0)
                    break
        finally:
            writer.close()


def asking(hub: ScriptedHub, work: Callable[[Callable[..., Awaitable[Answer]], Pool], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        server = await asyncio.start_server(hub, "127.0.0.1", 0)
        origin, pool = Origin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"), Pool()

        async def ask(method: str = "GET", target: str = "/", body: Any = None, **more: Any) -> Answer:
            more = {"timeout_s": 5.0, **more}
            return await pool.ask(origin, method, target, more.pop("headers", []), body, **more)

        try:
            return await work(ask, pool)
        finally:
            pool.close()
            server.close()

    return asyncio.run(run())


def test_a_connection_carries_one_request_after_the_other() -> None:
    hub = ScriptedHub(FINE, b"HTTP/1.1 204 No Content\r\n\r\n", FINE)

    async def work(ask: Any, _: Pool) -> list[bytes]:
        return [await (await ask()).read() for _ in range(3)]

    assert asking(hub, work) == [b"ok", b"", b"ok"]
    assert hub.connections == 1


def test_an_answer_to_head_has_a_length_and_no_body_and_the_connection_is_kept() -> None:
    hub = ScriptedHub(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", FINE)

    async def work(ask: Any, _: Pool) -> tuple[int | None, bytes, bytes]:
        head = await ask("HEAD")
        return head.length, await head.read(), await (await ask()).read()

    assert asking(hub, work) == (500, b"", b"ok")
    assert hub.connections == 1


def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

    async def work(ask: Any, _: Pool) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        answer = await ask()
        return answer.status, answer.headers, await answer.read()

    assert asking(ScriptedHub(early + FINE), work) == (200, [(b"content-length", b"2")], b"ok")


def test_chunks_are_joined_and_what_follows_them_is_no_header() -> None:
    said = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\nX-Late: 1\r\n\r\n"
    )

    async def work(ask: Any, _: Pool) -> tuple[bytes, list[bytes]]:
        answer = await ask()
        return await answer.read(), [name for name, _ in answer.headers]

    assert asking(ScriptedHub(said), work) == (b"abcde", [b"transfer-encoding"])


def test_without_a_length_the_end_of_the_connection_is_the_end_of_the_answer() -> None:
    async def work(ask: Any, _: Pool) -> bytes:
        return await (await ask()).read()

    assert asking(ScriptedHub(b"HTTP/1.1 200 OK\r\n\r\nall of it", None), work) == b"all of it"


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
)
def test_an_answer_that_breaks_off_is_not_taken_for_whole(said: bytes) -> None:
    async def work(ask: Any, _: Pool) -> bytes:
        return await (await ask()).read()

    with pytest.raises(BrokenOff):
        asking(ScriptedHub(said, None), work)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: a\r\n\x00b: c\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(said: bytes) -> None:
    async def work(ask: Any, _: Pool) -> Answer:
        answer: Answer = await ask()
        return answer

    with pytest.raises(BrokenOff, match="no HTTP"):
        asking(ScriptedHub(said), work)


def test_a_second_answer_that_nobody_asked_for_is_never_given_to_the_next_request() -> None:
    poison = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    hub = ScriptedHub(FINE + poison, FINE)

    async def work(ask: Any, _: Pool) -> list[bytes]:
        return [await (await ask()).read() for _ in range(2)]

    assert asking(hub, work) == [b"ok", b"ok"]
    assert hub.connections == 2


def test_a_hub_that_answers_without_reading_the_body_is_heard_and_its_connection_not_kept() -> None:
    hub = ScriptedHub(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig", FINE)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000
            await asyncio.sleep(0.01)

    async def work(ask: Any, _: Pool) -> tuple[int, bytes, bytes]:
        answer = await ask("POST", body=endless())
        return answer.status, await answer.read(), await (await ask()).read()

    assert asking(hub, work) == (413, b"big", b"ok")
    assert hub.connections == 2


def test_a_client_that_leaves_in_the_middle_of_its_body_ends_the_request() -> None:
    async def leaving() -> AsyncIterator[bytes]:
        yield b"some of it"
        raise ClientLeft

    async def work(ask: Any, _: Pool) -> Answer:
        answer: Answer = await ask("POST", body=leaving())
        return answer

    hub = ScriptedHub()
    with pytest.raises(ClientLeft):
        asking(hub, work)
    assert b"0\r\n\r\n" not in hub.received


def test_a_body_that_comes_in_pieces_is_sent_in_chunks_unless_its_length_is_known() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"abc"
        yield b"de"

    async def work(ask: Any, _: Pool) -> None:
        await (await ask("POST", body=pieces())).read()
        await (await ask("PUT", body=pieces(), headers=[(b"content-length", b"5")])).read()

    hub = ScriptedHub(FINE, FINE)
    asking(hub, work)
    first, _, second = hub.received.partition(b"PUT ")
    assert first.endswith(b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert second.endswith(b"content-length: 5\r\n\r\nabcde")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a HTTP/1.1\r\nX: y", []),
        ("/", [(b"x-a", b"b\r\nX-Other: c")]),
        ("/", [(b"x-a", b"b\nc")]),
        ("/", [(b"x-a", b"\0")]),
    ],
)
def test_a_line_break_never_becomes_a_second_line(target: str, headers: list[tuple[bytes, bytes]]) -> None:
    hub = ScriptedHub(FINE)

    async def work(ask: Any, _: Pool) -> None:
        await ask("GET", target, headers=headers)

    with pytest.raises(BadRequest):
        asking(hub, work)
    assert hub.received == b""


def test_the_deadline_of_an_answered_request_never_ends_a_later_one_on_the_same_connection() -> None:
    hub = ScriptedHub(*[FINE] * 4_000)

    async def work(ask: Any, _: Pool) -> int:
        loop = asyncio.get_running_loop()
        end, count = loop.time() + 0.8, 0

        async def one_after_the_other() -> None:
            nonlocal count
            while loop.time() < end and count < 3_900:
                assert await (await ask(timeout_s=0.4)).read() == b"ok"
                count += 1

        await asyncio.gather(*(one_after_the_other() for _ in range(20)))
        return count

    assert asking(hub, work) > 0


def test_a_hub_that_is_not_there_and_one_that_says_nothing() -> None:
    async def nobody() -> None:
        await Pool().ask(Origin(f"http://127.0.0.1:{free_port()}"), "GET", "/", [], None, timeout_s=1.0)

    with pytest.raises(Away):
        asyncio.run(nobody())

    async def silent(ask: Any, _: Pool) -> None:
        await ask(timeout_s=0.05)

    with pytest.raises(TimeoutError):
        asking(ScriptedHub(), silent)


def test_a_slow_reader_makes_the_hub_wait() -> None:
    size = 8 * 2**20
    hub = ScriptedHub(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)

    async def work(ask: Any, _: Pool) -> tuple[int, int]:
        answer = await ask()
        await asyncio.sleep(0.2)
        first = len(await answer.chunk())
        return first, first + len(await answer.read())

    first, total = asking(hub, work)
    assert total == size
    assert first < size / 2


def test_the_base_path_of_a_hub_stands_before_every_target() -> None:
    assert Origin("https://hubs.example/data/").path == "/data"
    assert Origin("https://hubs.example:8443").authority == b"hubs.example:8443"
    with pytest.raises(ValueError, match="not the address of a server"):
        Origin("ftp://hubs.example")
