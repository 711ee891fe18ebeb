"""The plain question, answered before the framework: as the framework's own route answers it, and what it bears."""

from __future__ import annotations

import json
import socket
from typing import Any

import httpx
import psycopg
import pytest

from shared.testing.processes import wait_until
from tests.contract.intelligence_hub.conftest import Hub
from tests.contract.intelligence_hub.test_decisions import ALLOWED, DENIED, logged

PATH = "/v1/data/openpolicy/gateway/allow"
FULL = {"Authorization": "Bearer x"}


def shape(answer: httpx.Response) -> tuple[int, set[str], dict[str, Any]]:
    """Return what two answers to one question have in common."""
    headers = {name for name in answer.headers if name != "date"}
    said = {name: value for name, value in answer.json().items() if name not in ("decision_id", "request_id")}
    return answer.status_code, headers, said


@pytest.mark.parametrize("headers", [FULL, {}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer nothing"}, {"Authorization": "Digest x"}])  # fmt: skip
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, json.dumps({"input": ALLOWED}).encode()),
        (PATH, json.dumps({"input": DENIED}).encode()),
        ("/v1/data/openpolicy/gateway", json.dumps({"input": DENIED, "other": 1}).encode()),
        ("/v1/data/no/such", b"{}"),
        ("/v1/data/no/such", b" "),
        ("/v1/data//openpolicy//gateway/allow/", b'{"input": null}'),
        ("/v1/data/a%22b", b"{}"),
        ("/v1/data/caf%C3%A9/x", b"{}"),
        (PATH, b"{"),
        (PATH, b"[1]"),
        (PATH, b'{"input": NaN}'),
        (PATH, b'{"input": "\\ud800"}'),
        (PATH, b"\xff"),
        (PATH, b'{"input": ' + b"[" * 70 + b"]" * 70 + b"}"),
    ],
)  # fmt: skip
def test_both_ways_answer_alike(running: Hub, headers: dict[str, str], path: str, body: bytes) -> None:
    with httpx.Client(base_url=running.url, headers=headers, trust_env=False) as http:
        plain, framework = http.post(path, content=body), http.post(f"{path}?metrics=false", content=body)
    assert shape(plain) == shape(framework)


def test_a_body_that_is_too_large_is_refused_announced_or_not(running: Hub) -> None:
    large = b'{"input": "' + b"x" * running.app.state.resources.settings.http.max_body_bytes + b'"}'
    announced = running.http.post(PATH, content=large)
    in_pieces = running.http.post(PATH, content=iter([large[: 2**20], large[2**20 :]]))
    for answer in (announced, in_pieces):
        assert answer.status_code == 413
        assert answer.json()["max_bytes"] == running.app.state.resources.settings.http.max_body_bytes


def test_an_input_of_more_than_a_mebibyte_is_refused(running: Hub) -> None:
    answer = running.http.post(PATH, json={"input": "x" * 2**20})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_a_body_in_pieces_is_read_whole(running: Hub) -> None:
    body = json.dumps({"input": ALLOWED}).encode()
    answer = running.http.post(PATH, content=iter([body[:20], body[20:50], body[50:]]))
    assert answer.json()["result"] is True


def test_ids_come_through_and_the_trace_is_logged(hub: Hub) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-ID": "question-0001", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    answer = hub.http.post(PATH, json={"input": ALLOWED}, headers=headers)
    assert answer.headers["x-request-id"] == "question-0001"
    assert hub.http.post(PATH, content=b"{", headers=headers).json()["request_id"] == "question-0001"
    (row,) = logged(hub, 1)
    assert row["decision_id"] == answer.json()["decision_id"]
    with psycopg.connect(hub.dsn) as admin:
        assert admin.execute("SELECT trace_id FROM intelligence.decision_log").fetchall() == [(trace,)]


def counted(hub: Hub, status: int) -> float:
    name = f'http_requests_total{{hub="intelligence",method="POST",route="/v1/data/{{path:path}}",status="{status}"}} '
    return next(
        (float(x.split()[-1]) for x in hub.http.get("/metrics").text.splitlines() if x.startswith(name)), 0
    )


def test_answers_and_refusals_are_counted_by_the_routes_template(running: Hub) -> None:
    before = [counted(running, status) for status in (200, 400)]
    running.http.post(PATH, json={"input": ALLOWED})
    running.http.post(PATH, content=b"{")
    assert [counted(running, status) for status in (200, 400)] == [number + 1 for number in before]


def test_who_leaves_in_the_middle_of_a_question_is_counted_and_nothing_is_decided(hub: Hub) -> None:
    before = counted(hub, 499)
    with socket.create_connection(("127.0.0.1", hub.port)) as line:
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nContent-Length: 50\r\n\r\n"
        line.sendall(head.encode() + b'{"input"')
    wait_until(lambda: counted(hub, 499) == before + 1, what="the count")
    assert hub.http.post(PATH, json={"input": ALLOWED}).json()["result"] is True
    assert len(logged(hub, 1)) == 1


def test_what_nobody_expects_is_a_problem_document_without_its_inside(
    running: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hubs.intelligence_hub.opa.service import DecisionService

    async def broken(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(running.app.state.resources.get(DecisionService), "ask", broken)
    answer = running.http.post(PATH, json={"input": ALLOWED})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "inside" not in answer.text
    assert answer.headers["x-request-id"]


def test_a_row_that_the_database_does_not_keep_costs_itself_alone(hub: Hub) -> None:
    dropped = "policy_decisions_unlogged_total "

    def unlogged() -> float:
        return next(
            float(x.split()[-1]) for x in hub.http.get("/metrics").text.splitlines() if x.startswith(dropped)
        )

    before = unlogged()
    for note in ("first", "a\0b", "last"):
        hub.http.post(PATH, json={"input": {**ALLOWED, "note": note}}).raise_for_status()
    wait_until(lambda: unlogged() == before + 1, what="the row that is not kept")
    wait_until(lambda: len(hub.http.get("/api/v1/decisions").json()["data"]) == 2, what="the other rows")
    assert [row["input"]["note"] for row in logged(hub, 2)] == ["last", "first"]


def test_the_log_catches_up_with_more_decisions_than_it_writes_at_once(hub: Hub) -> None:
    inputs = {f"n{n}": {**ALLOWED, "n": n} for n in range(700)}
    for _ in range(2):
        hub.http.post(
            "/api/v1/decisions/batch/openpolicy/gateway/allow", json={"inputs": inputs}
        ).raise_for_status()
    with psycopg.connect(hub.dsn, autocommit=True) as admin:
        count = "SELECT count(*) FROM intelligence.decision_log"
        wait_until(lambda: admin.execute(count).fetchone() == (1400,), what="every decision in the log")
