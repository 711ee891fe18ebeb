from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Body, Query
from fastapi.testclient import TestClient
from sqlalchemy.exc import DataError

from shared.app import HubSpec, create_hub_app
from shared.auth import Public, SignedIn
from shared.core.errors import Conflict, Unavailable
from shared.http.json import dumps
from shared.settings import HttpSettings, HubSettings

router = APIRouter()


@router.get("/things")
def list_things(_: Public, limit: Annotated[int, Query(ge=1, le=10)] = 5) -> dict[str, int]:
    return {"limit": limit}


@router.post("/things")
def make_thing(_: Public, size: Annotated[int, Body(embed=True)]) -> dict[str, int]:
    return {"size": size}


@router.get("/conflict")
def conflict(_: Public) -> None:
    raise Conflict("already there", other="x")


@router.get("/crash")
def crash(_: Public) -> None:
    raise ZeroDivisionError("secret detail")


@router.post("/kept")
def keep(_: Public, what: Annotated[dict[str, object], Body(embed=True)]) -> None:
    str(what["a"]).encode()
    raise DataError("INSERT", {}, ValueError("PostgreSQL text fields cannot contain NUL (0x00) bytes"))


@router.post("/rendered")
def render(_: Public, what: Annotated[dict[str, object], Body(embed=True)]) -> None:
    dumps(what)
    raise DataError("INSERT", {}, ValueError("PostgreSQL text fields cannot contain NUL (0x00) bytes"))


@router.post("/pointed")
def point(_: Public, what: dict[str, int]) -> None:
    str(what)


@router.get("/private")
def private(_: SignedIn) -> dict[str, str]:
    return {"ok": "yes"}


@pytest.fixture
def client(tmp_path) -> Iterator[TestClient]:
    spec = HubSpec(name="data", title="Test", routers=[router], has_database=False)
    settings = HubSettings(data_dir=tmp_path, http=HttpSettings(max_body_bytes=2048))
    with TestClient(create_hub_app(spec, settings), raise_server_exceptions=False) as found:
        yield found


def assert_problem(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert {"type", "title", "detail", "instance", "request_id"} <= body.keys()
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


def test_every_failure_has_the_one_error_shape(client: TestClient) -> None:
    assert_problem(client.get("/nowhere"), 404)
    assert_problem(client.delete("/things"), 405)
    assert assert_problem(client.get("/conflict"), 409)["other"] == "x"
    assert_problem(client.get("/private"), 401)
    assert_problem(client.get("/private", headers={"Authorization": "Basic x"}), 401)
    assert_problem(client.get("/things", params={"limit": 99}), 422)
    assert_problem(client.post("/things", content=b"{"), 422)
    assert_problem(client.post("/things", json={"size": 1, "pad": "x" * 5000}), 413)


def test_an_unexpected_error_says_nothing_of_its_inside(client: TestClient) -> None:
    body = assert_problem(client.get("/crash"), 500)
    assert "secret detail" not in str(body)


def test_an_unknown_parameter_is_refused_with_the_nearest_name(client: TestClient) -> None:
    body = assert_problem(client.get("/things", params={"limt": 3}), 422)
    assert "did you mean 'limit'" in body["detail"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"size": ', "not JSON: Expecting value at character 9"),
        (b'{"size": 1} x', "not JSON: Extra data at character 12"),
        (b"\xff\xfe", "not JSON: Expecting value at character 0"),
    ],
)
def test_a_body_that_is_not_json_is_told_where(client: TestClient, content: bytes, said: str) -> None:
    answer = client.post("/things", content=content, headers={"Content-Type": "application/json"})
    body = assert_problem(answer, 422)
    assert body["errors"] == [{"in": "body", "pointer": "", "detail": said}]


def test_a_field_with_a_slash_in_its_name_has_a_pointer(client: TestClient) -> None:
    body = assert_problem(client.post("/pointed", json={"a/b~c": "no number"}), 422)
    assert body["errors"][0]["pointer"] == "/a~1b~0c"


def test_a_method_that_a_path_has_not_is_told_all_that_it_has(client: TestClient) -> None:
    assert client.delete("/things").headers["allow"] == "GET, HEAD, POST"
    assert client.get("/kept").headers["allow"] == "POST"


def test_a_chunked_body_over_the_limit_is_refused_while_it_streams(client: TestClient) -> None:
    answer = client.post("/things", content=(b"x" * 512 for _ in range(20)))
    assert_problem(answer, 413)


def test_a_sound_request_id_is_kept_and_an_odd_one_replaced(client: TestClient) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-ID": "abc-12345"}).headers["x-request-id"] == "abc-12345"
    )
    assert client.get("/healthz", headers={"X-Request-ID": "a b"}).headers["x-request-id"] != "a b"


def test_readiness_names_what_fails_and_liveness_does_not_care(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200

    def broken() -> None:
        raise Unavailable("no route to host")

    client.app.state.resources.checks["broker"] = broken  # type: ignore[attr-defined]
    # The answer is cached for two seconds; a fresh app has no cache yet.
    spec = HubSpec(name="data", title="T", routers=[], has_database=False)
    app = create_hub_app(spec, client.app.state.resources.settings)  # type: ignore[attr-defined]
    with TestClient(app, raise_server_exceptions=False) as fresh:
        app.state.resources.checks["broker"] = broken
        assert "broker" in assert_problem(fresh.get("/readyz"), 503)["failing"]
        assert fresh.get("/livez").status_code == 200
        assert fresh.get("/healthz").status_code == 200


def test_metrics_speak_both_formats_and_label_by_route_template(client: TestClient) -> None:
    client.get("/things")
    client.get("/some/unknown/path/123")
    text = client.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain")
    assert 'http_requests_total{hub="data",method="GET",route="/things",status="200"} 1.0' in text.text
    assert "/some/unknown" not in text.text
    open_metrics = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
    assert open_metrics.headers["content-type"].startswith("application/openmetrics-text")
    assert open_metrics.text.endswith("# EOF\n")


def test_a_route_without_an_access_rule_stops_the_hub_from_being_built(tmp_path) -> None:
    bare = APIRouter()

    @bare.get("/open")
    def opened() -> None: ...

    with pytest.raises(TypeError, match="/open states no access rule"):
        create_hub_app(
            HubSpec(name="x", title="X", routers=[bare], has_database=False), HubSettings(data_dir=tmp_path)
        )


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize("path", ["/kept", "/rendered"])
def test_text_that_no_database_holds_is_refused(client: TestClient, path: str, text: str) -> None:
    sent = f'{{"what": {{"a": "{text}"}}}}'
    answer = client.post(path, content=sent, headers={"content-type": "application/json"})
    assert_problem(answer, 422)
