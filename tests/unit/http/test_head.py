"""HEAD: every GET route of every hub answers it, with the same head and without content."""

from __future__ import annotations

import importlib
import re
from collections.abc import AsyncIterator, Iterator

import pytest
from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from shared.app import HubSpec, create_hub_app, route_rules
from shared.auth import Public
from shared.http.conditional import conditional
from shared.settings import HubSettings

HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
router = APIRouter()
noted: list[str] = []


@router.get("/things")
def list_things(request: Request, _: Public) -> Response:
    return conditional(request, b'{"data": []}', headers={"Link": '</things?page=2>; rel="next"'})


@router.get("/range")
def read_range(request: Request, _: Public) -> Response:
    return Response(b"x", 206 if "range" in request.headers else 200)


@router.get("/endless")
async def stream(_: Public) -> Response:
    async def ticks() -> AsyncIterator[bytes]:
        noted.append("begun")
        while True:
            yield b"tick\n"

    return StreamingResponse(ticks(), media_type="text/event-stream")


@router.get("/breaks")
def fail(_: Public) -> None:
    raise RuntimeError("broken")


@router.get("/parts")
def send_parts(_: Public) -> Response:
    def parts() -> Iterator[bytes]:
        for part in (b"one", b"two"):
            noted.append(part.decode())
            yield part

    return StreamingResponse(parts(), headers={"Content-Length": "6"})


@router.post("/writes")
def write(_: Public) -> None:
    noted.append("written")


@pytest.fixture
def client() -> Iterator[TestClient]:
    spec = HubSpec("ops", "test", [router], has_database=False)
    settings = HubSettings(follows_configuration=False)
    with TestClient(create_hub_app(spec, settings), raise_server_exceptions=False) as client:
        noted.clear()
        yield client


def test_the_head_is_that_of_get_and_there_is_no_content(client: TestClient) -> None:
    get, head = client.get("/things"), client.head("/things")
    assert (head.status_code, head.content) == (200, b"")
    same = ("content-length", "content-type", "etag", "link", "cache-control", "vary")
    assert {name: head.headers[name] for name in same} == {name: get.headers[name] for name in same}
    assert head.headers["content-length"] == str(len(get.content))


def test_what_the_caller_holds_already_is_304_to_head_as_well(client: TestClient) -> None:
    etag = client.get("/things").headers["etag"]
    assert client.head("/things", headers={"If-None-Match": etag}).status_code == 304


def test_a_range_is_for_get_alone(client: TestClient) -> None:
    assert client.get("/range", headers={"Range": "bytes=0-0"}).status_code == 206
    assert client.head("/range", headers={"Range": "bytes=0-0"}).status_code == 200


def test_a_stream_without_an_end_is_not_begun(client: TestClient) -> None:
    head = client.head("/endless")
    assert (head.status_code, head.content) == (200, b"")
    assert noted == []
    assert head.headers["content-type"].startswith("text/event-stream")


def test_a_long_answer_of_known_length_ends_with_its_first_part(client: TestClient) -> None:
    head = client.head("/parts")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "6")
    assert noted == ["one"]


def test_failures_keep_their_status(client: TestClient) -> None:
    for path, status in (("/breaks", 500), ("/things?strange=1", 422), ("/nowhere", 404), ("/writes", 405)):
        head = client.head(path)
        assert (head.status_code, head.content) == (status, b""), path
    assert noted == []


def test_head_is_counted_as_head_under_its_route(client: TestClient) -> None:
    client.head("/things")
    assert 'method="HEAD",route="/things",status="200"' in client.get("/metrics").text


@pytest.mark.parametrize("hub", HUBS)
def test_every_get_route_of_every_hub_takes_head(hub: str) -> None:
    # Without its lifespan a hub has nothing to answer from: what counts is that both meet the same end.
    app = importlib.import_module(f"hubs.{hub}_hub.app").create_app(HubSettings(follows_configuration=False))
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    paths = sorted({path for method, path, _ in route_rules(app) if method == "GET"})
    assert len(paths) > 5
    for path in paths:
        address = re.sub(r"\{[^}]*\}", "1", path)
        # Unless logging is set up already, each failure would be drawn with all its variables: a second of a processor.
        with capture_logs():
            get, head = client.get(address), client.head(address)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.status_code != 405, path
