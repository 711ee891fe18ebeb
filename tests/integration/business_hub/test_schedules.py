"""Schedules on a real database, with a clock of their own."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from hubs.business_hub.base import outbox
from hubs.business_hub.queue.models import Job
from hubs.business_hub.queue.repository.schedules import ScheduleRepository
from hubs.business_hub.queue.service.jobs import JobService
from hubs.business_hub.queue.service.schedules import ScheduleService
from hubs.business_hub.queue.service.tools import JobTools
from hubs.business_hub.queue.sources import SourceRegistry
from shared.contracts.http.jobs import ScheduleCreate, ScheduleUpdate
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.outbox.outbox import Outbox

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def service(bench, session, clock) -> ScheduleService:
    tools = JobTools.over(
        session, bench.hub.get(SourceRegistry), Outbox(session, outbox), bench.settings.jobs, clock
    )
    return ScheduleService(
        ScheduleRepository(session),
        JobService(tools),
        bench.hub.get(SourceRegistry),
        Outbox(session, outbox),
        clock,
    )


def add(bench, clock, **changes):
    asked = {
        "name": "members",
        "source_id": "ca-federal-mps",
        "cron": "0 9 * * *",
        "time_zone": "UTC",
        **changes,
    }
    with transaction(bench.hub.sessionmaker) as session:
        return service(bench, session, clock).create(ScheduleCreate(**asked), "ann").id


def fire(bench, clock) -> int:
    with transaction(bench.hub.sessionmaker) as session:
        return service(bench, session, clock).fire_due()


def end_all(bench) -> None:
    """End every job, so that the next may be made."""
    with transaction(bench.hub.sessionmaker) as session:
        for job in session.query(Job).filter(Job.state == "pending"):
            job.state, job.lock_key = "cancelled", None


@pytest.fixture(autouse=True)
def _quiet_keeper(bench):
    """The keeper of the hub would fire by the real clock."""
    bench.client.app.state.resources.stop.set()


def test_a_schedule_fires_once_per_slot_and_not_before_it(bench, clock):
    add(bench, clock)
    assert fire(bench, clock) == 0
    clock.now = START + timedelta(hours=1)
    assert (fire(bench, clock), fire(bench, clock)) == (1, 0)
    found = bench.client.get("/api/v1/schedules", headers=bench.writer).json()["data"][0]
    assert found["fired"] == 1
    assert found["next_slot_at"] == "2026-05-05T09:00:00Z"
    job = bench.job(found["last_job_id"])
    assert (job["schedule_id"], job["created_by"]) == (found["id"], "system:business_hub")


def test_schedulers_that_look_at_the_same_time_fire_a_slot_once(bench, clock):
    add(bench, clock)
    clock.now = START + timedelta(hours=2)
    counts = []
    threads = [threading.Thread(target=lambda: counts.append(fire(bench, clock))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 1
    assert len(bench.client.get("/api/v1/jobs", headers=bench.writer).json()["data"]) == 1


@pytest.mark.parametrize(("catch_up", "expected"), [("none", 0), ("once", 1), ("all", 3)])
def test_slots_that_nobody_fired_are_caught_up_as_asked(bench, clock, catch_up, expected):
    add(bench, clock, catch_up=catch_up)
    clock.now = START + timedelta(days=2, hours=3)
    assert fire(bench, clock) == expected
    found = bench.client.get("/api/v1/schedules", headers=bench.writer).json()["data"][0]
    assert (found["fired"], found["skipped"]) == (expected, 3 - expected)
    assert found["next_slot_at"] == "2026-05-07T09:00:00Z"


def test_a_slot_that_was_just_missed_still_runs_without_catching_up(bench, clock):
    add(bench, clock, catch_up="none")
    clock.now = START + timedelta(hours=1, minutes=4)
    assert fire(bench, clock) == 1


def test_jobs_of_one_schedule_do_not_pile_up(bench, clock):
    add(bench, clock, cron="0 * * * *")
    for hour in range(1, 4):
        clock.now = START + timedelta(hours=hour)
        fire(bench, clock)
    found = bench.client.get("/api/v1/schedules", headers=bench.writer).json()["data"][0]
    assert (found["fired"], found["skipped"]) == (1, 2)
    end_all(bench)
    clock.now = START + timedelta(hours=4)
    assert fire(bench, clock) == 1


def test_a_paused_schedule_rests_and_drops_the_slots_of_its_pause(bench, clock):
    schedule_id = add(bench, clock, catch_up="all")
    with transaction(bench.hub.sessionmaker) as session:
        service(bench, session, clock).update(schedule_id, ScheduleUpdate(is_paused=True), "ann")
    clock.now = START + timedelta(days=3)
    assert fire(bench, clock) == 0
    with transaction(bench.hub.sessionmaker) as session:
        service(bench, session, clock).update(schedule_id, ScheduleUpdate(is_paused=False), "ann")
    assert fire(bench, clock) == 0
    clock.now += timedelta(hours=1)
    assert fire(bench, clock) == 1


def test_stagger_and_jitter_delay_the_run_and_not_the_slot(bench, clock):
    schedule_id = add(bench, clock, stagger_s=600, jitter_s=600)
    found = bench.client.get(f"/api/v1/schedules/{schedule_id}", headers=bench.writer).json()
    assert found["next_slot_at"] == "2026-05-04T09:00:00Z"
    run_at = datetime.fromisoformat(found["next_run_at"])
    assert timedelta() < run_at - datetime(2026, 5, 4, 9, tzinfo=UTC) < timedelta(seconds=1200)
    clock.now = run_at - timedelta(seconds=1)
    assert fire(bench, clock) == 0
    clock.now = run_at
    assert fire(bench, clock) == 1


def test_schedules_are_made_changed_run_and_deleted_over_http(bench):
    body = {"name": "bills", "source_id": "ca-federal-bills", "cron": "*/30 * * * *"}
    made = bench.client.post("/api/v1/schedules", json=body, headers=bench.writer)
    assert made.status_code == 201
    path = made.headers["location"]
    assert datetime.fromisoformat(made.json()["next_run_at"]) > utc_now()
    assert bench.client.post("/api/v1/schedules", json=body, headers=bench.writer).status_code == 409
    changed = bench.client.patch(
        path, json={"cron": "0 0 1 1 *", "is_paused": True}, headers=bench.writer
    ).json()
    assert (changed["cron"], changed["is_paused"], changed["time_zone"]) == (
        "0 0 1 1 *",
        True,
        "America/Toronto",
    )
    job = bench.client.post(f"{path}/run", headers=bench.writer)
    assert (job.status_code, job.json()["schedule_id"]) == (201, made.json()["id"])
    assert bench.client.delete(path, headers=bench.writer).status_code == 204
    assert bench.client.get(path, headers=bench.writer).status_code == 404
    assert bench.job(job.json()["id"])["state"] == "pending"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"cron": "nonsense"}, "bad-schedule"),
        ({"time_zone": "Mars/Olympus"}, "bad-schedule"),
        ({"source_id": "ca-federal-mpz"}, "unknown-source"),
        ({"jitter_s": -1}, "invalid"),
    ],
)
def test_a_bad_schedule_is_refused_with_the_reason(bench, change, code):
    body = {"name": "x", "source_id": "ca-federal-mps", "cron": "0 9 * * *", **change}
    answer = bench.client.post("/api/v1/schedules", json=body, headers=bench.writer)
    assert answer.status_code == 422
    assert answer.json()["type"] == f"urn:openpolicy:problem:{code}"
    assert bench.client.get("/api/v1/schedules", headers=bench.writer).json()["data"] == []


def test_the_proposals_of_the_registry_are_adopted_once(bench):
    first = bench.client.post("/api/v1/schedules/adopt", headers=bench.writer).json()["data"]
    assert [(one["name"], one["cron"], one["time_zone"]) for one in first] == [
        ("ca-federal-mps", "0 9 * * *", "UTC")
    ]
    assert bench.client.post("/api/v1/schedules/adopt", headers=bench.writer).json()["data"] == []
