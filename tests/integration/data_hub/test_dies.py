"""data_hub is killed again and again while ten thousand changes stream in: the index equals the record in the end."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from joserfc import jwt

from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.testing.databases import FreshDatabase
from shared.testing.ports import free_port
from shared.testing.processes import Process, wait_until

from .conftest import KEY, bill, person

BATCH, BATCHES, KILLS = 500, 20, 3


class _Keys(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"keys": [KEY.as_dict(private=False, kid="test")]}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def issuer() -> Iterator[str]:
    """Publish the test's key as a security hub does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keys)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def token(at: str) -> str:
    now = int(time.time())
    claims = {
        "iss": at,
        "aud": "openpolicy",
        "sub": "hub:business",
        "iat": now,
        "exp": now + 3_000,
        "scope": "data:*",
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": "test"}, claims, KEY, algorithms=["ES256"])


def changes() -> list[tuple[str, list[dict[str, Any]]]]:
    """Return 10,000 changes: people and bills that come, then change, some of them twice."""

    def bills(batch: int, **said: str) -> tuple[str, list[dict[str, Any]]]:
        return "bill", [bill(f"C-{batch * BATCH + n}", **said) for n in range(BATCH)]

    found: list[tuple[str, list[dict[str, Any]]]] = [
        ("person", [person(n, f"Name {n}") for n in range(BATCH)]),
        *(bills(batch, status_en="New") for batch in range(12)),
        *(bills(batch, status_en="Read", title_en="Another Act") for batch in range(6)),
        ("person", [person(n, f"Other {n}") for n in range(BATCH)]),
    ]
    assert (len(found), sum(len(rows) for _, rows in found)) == (BATCHES, 10_000)
    return found


class Stream(threading.Thread):
    """Sends one batch after the other, each until it is answered: what business_hub does."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(name="stream", daemon=True)
        self.url, self.headers = url, headers
        self.answered = 0
        self.sent = 0
        self.refused: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=60) as http:
            for kind, records in changes():
                self.sent += 1
                body = {
                    "run_id": str(new_id()),
                    "source_id": "test",
                    "kind": kind,
                    "observed_at": utc_now().isoformat(),
                    "records": records,
                }
                self._send(http, body, {**self.headers, "Idempotency-Key": str(new_id())})
                self.answered += 1

    def _send(self, http: httpx.Client, body: dict[str, Any], headers: dict[str, str]) -> None:
        while not self.over.is_set():
            try:
                answer = http.post(f"{self.url}/api/v1/batches", json=body, headers=headers)
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code == 200:
                return
            if answer.status_code < 500:
                self.refused.append(answer.text)
                return


@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment_the_index_equals_the_record(
    database: FreshDatabase, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "uvicorn", "--factory", "hubs.data_hub.app:create_app", "--port", str(port), "--log-level", "error",
    ]  # fmt: skip
    with issuer() as at:
        environment = {
            **database.env(), "OP_DATA_DIR": str(tmp_path), "OP_HUBS__SECURITY": at, "OP_FOLLOWS_CONFIGURATION": "false",
            "OP_EXPORTS_EVERY_HOURS": "0", "OP_LOG_LEVEL": "ERROR",
        }  # fmt: skip
        headers = {"Authorization": f"Bearer {token(at)}"}
        stream = Stream(url, headers)
        hub = Process(command, env=environment, name="data_hub")
        try:
            hub.wait_for_http(f"{url}/livez", timeout=120)
            stream.start()
            for due in sorted(chance.sample(range(2, BATCHES - 1), KILLS)):
                wait_until(lambda due=due: stream.sent >= due, timeout=240, what="the stream")
                # Somewhere within the batch, or in the work of the index after it.
                time.sleep(chance.random() * 0.3)
                hub.kill()
                hub.close()
                hub = Process(command, env=environment, name="data_hub")
                hub.wait_for_http(f"{url}/livez", timeout=120)
            wait_until(lambda: stream.answered == BATCHES, timeout=240, what="the end of the stream")
            assert stream.refused == []
            with httpx.Client(base_url=url, timeout=60, headers=headers) as http:
                position = http.get("/api/v1/changes", params={"after": "now"}).json()["meta"]["position"]
                wait_until(
                    lambda: http.get("/api/v1/search/index").json()["position"] >= position,
                    timeout=120,
                    what="the index",
                )
                check = http.get("/api/v1/search/index/check", params={"by_content": True}).json()
                rebuilds = http.get("/api/v1/search/index").json()["rebuilds"]
        finally:
            stream.over.set()
            hub.close()
            stream.join(60)
    assert (check["expected"], check["indexed"]) == (6_500, 6_500)
    assert (check["is_equal"], check["missing"], check["extra"], check["differing"]) == (True, [], [], [])
    # What was there is taken up again, not made anew.
    assert rebuilds == 0
    dsn = database.url("data").set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as connection:
        told = connection.execute("SELECT change, count(*) FROM data.change GROUP BY 1 ORDER BY 1").fetchall()
    # Batches that were sent twice counted once.
    assert told == [("insert", 6_500), ("update", 3_500)]
