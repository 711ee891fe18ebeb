"""@sentry/node and Debian's old sentry-sdk, unmodified, report into ops_hub and obey its 429."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hubs.ops_hub.error_reporting.intake import Intake, Limits
from shared.testing.node import node_folder, run_node
from shared.testing.packages import Unobtainable, ensure_file
from tests.contract.ops_hub.conftest import Ops

HERE = Path(__file__).parent
DEBIAN_SDK = Path("/usr/lib/python3/dist-packages/sentry_sdk/__init__.py")
Run = Callable[[str, str], str]


@pytest.fixture(scope="module")
def node(pytestconfig: pytest.Config) -> Run:
    try:
        folder = node_folder(pytestconfig.rootpath, HERE.parent / "node" / "ops")
    except Unobtainable as missing:
        pytest.skip(str(missing))
    return lambda dsn, what: run_node(folder, HERE / "sentry_node.mjs", dsn, what)


@pytest.fixture(scope="module")
def debian() -> Run:
    try:
        ensure_file(DEBIAN_SDK, "python3-sentry-sdk")
    except Unobtainable as missing:
        pytest.skip(str(missing))

    def run(dsn: str, what: str) -> str:
        command = ["/usr/bin/python3", str(HERE / "sentry_old.py"), dsn, what]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def of_title(ops: Ops, title: str) -> dict:
    (issue,) = [issue for issue in ops.issues() if issue["title"] == title]
    return ops.events(issue["id"])[0]


def test_sentry_node_reports_exceptions_messages_breadcrumbs_and_check_ins(ops: Ops, node: Run) -> None:
    node(ops.dsn(), "report")
    event = of_title(ops, "TypeError: bill 7 has no title")
    text = json.dumps(event)
    assert (event["release"], event["tags"]["hub"]) == ("site@2.0", "site")
    assert "before it broke" in text
    assert "readBill" in text
    assert "someone@example.org" not in text
    assert "192.0.2.7" not in text
    assert of_title(ops, "a message from the site")["level"] == "warning"
    (monitor,) = ops.http.get("/api/v1/errors/monitors").json()
    assert (monitor["slug"], monitor["status"], monitor["missed"]) == ("node-nightly", "ok", "")


def test_debians_old_sdk_reports_exceptions_messages_and_breadcrumbs(ops: Ops, debian: Run) -> None:
    assert debian(ops.dsn(), "report").startswith("1.9")
    event = of_title(ops, "LookupError: no bill of that number")
    text = json.dumps(event)
    assert (event["release"], event["tags"]["hub"]) == ("old@1.0", "old")
    assert "before it broke" in text
    assert "someone@example.org" not in text
    assert of_title(ops, "a message of old")


@pytest.mark.parametrize("client", ["node", "debian"])
def test_a_client_that_is_told_to_wait_waits(ops: Ops, client: str, request: pytest.FixtureRequest) -> None:
    run: Run = request.getfixturevalue(client)
    ops.app.state.resources.get(Intake).refill(Limits(burst=2, per_s=1e-9))
    run(ops.dsn(), "flood")
    stats = ops.http.get("/api/v1/errors/stats").json()
    # One request met the limit; the client then kept the rest to itself.
    assert (stats["stored"], stats["dropped"]) == (2, 1)
