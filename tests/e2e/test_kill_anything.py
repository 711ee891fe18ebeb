"""kill -9 of any one process in the middle of a job: the final rows are those of an undisturbed run, once each."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.cli.components import HUB_PORTS
from services.cli.platform_api import PlatformApi
from shared.contracts.http.jobs import JobCreate
from shared.core.errors import AppError
from shared.settings import HubSettings, HubUrls
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


def states_of_jobs(api: PlatformApi) -> list[str]:
    """The state of each job; nothing while the hub that was killed is away."""
    try:
        return [job.state for job in api.jobs.list_jobs()]
    except AppError:
        return []


@pytest.fixture
def api(platform: Platform) -> Iterator[PlatformApi]:
    """What the operator's command uses, without the start of a command for every look."""
    hubs = {name: f"http://127.0.0.1:{platform.base + offset}" for name, offset in HUB_PORTS.items()}
    found = PlatformApi(HubSettings(data_dir=platform.data_dir, hubs=HubUrls(**hubs)))
    yield found
    found.close()


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
    platform: Platform, api: PlatformApi, undisturbed: dict[str, list[Any]], victim: str
) -> None:
    platform.start("--no-scrape")
    for source in SOURCES:
        api.jobs.create_job(JobCreate(source_id=source), source)
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
        states = states_of_jobs(api)
        if len(states) == len(SOURCES) and set(states) <= {"succeeded", "failed"}:
            break
        time.sleep(1)
    assert states == ["succeeded"] * len(SOURCES), platform.log.read_text()[-3000:]
    assert rows_of(platform) == undisturbed
