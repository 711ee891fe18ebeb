"""sentry-sdk, unmodified, reports into ops_hub; hostile bodies leave nothing behind."""

from __future__ import annotations

import gzip
import json
import os
import time
import uuid
import zlib

import brotli
import pytest
import sentry_sdk
from sentry_sdk.crons import MonitorStatus, capture_checkin

from hubs.ops_hub.error_reporting.intake import Intake, Limits
from shared.core.memory import tree_mib
from tests.contract.ops_hub.conftest import Ops


@pytest.fixture
def sdk(ops: Ops):
    client = sentry_sdk.Client(
        dsn=ops.dsn(), release="app@1.0", environment="test", traces_sample_rate=0, default_integrations=False
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        yield scope
        client.close(timeout=5)


def fail(number: int) -> None:
    secret_password = f"hunter-{number}"
    raise ValueError(f"no bill {number} {len(secret_password)}")


def capture(number: int) -> None:
    try:
        fail(number)
    except ValueError as error:
        sentry_sdk.capture_exception(error)


def test_an_exception_arrives_grouped_with_its_breadcrumbs_and_without_secrets(ops: Ops, sdk) -> None:
    sdk.set_tag("hub", "data")
    sdk.set_user({"email": "someone@example.org", "id": "7"})
    sentry_sdk.add_breadcrumb(message="before it broke", category="step")
    for number in (1, 2, 3):
        capture(number)
    sentry_sdk.get_client().flush(5)
    (issue,) = ops.issues()
    assert (issue["title"], issue["count"], issue["first_release"]) == (
        "ValueError: no bill 1 8",
        3,
        "app@1.0",
    )
    assert "fail" in issue["culprit"]
    event = ops.events(issue["id"])[0]
    assert event["tags"]["hub"] == "data"
    text = json.dumps(event)
    assert "before it broke" in text
    assert "hunter-1" not in text
    assert "someone@example.org" not in text


def test_messages_with_other_numbers_are_one_issue_and_own_fingerprints_are_kept_apart(ops: Ops, sdk) -> None:
    for number in (1, 22):
        sentry_sdk.capture_message(f"run {number} took long", level="warning")
    with sentry_sdk.new_scope() as scope:
        scope.fingerprint = ["my", "own"]
        sentry_sdk.capture_message("run 3 took long")
    sentry_sdk.get_client().flush(5)
    assert sorted(issue["count"] for issue in ops.issues()) == [1, 2]


def test_a_resolved_issue_that_happens_again_is_a_regression(ops: Ops, sdk) -> None:
    capture(1)
    sentry_sdk.get_client().flush(5)
    issue = ops.issues()[0]["id"]
    ops.http.patch(f"/api/v1/errors/issues/{issue}", json={"status": "resolved"}).raise_for_status()
    assert ops.issues(status="unresolved") == []
    capture(2)
    sentry_sdk.get_client().flush(5)
    (again,) = ops.issues(status="unresolved")
    assert again["id"] == issue
    assert again["regressed_at"] is not None


def test_a_check_in_is_kept_with_its_schedule(ops: Ops, sdk) -> None:
    first = capture_checkin(
        monitor_slug="nightly",
        status=MonitorStatus.IN_PROGRESS,
        monitor_config={"schedule": {"type": "crontab", "value": "0 3 * * *"}},
    )
    capture_checkin(monitor_slug="nightly", check_in_id=first, status=MonitorStatus.OK, duration=1.5)
    sentry_sdk.get_client().flush(5)
    (monitor,) = ops.http.get("/api/v1/errors/monitors").json()
    assert (monitor["slug"], monitor["status"], monitor["duration_s"]) == ("nightly", "ok", 1.5)
    assert monitor["schedule"]["schedule"]["value"] == "0 3 * * *"


def test_a_client_that_is_told_to_wait_waits(ops: Ops, sdk) -> None:
    ops.app.state.resources.get(Intake).refill(Limits(burst=2, per_s=1e-9))
    for number in range(6):
        sentry_sdk.capture_message(f"message of another kind {chr(97 + number)}")
        sentry_sdk.get_client().flush(5)
    stats = ops.http.get("/api/v1/errors/stats").json()
    assert stats["stored"] == 2
    # One request met the limit; the client then kept the rest to itself.
    assert stats["dropped"] == 1


def envelope(event: dict, dsn: str = "") -> bytes:
    payload = json.dumps(event).encode()
    head = {"event_id": event["event_id"], **({"dsn": dsn} if dsn else {})}
    return b"\n".join(
        [json.dumps(head).encode(), json.dumps({"type": "event", "length": len(payload)}).encode(), payload]
    )


def an_event(message: str = "boom") -> dict:
    return {"event_id": uuid.uuid4().hex, "message": message, "level": "error", "timestamp": time.time()}


def raw_deflate(data: bytes) -> bytes:
    squeezer = zlib.compressobj(wbits=-15)
    return squeezer.compress(data) + squeezer.flush()


def zstd(data: bytes) -> bytes:
    from backports import zstd as module

    return module.compress(data)


@pytest.mark.parametrize(
    ("encoding", "squeeze"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("br", brotli.compress),
        ("zstd", zstd),
        ("identity", bytes),
    ],
)
def test_every_encoding_and_way_of_authentication_is_read(ops: Ops, encoding: str, squeeze) -> None:
    key = ops.dsn().split("//")[1].split("@")[0]
    body = squeeze(envelope(an_event(), ops.dsn()))
    ways = (
        ({"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={key}, sentry_client=x/1"}, {}),
        ({}, {"sentry_key": key}),
        ({}, {}),
    )
    for headers, params in ways:
        answer = ops.http.post(
            "/api/1/envelope/",
            content=iter([body]),
            params=params,
            headers={"Content-Encoding": encoding, **headers},
        )
        assert answer.status_code == 200, answer.text
    # The same event id three times is one event.
    assert [issue["count"] for issue in ops.issues()] == [1]


BOMB = b"a" * 60_000_000
TAGS = b'{"message": "x", "tags": {"name": "' + b"v" * 1_000_000 + b'"}}'
STACK = json.dumps({"exception": {"values": [{"type": "E", "value": "x" * 10_000_000}]}}).encode()
NESTED = b'{"extra": ' + b'{"self": ' * 50_000 + b"1" + b"}" * 50_001


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/api/1/envelope/", gzip.compress(BOMB), {"Content-Encoding": "gzip"}, 413),
        ("/api/1/envelope/", zlib.compress(BOMB), {"Content-Encoding": "deflate"}, 413),
        ("/api/1/envelope/", brotli.compress(BOMB, quality=1), {"Content-Encoding": "br"}, 413),
        ("/api/1/envelope/", zstd(BOMB), {"Content-Encoding": "zstd"}, 413),
        ("/api/1/envelope/", gzip.compress(gzip.compress(BOMB)), {"Content-Encoding": "gzip, gzip"}, 413),
        ("/api/1/store/", gzip.compress(STACK), {"Content-Encoding": "gzip"}, 413),
        ("/api/1/store/", TAGS, {}, 413),
        ("/api/1/store/", NESTED, {}, 400),
        ("/api/1/store/", b'{"message": "\xff\xfe"}', {}, 400),
        ("/api/1/store/", b'{"message": "half \\ud800 \xed\xa0\x80"}', {}, 400),
        ("/api/1/security/", b"\xff", {}, 400),
        ("/api/1/envelope/", b"\x1f\x8b broken", {"Content-Encoding": "gzip"}, 400),
        ("/api/1/envelope/", b"x", {"Content-Encoding": "br"}, 400),
        ("/api/1/envelope/", b"x", {"Content-Encoding": "zstd"}, 400),
        ("/api/1/envelope/", b"x", {"Content-Encoding": "rot13"}, 400),
        ("/api/1/envelope/", b"not json\n", {}, 400),
        ("/api/1/envelope/", b'{}\n{"type":"event","length":99}\n{}', {}, 400),
        ("/api/1/envelope/", b'{}\n{"type":"event"}\n\xff\xfe', {}, 400),
        ("/api/1/envelope/", b"{}\n" + b'{"type":"x"}\n{}\n' * 300, {}, 400),
        ("/api/1/store/", b'{"message": "' + b"x" * 2_000_000 + b'"}', {}, 413),
        ("/api/1/store/", b"[" * 200_000, {}, 400),
        ("/api/1/store/", b'{"event_id": "no"}', {}, 400),
        ("/api/1/envelope/", b"x" * 11_000_000, {}, 413),
        ("/api/99/store/", b'{"message": "x"}', {}, 403),
        ("/api/0/store/", b"{}", {}, 422),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(
    ops: Ops, path: str, body: bytes, headers: dict, status: int
) -> None:
    before = tree_mib(os.getpid())
    key = ops.dsn().split("//")[1].split("@")[0]
    auth = {"X-Sentry-Auth": f"Sentry sentry_key={key}, sentry_version=7"}
    answer = ops.http.post(path, content=body, headers={**auth, **headers})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert ops.issues() == []
    # The hub runs in this process: what 60 MB would have become never was.
    assert tree_mib(os.getpid()) - before < 50


def test_a_wrong_key_is_refused(ops: Ops) -> None:
    answer = ops.http.post(
        "/api/1/store/", json=an_event(), headers={"X-Sentry-Auth": "Sentry sentry_key=0000"}
    )
    assert answer.status_code == 403


def test_odd_texts_tags_and_depths_are_stored_bounded(ops: Ops) -> None:
    deep: dict = {}
    for _ in range(200):
        deep = {"d": deep}
    event = {
        **an_event("nul \x00 and half \ud800 pair"),
        "tags": [["k" * 10_000, "v" * 5000]],
        "extra": {"deep": deep, "many": list(range(5000)), "token": "abc"},
    }
    key = ops.dsn().split("//")[1].split("@")[0]
    answer = ops.http.post("/api/1/store/", content=json.dumps(event), params={"sentry_key": key})
    assert answer.status_code == 200, answer.text
    stored = ops.events(ops.issues()[0]["id"])[0]
    assert len(json.dumps(stored)) < 20_000
    assert stored["payload"]["extra"]["token"] == "[scrubbed]"


def test_unknown_items_are_skipped_with_200(ops: Ops) -> None:
    body = b"\n".join(
        [
            json.dumps({"dsn": ops.dsn()}).encode(),
            b'{"type":"session"}',
            b"{}",
            b'{"type":"replay","length":3}',
            b"abc",
        ]
    )
    assert ops.http.post("/api/1/envelope/", content=body).status_code == 200
    assert ops.http.get("/api/v1/errors/stats").json()["skipped_items"] == 2


def test_the_former_report_endpoint_still_works(ops: Ops) -> None:
    answer = ops.http.post(
        "/api/errors/report",
        json={"message": "old caller", "service": "etl", "stack": "at line 1", "extra_field": 5},
    )
    assert answer.status_code == 201
    assert ops.issues()[0]["title"] == "old caller"


def test_a_browser_may_ask_first(ops: Ops) -> None:
    answer = ops.http.options(
        "/api/1/envelope/", headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_hub_reports_its_own_errors_and_never_waits_for_it(ops: Ops) -> None:
    import logging

    try:
        raise KeyError("deep inside")
    except KeyError:
        logging.getLogger("hubs.test").exception("a handler broke")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not ops.issues(q="deep inside"):
        time.sleep(0.1)
    (issue,) = ops.issues(q="deep inside")
    assert issue["level"] == "error"
