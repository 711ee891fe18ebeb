"""Flags over HTTP: written, killed, brought back, streamed, reported."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.db.session import transaction
from shared.testing.processes import wait_until

URL = "/api/v1/flags"
EVALUATE = "/ofrep/v1/evaluate/flags"
ON_OFF = {"variants": {"on": True, "off": False}, "default": "off", "off": "off"}


def put(hub, key: str, definition: dict[str, Any] | None = None, **fields: Any) -> httpx.Response:
    form = {"title_en": key, "title_fr": key, "definition": definition or ON_OFF, **fields}
    return hub.http.put(f"{URL}/{key}", json=form, headers=hub.bearer())


def ask(hub, key: str, context: Any = None, headers: dict[str, str] | None = None) -> httpx.Response:
    return hub.http.post(
        f"{EVALUATE}/{key}", json={"context": context or {}}, headers=headers or hub.bearer()
    )


def answer(hub, key: str, **context: Any) -> Any:
    found = ask(hub, key, context)
    assert found.status_code == 200, found.text
    return found.json()["value"]


def eventually(hub, key: str, expected: Any) -> None:
    wait_until(lambda: answer(hub, key) == expected, timeout=10)


def test_a_flag_is_written_killed_revived_and_brought_back(hub) -> None:
    put(hub, "life", {**ON_OFF, "default": "on"})
    eventually(hub, "life", True)
    hub.http.post(f"{URL}/life/kill", json={"is_killed": True, "reason": "fire"}, headers=hub.bearer())
    eventually(hub, "life", False)
    assert ask(hub, "life").json()["reason"] == "DISABLED"
    hub.http.post(f"{URL}/life/kill", json={"is_killed": False}, headers=hub.bearer())
    eventually(hub, "life", True)
    put(hub, "life", ON_OFF, reason="off again")
    eventually(hub, "life", False)
    back = hub.http.post(f"{URL}/life/rollback?version=1", headers=hub.bearer())
    assert back.json()["version"] == 5
    eventually(hub, "life", True)
    versions = hub.http.get(f"{URL}/life/versions", headers=hub.bearer()).json()["data"]
    assert [v["reason"] for v in versions] == ["back to version 1", "off again", "", "fire", ""]
    assert {"flag.set", "flag.killed", "flag.revived", "flag.rolled-back"} <= set(hub.actions())


def test_a_write_that_expects_another_version_is_refused(hub) -> None:
    assert put(hub, "race", expected_version=0).status_code == 200
    assert put(hub, "race", expected_version=0).status_code == 409


def test_a_flag_made_anew_divides_people_anew(hub) -> None:
    put(hub, "again")
    assert hub.http.delete(f"{URL}/again", headers=hub.bearer()).status_code == 204
    put(hub, "again")
    assert hub.http.get(f"{URL}/again", headers=hub.bearer()).json()["version"] == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "PARSE_ERROR"),
        (b'{"context": []}', "INVALID_CONTEXT"),
        (b"[]", "INVALID_CONTEXT"),
        (b'{"context": {}}', "TARGETING_KEY_MISSING"),
        (b"x" * 70_000, "PARSE_ERROR"),
    ],
)
def test_a_bad_evaluation_is_answered_in_the_words_of_ofrep(hub, body: bytes, code: str) -> None:
    put(hub, "split", {**ON_OFF, "rules": [{"split": {"on": 50, "off": 50}}]})
    found = hub.http.post(f"{EVALUATE}/split", content=body, headers=hub.bearer())
    assert (found.status_code, found.json()["errorCode"], found.json()["key"]) == (400, code, "split")


def test_anonymous_callers_see_public_flags_only(hub) -> None:
    put(hub, "open", is_public=True)
    put(hub, "internal")
    nobody = {"Accept": "application/json"}
    assert ask(hub, "open", headers=nobody).status_code == 200
    hidden = ask(hub, "internal", headers=nobody)
    assert (hidden.status_code, hidden.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert hidden.json()["errorDetails"] == ask(hub, "no-such", headers=nobody).json()[
        "errorDetails"
    ].replace("no-such", "internal")
    keys = {f["key"] for f in hub.http.post(EVALUATE, json={}, headers=nobody).json()["flags"]}
    assert "open" in keys
    assert "internal" not in keys


def test_an_api_key_in_its_own_header_counts(hub) -> None:
    put(hub, "keyed")
    service = hub.client("service", scopes=["config:read"])
    form = {"name": "sdk", "scopes": ["config:read"]}
    url = f"/api/v1/clients/{service['client_id']}/api-keys"
    key = hub.http.post(url, json=form, headers=hub.bearer()).json()["key"]
    assert ask(hub, "keyed", headers={"X-API-Key": key}).status_code == 200
    assert ask(hub, "keyed", headers={"X-API-Key": key[:-1] + "!"}).status_code == 401


def test_the_tag_of_a_bulk_answer_covers_the_context(hub) -> None:
    rule = {"when": {"attribute": "plan", "op": "eq", "value": "pro"}, "variant": "on"}
    put(hub, "tagged", {**ON_OFF, "rules": [rule]})
    first = hub.http.post(EVALUATE, json={"context": {"targetingKey": "a"}}, headers=hub.bearer())
    again = {**hub.bearer(), "If-None-Match": first.headers["etag"]}
    same = hub.http.post(EVALUATE, json={"context": {"targetingKey": "a"}}, headers=again)
    assert (same.status_code, same.content) == (304, b"")
    other = hub.http.post(EVALUATE, json={"context": {"targetingKey": "a", "plan": "pro"}}, headers=again)
    assert other.status_code == 200


def test_a_change_is_streamed_to_those_who_listen(hub) -> None:
    put(hub, "streamed", is_public=True)
    url = hub.http.post(EVALUATE, json={}).json()["eventStreams"][0]["url"]
    seen: list[dict[str, Any]] = []
    arrived = threading.Event()

    def listen() -> None:
        with httpx.stream("GET", url, timeout=60, trust_env=False) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    seen.append(json.loads(line[6:]))
                    arrived.set()
                    if len(seen) == 2:
                        return

    listener = threading.Thread(target=listen)
    listener.start()
    assert arrived.wait(30)
    put(hub, "streamed", {**ON_OFF, "default": "on"}, is_public=True)
    listener.join(30)
    assert not listener.is_alive()
    assert [event["type"] for event in seen] == ["refetchEvaluation"] * 2
    assert seen[0]["etag"] != seen[1]["etag"]


def test_flags_that_have_outlived_their_purpose_are_reported(hub) -> None:
    put(hub, "old-unused")
    put(hub, "old-same", {**ON_OFF, "default": "on"}, expires_on="2020-01-01")
    put(hub, "fresh")
    eventually(hub, "old-same", True)
    with transaction(hub.resources.sessionmaker) as session:
        session.execute(
            text("UPDATE security.flags SET updated_at = now() - interval '90 days' WHERE key LIKE 'old-%'")
        )
    report = hub.http.get(f"{URL}/stale?days=30", headers=hub.bearer()).json()["data"]
    found = {flag["key"]: flag["reasons"] for flag in report}
    assert found["old-unused"] == ["unused"]
    assert found["old-same"] == ["expired", "one-answer"]
    assert "fresh" not in found


def test_flags_are_changed_by_those_who_may(hub) -> None:
    headers = hub.bearer(hub.client_token("hub:data"))
    form = {"title_en": "x", "title_fr": "x", "definition": ON_OFF}
    assert hub.http.put(f"{URL}/sneaky", json=form, headers=headers).status_code == 403
    assert hub.http.put(f"{URL}/no spaces", json=form, headers=hub.bearer()).status_code == 422
