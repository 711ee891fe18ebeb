"""Celery workers and beat as processes, on a real RabbitMQ."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from shared.testing.processes import wait_until

pytestmark = pytest.mark.slow


def environment(bench) -> dict[str, str]:
    """The settings of the hub as variables for another process."""
    settings = bench.settings
    return {
        **os.environ,
        "OP_DATABASE__URL": settings.database.url,
        "OP_DATABASE__ROLE_PASSWORD": settings.database.role_password.get_secret_value(),
        "OP_RABBIT__URL": settings.rabbit.url,
        "OP_DATA_DIR": str(settings.data_dir),
        "OP_SOURCES_FILE": str(settings.sources_file),
        "OP_LOG_LEVEL": "INFO",
    }


@pytest.fixture
def launch(bench_on_rabbit, tmp_path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a module as a process; all are ended with the test."""
    running: list[subprocess.Popen[bytes]] = []
    log = (tmp_path / "processes.log").open("wb")

    def start(module: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=environment(bench_on_rabbit),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    log.close()


@pytest.fixture
def bench_on_rabbit(make_bench_on_rabbit):
    return make_bench_on_rabbit()


def bring(bench) -> str:
    body = b"District name,First name,Last name\nWard 1,Ann,Example\n"
    made = bench.client.post("/api/v1/imports?name=c.csv", content=body, headers=bench.writer)
    assert made.status_code == 201
    return made.json()["id"]


def state(bench, upload_id: str) -> str:
    return bench.client.get(f"/api/v1/imports/{upload_id}", headers=bench.writer).json()["state"]


def jobs(bench) -> list[dict[str, Any]]:
    return bench.client.get("/api/v1/jobs", headers=bench.writer).json()["data"]


def due(bench, minutes: int = 0) -> None:
    """Make the one schedule due now, for a slot some minutes ago."""
    with bench.hub.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE business.schedule SET next_run_at = now(),"
                " next_slot_at = date_trunc('minute', now()) - make_interval(mins => :minutes)"
            ),
            {"minutes": minutes + 1},
        )


def test_a_celery_worker_takes_the_hubs_tasks_and_is_seen_alive(bench_on_rabbit, launch):
    waiting = bring(bench_on_rabbit)
    launch("hubs.business_hub.worker")
    wait_until(lambda: state(bench_on_rabbit, waiting) == "inspected", timeout=90, what="an inspection")
    later = bring(bench_on_rabbit)
    wait_until(lambda: state(bench_on_rabbit, later) == "inspected", timeout=60, what="a second one")
    workers = bench_on_rabbit.client.get("/api/v1/workers", headers=bench_on_rabbit.writer).json()["data"]
    assert [one["kind"] for one in workers if one["is_alive"]] == ["celery"]
    depth = bench_on_rabbit.hub.bus.depth
    wait_until(lambda: depth("business.tasks") == 0, timeout=30, what="an empty queue")
    assert depth("business.tasks.dead") == 0


def test_a_worker_that_is_killed_loses_no_task(bench_on_rabbit, launch):
    first = launch("hubs.business_hub.worker")
    uploads = [bring(bench_on_rabbit) for _ in range(5)]
    wait_until(lambda: state(bench_on_rabbit, uploads[0]) == "inspected", timeout=90, what="the first")
    os.killpg(first.pid, 9)
    first.wait()
    launch("hubs.business_hub.worker")
    wait_until(
        lambda: all(state(bench_on_rabbit, one) == "inspected" for one in uploads),
        timeout=90,
        what="all of them",
    )


def test_of_two_beats_one_fires_and_the_other_takes_over(bench_on_rabbit, launch):
    bench_on_rabbit.client.app.state.resources.stop.set()
    body = {"name": "members", "source_id": "ca-federal-mps", "cron": "0 3 1 1 *"}
    assert (
        bench_on_rabbit.client.post(
            "/api/v1/schedules", json=body, headers=bench_on_rabbit.writer
        ).status_code
        == 201
    )
    beats = [launch("hubs.business_hub.beat"), launch("hubs.business_hub.beat")]
    due(bench_on_rabbit)
    wait_until(lambda: len(jobs(bench_on_rabbit)) == 1, timeout=90, what="a job")
    assert [pid for pid in active(bench_on_rabbit) if pid in {beat.pid for beat in beats}] != []
    first = next(beat for beat in beats if beat.pid in active(bench_on_rabbit))
    with bench_on_rabbit.hub.engine.begin() as connection:
        connection.execute(text("UPDATE business.job SET state = 'cancelled', lock_key = NULL"))
    os.killpg(first.pid, 9)
    first.wait()
    due(bench_on_rabbit, minutes=30)
    wait_until(lambda: len(jobs(bench_on_rabbit)) == 2, timeout=90, what="a job by the other beat")
    assert {beat.pid for beat in beats} == set(active(bench_on_rabbit))


def active(bench) -> list[int]:
    """The process ids of beats that have been active."""
    with bench.hub.engine.connect() as connection:
        names = connection.execute(
            text("SELECT name FROM business.worker_seen WHERE kind = 'beat'")
        ).scalars()
        return [int(name.rpartition(":")[2]) for name in names]


@pytest.mark.parametrize("module", ["hubs.business_hub.worker", "hubs.business_hub.beat"])
def test_without_rabbitmq_celery_says_why_it_does_not_start(module, tmp_path):
    env = {**os.environ, "OP_DATA_DIR": str(tmp_path), "OP_RABBIT__URL": ""}
    done = subprocess.run(
        [sys.executable, "-m", module], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "OP_RABBIT__URL" in done.stderr
