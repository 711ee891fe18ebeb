"""The gateway over real sockets: what arrives upstream and what comes back is what was sent."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from hubs.ux_hub.app import create_app
from hubs.ux_hub.settings import GatewaySettings, UxSettings
from shared.settings import HubUrls
from shared.testing.ports import free_port


class Upstream:
    """An ASGI application that echoes, streams and fails on request."""

    def __init__(self) -> None:
        self.disconnected = threading.Event()

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path = scope["path"]
        if path.endswith("/endless"):
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [(b"content-type", b"text/event-stream")],
                }
            )
            with contextlib.suppress(Exception):
                for number in range(400):
                    await send(
                        {"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True}
                    )
                    if number:
                        with contextlib.suppress(TimeoutError):
                            if (await asyncio.wait_for(receive(), 0.05))["type"] == "http.disconnect":
                                self.disconnected.set()
                                return
            return
        status = int(path.rsplit("/", 1)[1]) if path.rsplit("/", 1)[1].isdigit() else 200
        seen = b"\n".join(
            [scope["method"].encode(), scope["raw_path"], scope["query_string"], body]
            + [n + b": " + v for n, v in scope["headers"]]
        )
        headers = [
            (b"content-type", b"text/plain"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
            (b"x-own", b"yes"),
        ]
        if status not in (204, 304):
            headers.append((b"content-length", str(len(seen)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status in (204, 304) else seen})


class Served:
    def __init__(self, app, port: int) -> None:
        self.server = uvicorn.Server(
            uvicorn.Config(app, port=port, log_config=None, proxy_headers=False, timeout_graceful_shutdown=1)
        )
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture(scope="module")
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, upstream: Upstream) -> Iterator[str]:
    behind, front = free_port(), free_port()
    first = Served(upstream, behind)
    settings = UxSettings(
        gateway=GatewaySettings(policy=""),
        data_dir=tmp_path_factory.mktemp("ux"),
        hubs=HubUrls(data=f"http://127.0.0.1:{behind}", business=f"http://127.0.0.1:{free_port()}"),
    )
    second = Served(create_app(settings), front)
    yield f"http://127.0.0.1:{front}"
    second.stop()
    first.stop()


def test_method_path_query_and_body_arrive_byte_for_byte(gateway: str) -> None:
    path = "/api/v1/bills/ca%2Fbill%2F45-1/c-2;x=%C3%A9"
    answer = httpx.request("PATCH", f"{gateway}{path}?a=1&a=2&b=%20+", content=b"\x00\xff body")
    lines = answer.content.split(b"\n")
    assert lines[:4] == [b"PATCH", path.encode(), b"a=1&a=2&b=%20+", b"\x00\xff body"]


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 404, 418, 500, 503])
def test_the_status_is_the_upstreams_own(gateway: str, status: int) -> None:
    assert httpx.get(f"{gateway}/api/v1/bills/{status}").status_code == status


def test_duplicate_headers_of_the_answer_survive(gateway: str) -> None:
    answer = httpx.get(f"{gateway}/api/v1/bills")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-own"] == "yes"


def test_headers_that_a_caller_could_spoof_are_replaced_and_hop_by_hop_ones_end_here(gateway: str) -> None:
    answer = httpx.get(
        f"{gateway}/api/v1/bills",
        headers={
            "X-Forwarded-For": "6.6.6.6",
            "X-Request-ID": "chosen-by-me-1",
            "Connection": "x-drop",
            "X-Drop": "1",
            "X-Real-IP": "6.6.6.6",
            "Authorization": "Basic dA==",
        },
    )
    text = answer.text.lower()
    assert "6.6.6.6" not in text
    assert "x-drop: 1" not in text
    assert "x-forwarded-for: 127.0.0.1" in text
    assert "x-request-id: chosen-by-me-1" in text
    assert "authorization: basic da==" in text


def test_a_chunked_upload_goes_through(gateway: str) -> None:
    parts = [b"part-%d|" % n for n in range(50)]
    answer = httpx.post(f"{gateway}/api/v1/bills", content=iter(parts))
    assert answer.content.split(b"\n")[3] == b"".join(parts)


def test_a_stream_is_not_buffered_and_ends_upstream_when_the_reader_leaves(
    gateway: str, upstream: Upstream
) -> None:
    with httpx.stream("GET", f"{gateway}/api/v1/bills/endless", timeout=10) as answer:
        assert next(answer.iter_lines()) == "data: 0"
    assert upstream.disconnected.wait(10)


def test_a_hub_that_is_away_is_a_503_problem_that_names_it(gateway: str) -> None:
    answer = httpx.get(f"{gateway}/api/v1/jobs")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["hub"] == "business"


def test_a_path_that_nobody_answers_is_a_404_problem(gateway: str) -> None:
    assert httpx.get(f"{gateway}/api/v1/nothing-like-this").status_code == 404
