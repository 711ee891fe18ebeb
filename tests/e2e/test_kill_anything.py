"""kill -9 of any one process in the middle of a job: the final rows are those of an undisturbed run, once each."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from shared.testing.platform import Platform
from shared.testing.processes import wait_until

COLLECTIONS = ("people", "bills", "votes")
SOURCES = ("ca-federal-mps", "ca-federal-votes", "ca-federal-bills")


def rows_of(platform: Platform) -> dict[str, list[Any]]:
    """Every row by natural key, without what differs from run to run."""
    found = {}
    for collection in COLLECTIONS:
        rows = platform.everything(collection)
        keys = [row["key"] for row in rows]
        assert len(keys) == len(set(keys)), f"{collection}: a row stands twice"
        found[collection] = sorted(keys)
    return found


def spider_pid(platform: Platform) -> int | None:
    """The child of the scraper that runs a spider right now."""
    worker = platform.pid("scraper")
    children = Path(f"/proc/{worker}/task/{worker}/children")
    for thread in Path(f"/proc/{worker}/task").iterdir():
        listed = (thread / "children").read_text().split() if children.exists() else []
        if listed:
            return int(listed[0])
    return None


def jobs(platform: Platform) -> list[dict[str, Any]]:
    import json

    done = platform.run("jobs", "--json")
    return json.loads(done.stdout) if done.returncode == 0 else []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, list[Any]]:
    platform = Platform(tmp_path_factory.mktemp("calm") / "op")
    try:
        platform.start()
        return rows_of(platform)
    finally:
        platform.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    "victim",
    ["scraper", "spider", "importer", "security", "data", "business", "ops", "intelligence", "ux", "broker"],
)
def test_the_rows_are_those_of_an_undisturbed_run(
    platform: Platform, undisturbed: dict[str, list[Any]], victim: str
) -> None:
    platform.start("--no-scrape")
    for source in SOURCES:
        assert platform.run("scrape", source).returncode == 0
    wait_until(lambda: spider_pid(platform) is not None, timeout=60, what="a spider")
    if victim == "spider":
        pid = spider_pid(platform)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    elif victim == "broker":
        # The embedded broker is the embedded PostgreSQL.
        pid_file = platform.data_dir / "postgres" / "data" / "postmaster.pid"
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    else:
        platform.kill(victim)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        states = [job["state"] for job in jobs(platform)]
        if len(states) == len(SOURCES) and set(states) <= {"succeeded", "failed"}:
            break
        time.sleep(1)
    assert states == ["succeeded"] * len(SOURCES), platform.log.read_text()[-3000:]
    assert rows_of(platform) == undisturbed
