"""The job API on a real database."""

from __future__ import annotations

from shared.contracts.events.jobs import JobCancelRequestedV1, ScrapeRequestedV1
from shared.messaging.bus import QueueSpec
from shared.testing.processes import wait_until

WORKERS = QueueSpec(name="scraper.jobs", topics=(ScrapeRequestedV1.topic,), is_priority=True)
CANCELS = QueueSpec(name="test.cancels", topics=(JobCancelRequestedV1.topic,))


def requests(bench) -> list[ScrapeRequestedV1]:
    """Take what waits for the workers."""
    subscription = bench.hub.bus.subscribe(WORKERS, 20)
    received = subscription.receive(20, 5.0)
    subscription.ack(received)
    subscription.close()
    return [ScrapeRequestedV1.decode(one.message.body) for one in received]


def test_a_job_is_stored_and_its_request_reaches_the_workers(bench):
    bench.hub.bus.declare(WORKERS)
    job = bench.create(options={"limit": 5}, priority=2)
    assert (job["state"], job["phase"], job["priority"]) == ("pending", "queued", 2)
    sent = requests(bench)
    assert [(str(one.job_id), one.source_id, one.options.limit) for one in sent] == [
        (job["id"], "ca-federal-mps", 5)
    ]


def test_a_request_waits_in_the_outbox_until_there_is_a_queue_for_it(bench):
    job = bench.create()
    bench.hub.bus.declare(WORKERS)
    wait_until(lambda: bench.hub.bus.depth(WORKERS.name) == 1, timeout=30, what="the request in the queue")
    assert [str(one.job_id) for one in requests(bench)] == [job["id"]]


def test_a_job_needs_a_token_with_the_scope(bench):
    body = {"source_id": "ca-federal-mps"}
    assert bench.client.post("/api/v1/jobs", json=body).status_code == 401
    reader = bench.token("jobs:read")
    assert bench.client.post("/api/v1/jobs", json=body, headers=reader).status_code == 403
    assert bench.client.get("/api/v1/jobs", headers=reader).json()["data"] == []


def test_an_unknown_source_is_refused_with_the_nearest_ones(bench):
    answer = bench.client.post("/api/v1/jobs", json={"source_id": "ca-federal-mp"}, headers=bench.writer)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["suggestions"] == ["ca-federal-mps", "ca-federal-bills"]
    assert bench.client.get("/api/v1/jobs", headers=bench.writer).json()["data"] == []


def test_the_same_idempotency_key_makes_one_job(bench):
    headers = {**bench.writer, "Idempotency-Key": '"once"'}
    first = bench.client.post("/api/v1/jobs", json={"source_id": "ca-federal-mps"}, headers=headers)
    again = bench.client.post("/api/v1/jobs", json={"source_id": "ca-federal-mps"}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    other = bench.client.post("/api/v1/jobs", json={"source_id": "ca-federal-bills"}, headers=headers)
    assert other.status_code == 422
    stranger = {**bench.token("jobs:write", subject="bob"), "Idempotency-Key": '"once"'}
    theirs = bench.client.post("/api/v1/jobs", json={"source_id": "ca-federal-mps"}, headers=stranger)
    assert theirs.json()["id"] != first.json()["id"]


def test_jobs_of_one_source_run_one_after_the_other_by_priority(bench):
    bench.hub.bus.declare(WORKERS)
    first = bench.create()
    late = bench.create(priority=5)
    urgent = bench.create(priority=1)
    other = bench.create("ca-federal-bills")
    assert [job["phase"] for job in (first, late, urgent, other)] == [
        "queued",
        "waiting",
        "waiting",
        "queued",
    ]
    wait_until(lambda: bench.hub.bus.depth(WORKERS.name) == 2, timeout=30, what="two requests")
    cancelled = bench.client.post(f"/api/v1/jobs/{first['id']}/cancel", headers=bench.writer).json()
    assert cancelled["state"] == "cancelled"
    assert bench.job(urgent["id"])["phase"] == "queued"
    assert bench.job(late["id"])["phase"] == "waiting"


def test_a_caller_who_cannot_wait_is_told_that_the_source_is_busy(bench):
    bench.create()
    answer = bench.client.post(
        "/api/v1/jobs?wait=false", json={"source_id": "ca-federal-mps"}, headers=bench.writer
    )
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:openpolicy:problem:source-busy"


def test_a_cancelled_job_stays_cancelled_whatever_its_worker_says(bench, make_people):
    bench.hub.bus.declare(CANCELS)
    job = bench.create()
    bench.client.post(f"/api/v1/jobs/{job['id']}/cancel", json={"reason": "not now"}, headers=bench.writer)
    wait_until(lambda: bench.hub.bus.depth(CANCELS.name) == 1, timeout=30, what="the cancellation")
    bench.start_importer()
    bench.scrape(job, make_people(3))
    # The worker that began all the same is told again to stop.
    wait_until(lambda: bench.hub.bus.depth(CANCELS.name) == 2, timeout=30, what="the second cancellation")
    wait_until(lambda: bench.hub.bus.depth("business.etl") == 0, timeout=30, what="an empty queue")
    found = bench.job(job["id"])
    assert (found["state"], found["reason"]) == ("cancelled", "not now")
    assert bench.canon.rows == {}


def test_a_job_that_has_ended_cannot_be_cancelled(bench):
    job = bench.create()
    path = f"/api/v1/jobs/{job['id']}/cancel"
    assert bench.client.post(path, headers=bench.writer).status_code == 200
    answer = bench.client.post(path, headers=bench.writer)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:openpolicy:problem:illegal-transition"


def test_jobs_are_listed_in_pages_newest_first(bench):
    made = [bench.create()["id"] for _ in range(5)]
    first = bench.client.get("/api/v1/jobs?limit=2", headers=bench.writer)
    pages = [first.json()]
    assert f"<{first.json()['next']}>" in first.headers["link"]
    while pages[-1]["next"]:
        pages.append(bench.client.get(pages[-1]["next"], headers=bench.writer).json())
    assert [job["id"] for page in pages for job in page["data"]] == made[::-1]
    only = bench.client.get("/api/v1/jobs?source_id=ca-federal-bills", headers=bench.writer).json()
    assert only["data"] == []
    assert bench.client.get("/api/v1/jobs?sort=x", headers=bench.writer).status_code == 422


def test_a_job_that_nobody_knows_is_not_found(bench):
    path = "/api/v1/jobs/0198c0de-0000-7000-8000-000000000000"
    assert bench.client.get(path, headers=bench.writer).status_code == 404
    assert bench.client.post(f"{path}/cancel", headers=bench.writer).status_code == 404


def test_the_sources_are_listed_in_both_languages(bench):
    found = bench.client.get("/api/v1/sources", headers=bench.writer).json()["data"]
    assert [(one["id"], one["title_fr"], one["jurisdiction_en"]) for one in found] == [
        ("ca-federal-mps", "Députés", "Parliament of Canada"),
        ("ca-federal-bills", "Projets de loi", "Parliament of Canada"),
    ]
