"""Jobs watched live, tried again, and made many at a time."""

from __future__ import annotations

import json
import threading

import httpx
import pytest
import uvicorn

from shared.testing.ports import free_port
from shared.testing.processes import wait_until


@pytest.fixture
def served(bench):
    """The same hub over a real socket: streams need one."""
    port = free_port()
    config = uvicorn.Config(bench.client.app, port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, timeout=20, what="the server")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


def watch(url: str, headers: dict[str, str]) -> list[tuple[str, int, dict]]:
    """Read a stream to its end: (event, id, data)."""
    found, current = [], {}
    with httpx.stream("GET", url, headers=headers, timeout=60) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name in {"event", "id", "data"}:
                current[name] = value
            elif not line and "event" in current:
                found.append((current["event"], int(current.get("id", 0)), json.loads(current["data"])))
                current = {}
    return found


def test_a_watcher_sees_every_state_and_log_line_until_the_end(bench, served, make_people):
    bench.start_importer()
    job = bench.create()
    seen: list = []
    watcher = threading.Thread(
        target=lambda: seen.extend(watch(f"{served}/api/v1/jobs/{job['id']}/events", bench.writer))
    )
    watcher.start()
    wait_until(lambda: bench.hub.get(_feed())._watchers, timeout=20, what="the watcher")
    bench.scrape(job, make_people(5))
    bench.wait_for(job["id"], "succeeded")
    watcher.join(30)
    assert not watcher.is_alive()
    states = [data["state"] for event, _, data in seen if event == "job"]
    assert (states[0], states[-1]) == ("pending", "succeeded")
    assert seen[-1][0] == "end"
    codes = [data["code"] for event, _, data in seen if event == "log"]
    assert codes[:2] == ["created", "queued"]
    assert codes[-1] == "succeeded"
    # Who comes back goes on where the stream was left.
    last = max(number for event, number, _ in seen if event == "log")
    again = watch(f"{served}/api/v1/jobs/{job['id']}/events", {**bench.writer, "Last-Event-ID": str(last)})
    assert [event for event, _, _ in again] == ["job", "end"]


def _feed():
    from hubs.business_hub.queue.live import JobFeed

    return JobFeed


def test_nobody_listens_when_nobody_watches(bench, served):
    job = bench.create()
    bench.client.post(f"/api/v1/jobs/{job['id']}/cancel", headers=bench.writer)
    assert watch(f"{served}/api/v1/jobs/{job['id']}/events", bench.writer)[-1][0] == "end"
    feed = bench.hub.get(_feed())
    wait_until(lambda: feed._thread is None, timeout=20, what="the end of the listener")


def test_a_stream_of_an_unknown_job_is_refused_as_any_request(bench):
    path = "/api/v1/jobs/0198c0de-0000-7000-8000-000000000000/events"
    assert bench.client.get(path, headers=bench.writer).status_code == 404
    assert bench.client.get(path).status_code == 401


def test_a_failed_job_is_tried_again_once_at_a_time(bench, make_people):
    bench.start_importer()
    job = bench.create(options={"limit": 3}, priority=2)
    path = f"/api/v1/jobs/{job['id']}/retry"
    assert bench.client.post(path, headers=bench.writer).status_code == 409
    bench.scrape(job, [], outcome="failed")
    bench.wait_for(job["id"], "failed")
    again = bench.client.post(path, headers=bench.writer)
    assert again.status_code == 201
    assert (again.json()["retry_of"], again.json()["priority"], again.json()["options"]["limit"]) == (
        job["id"],
        2,
        3,
    )
    assert bench.client.post(path, headers=bench.writer).json()["id"] == again.json()["id"]
    bench.scrape(again.json(), make_people(3), is_complete=False)
    assert bench.wait_for(again.json()["id"], "succeeded")["report"]["person"]["inserted"] == 3


def test_a_batch_makes_all_jobs_or_none(bench):
    body = {"source_ids": ["ca-federal-mps", "ca-federal-bills", "ca-federal-mps"]}
    headers = {**bench.writer, "Idempotency-Key": "batch-1"}
    made = bench.client.post("/api/v1/jobs/batch", json=body, headers=headers)
    assert made.status_code == 201
    assert [job["source_id"] for job in made.json()["jobs"]] == ["ca-federal-bills", "ca-federal-mps"]
    again = bench.client.post("/api/v1/jobs/batch", json=body, headers=headers).json()
    assert again["id"] == made.json()["id"]
    listed = bench.client.get(f"/api/v1/jobs?batch_id={again['id']}", headers=bench.writer).json()["data"]
    assert {job["id"] for job in listed} == {job["id"] for job in made.json()["jobs"]}
    bad = bench.client.post(
        "/api/v1/jobs/batch", json={"source_ids": ["ca-federal-mps", "nope"]}, headers=bench.writer
    )
    assert bad.status_code == 422
    assert len(bench.client.get("/api/v1/jobs", headers=bench.writer).json()["data"]) == 2
    federal = bench.client.post("/api/v1/jobs/batch", json={"level": "federal"}, headers=bench.writer).json()
    # Only active sources are taken by their level.
    assert [job["source_id"] for job in federal["jobs"]] == ["ca-federal-mps"]
    assert (
        bench.client.post("/api/v1/jobs/batch", json={"level": "moon"}, headers=bench.writer).status_code
        == 422
    )
