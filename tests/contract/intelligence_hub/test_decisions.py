"""The decision API by third-party clients, and what it says when it must say no."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from hubs.data_hub.exports.licensing import ask_terms
from shared.clients.intelligence_hub import IntelligenceHubClient
from tests.contract.intelligence_hub.conftest import Hub

ALLOWED = {
    "subject": {"kind": "user", "scopes": ["users:admin"], "client_id": "", "email": "a@example.org"},
    "request": {"method": "POST", "route": "/api/v1/users"},
}
DENIED = {**ALLOWED, "subject": {"kind": "user", "scopes": [], "client_id": ""}}


def test_undefined_has_no_result_and_a_plain_question_gets_a_404(hub: Hub) -> None:
    answer = hub.http.post("/v1/data/no/such/document", json={"input": {}})
    assert answer.status_code == 200
    assert "result" not in answer.json()
    assert hub.http.post("/v0/data/no/such/document", json={}).status_code == 404
    assert hub.http.post("/v0/data/openpolicy/gateway/allow", json=ALLOWED).json() is True


def test_the_query_form_and_its_parameters(hub: Hub) -> None:
    answer = hub.http.get(
        "/v1/data/openpolicy/gateway/allow",
        params={"input": json.dumps(ALLOWED), "provenance": "true", "metrics": "true", "explain": "full"},
    ).json()
    assert answer["result"] is True
    assert answer["provenance"]["bundles"]["platform"]["revision"]
    assert answer["metrics"]["timer_rego_query_eval_ns"] > 0
    assert "data.openpolicy.gateway.allow = true" in answer["explanation"]
    assert "data.openpolicy.gateway.reason = undefined" in answer["explanation"]


def test_many_inputs_in_one_request(hub: Hub) -> None:
    answer = hub.http.post(
        "/api/v1/decisions/batch/openpolicy/gateway/allow",
        json={"inputs": {"a": ALLOWED, "b": DENIED, "c": {"request": {"route": "/x"}}}},
    ).json()
    responses = answer["responses"]
    assert (responses["a"]["result"], responses["b"]["result"]) == (True, False)
    assert "result" not in responses["c"]


def test_data_hub_is_told_by_the_shipped_policy_what_of_each_licence_may_be_exported(hub: Hub) -> None:
    free, closed = "https://www.ourcommons.ca/en/important-notices", "CC-BY-NC-4.0"
    client = IntelligenceHubClient(hub.url, hub.http, None)
    internal = {"locked_fields", "match_candidates", "notes"}
    terms = ask_terms(client.decide_many, "openpolicy/records", [free, closed])
    assert {licence: said["reason"] for licence, said in terms.items()} == {
        "": "",
        free: "",
        closed: "licence CC-BY-NC-4.0 forbids commercial use",
    }
    assert all(set(said["hidden"]) == internal for said in terms.values())
    undefined = ask_terms(client.decide_many, "no/such", [free])
    assert {said["reason"] for said in undefined.values()} == {"no policy allows it"}
    # More than one request's worth.
    assert len(ask_terms(client.decide_many, "no/such", [str(n) for n in range(700)])) == 701
    assert logged(hub, 4)[0]["path"] == "no/such"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/data/openpolicy/gateway", b"{", 400),
        ("/v1/data/openpolicy/gateway", b"[1]", 400),
        ("/v1/data/openpolicy/gateway", b'{"input": ' + b"[" * 900 + b"]" * 900 + b"}", 400),
        ("/v1/data/a%22b", b"{}", 400),
        ("/logs", b"{}", 400),
        ("/logs", b'[{"no": "labels"}]', 400),
        ("/logs", b"\x1f\x8b broken", 400),
    ],
)
def test_bad_questions_are_refused_and_the_process_goes_on(
    hub: Hub, path: str, body: bytes, status: int
) -> None:
    headers = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f") else {}
    answer = hub.http.post(path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (
        hub.http.post("/v1/data/openpolicy/gateway/allow", json={"input": ALLOWED}).json()["result"] is True
    )


def test_asking_needs_a_scope(hub: Hub) -> None:
    assert (
        hub.http.post("/v1/data/openpolicy", headers={"Authorization": "Bearer nothing"}).status_code == 403
    )
    assert hub.http.post("/v1/data/openpolicy", headers={"Authorization": ""}).status_code == 401


def logged(hub: Hub, count: int) -> list[dict]:
    deadline = time.monotonic() + 15
    while True:
        rows = hub.http.get("/api/v1/decisions", params={"limit": 100}).json()["data"]
        if len(rows) >= count or time.monotonic() > deadline:
            return rows
        time.sleep(0.1)


def test_decisions_are_logged_masked_and_replayed_against_a_candidate(hub: Hub) -> None:
    for question in (ALLOWED, DENIED):
        hub.http.post("/v1/data/openpolicy/gateway/allow", json={"input": question}).raise_for_status()
    rows = logged(hub, 2)
    assert [row["result"] for row in rows] == [False, True]
    assert "a@example.org" not in json.dumps(rows)
    assert rows[1]["erased"] == ["/input/subject/email"]
    candidate = "package openpolicy.gateway\nimport rego.v1\ndefault allow := true\n"
    report = hub.http.post("/api/v1/decisions/replay", json={"modules": {"candidate.rego": candidate}}).json()
    assert (report["replayed"], report["changed"]) == (2, 1)
    assert report["differences"][0]["after"] is True


@pytest.mark.parametrize(
    "source",
    [
        "package x\nallow if { ",
        "package x\nimport rego.v1\nallow if unknown_function(1)",
        "package x_test\nimport rego.v1\nimport data.openpolicy.gateway\nq(s) := {'a': s}\ntest_a if { not gateway.allow with input as q([]) }",
        "package x\nimport rego.v1\nslow := count([1 | some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); a * b == 7])",
    ],
)
def test_a_candidate_that_is_bad_crashes_or_runs_away_costs_an_answer_and_not_the_hub(
    hub: Hub, source: str
) -> None:
    hub.http.post("/v1/data/x/slow", json={"input": {}})
    logged(hub, 1)
    answer = hub.http.post("/api/v1/decisions/replay", json={"modules": {"bad.rego": source}}, timeout=60)
    assert answer.status_code in (200, 422), answer.text
    assert hub.http.get("/livez").status_code == 200


def test_opas_own_decision_log_is_taken_once(hub: Hub) -> None:
    entry = {
        "labels": {"id": "opa-1", "version": "1.9.0"},
        "decision_id": "d-1",
        "path": "app/allow",
        "result": True,
        "input": {"password": "x", "n": 1},
        "timestamp": "2026-11-23T10:00:00.123456789Z",
        "bundles": {"b": {"revision": "r1"}},
        "metrics": {"timer_server_handler_ns": 150000},
        "requested_by": "127.0.0.1:1",
    }
    body = gzip.compress(json.dumps([entry, {**entry, "decision_id": "d-2", "result": None}]).encode())
    for _ in range(2):
        assert hub.http.post("/logs", content=body, headers={"Content-Encoding": "gzip"}).status_code == 204
    rows = logged(hub, 2)
    assert len(rows) == 2
    assert rows[0]["input"] == {"n": 1}
    assert rows[0]["revision"] == "r1"
