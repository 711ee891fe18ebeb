"""Jobs that are asked for with bad options, tried again, undone, or that no queue holds any more."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from hubs.business_hub.queue.keeper import make_round
from hubs.business_hub.settings import JobSettings
from shared.contracts.events.jobs import ScrapeRequestedV1
from shared.db.session import transaction
from shared.messaging.bus import QueueSpec
from shared.testing.processes import wait_until
from tests.integration.business_hub.test_uploads import BAD, GOOD, bring, imported, names, upload

WORKERS = QueueSpec(name="scraper.jobs", topics=(ScrapeRequestedV1.topic,), is_priority=True)
STAND_IN = "http://127.0.0.1:9/miniature"


def post(bench, path: str, **body):
    return bench.client.post(f"/api/v1{path}", json=body or None, headers=bench.writer)


def finished(bench, job_id: str) -> dict:
    return bench.wait_for(job_id, "succeeded", "failed")


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0}, {"timeout_s": 0}, {"timeout_s": -1}, {"timeout_s": 1e9}, {"upstream": "file:///etc/passwd"},
        {"upstream": "www.parl.ca"}, {"upstream": "http://[::1"}, {"session": "4" * 1_001},
    ],
)  # fmt: skip
def test_options_that_no_run_can_have_are_refused(bench, options):
    for path, more in (
        ("/jobs", {"source_id": "ca-federal-mps"}),
        ("/jobs/batch", {"source_ids": ["ca-federal-mps"]}),
        ("/schedules", {"name": "n", "source_id": "ca-federal-mps", "cron": "0 4 * * *"}),
    ):
        answer = post(bench, path, options=options, **more)
        assert answer.status_code == 422, path
        assert next(iter(options)) in answer.json()["detail"]
    assert bench.client.get("/api/v1/jobs", headers=bench.writer).json()["data"] == []


def test_jobs_read_the_stand_in_of_the_installation_unless_they_ask_for_the_real_hosts(bench):
    bench.hub.settings.jobs = JobSettings(upstream=STAND_IN, keeper_interval_s=0.5)
    asked = {"": STAND_IN, "real": "", "https://mirror.ca": "https://mirror.ca"}
    for given, taken in asked.items():
        job = bench.create(options={"upstream": given})
        assert job["options"]["upstream"] == taken
        post(bench, f"/jobs/{job['id']}/cancel")
        again = post(bench, f"/jobs/{job['id']}/retry").json()
        assert (again["options"]["upstream"], again["retry_of"]) == (taken, job["id"])


def test_a_failed_import_is_tried_again_by_its_job(bench):
    bench.start_importer()
    done = imported(bench, BAD)
    assert done["state"] == "failed"
    answer = post(bench, f"/jobs/{done['id']}/retry")
    assert answer.status_code == 201, answer.text
    again = finished(bench, answer.json()["id"])
    # The same bytes: refused for the same row, and the upload tells of the new job.
    assert (again["state"], again["retry_of"], again["reason"]) == ("failed", done["id"], done["reason"])
    assert upload(bench, done["upload"]["id"])["job_id"] == again["id"]
    assert names(bench) == set()


def test_an_import_that_failed_on_the_way_succeeds_when_tried_again(bench):
    made = bring(bench, GOOD, run=True)
    post(bench, f"/jobs/{made['job_id']}/cancel", reason="not yet")
    assert bench.job(made["job_id"])["state"] == "cancelled"
    answer = post(bench, f"/jobs/{made['job_id']}/retry")
    bench.start_importer()
    assert finished(bench, answer.json()["id"])["state"] == "succeeded"
    assert len(names(bench)) == 2


def test_a_retry_of_an_upload_that_was_started_anew_since_says_so(bench):
    made = bring(bench, GOOD, run=True)
    post(bench, f"/jobs/{made['job_id']}/cancel")
    assert post(bench, f"/imports/{made['id']}/run").status_code == 200
    late = post(bench, f"/jobs/{made['job_id']}/retry").json()
    bench.start_importer()
    done = finished(bench, late["id"])
    assert (done["state"], done["reason"]) == ("failed", "the upload was started anew since, or is no more")
    assert finished(bench, upload(bench, made["id"])["job_id"])["state"] == "succeeded"


def test_a_decision_about_a_run_is_not_retried_but_made_anew(bench, make_people):
    bench.start_importer()
    job = bench.create(mode="test")
    run_id = bench.scrape(job, make_people(3))
    bench.wait_for(job["id"], "succeeded")
    bench.stop_importer()
    promoting = post(bench, f"/runs/{run_id}/promote", reason="good").json()
    post(bench, f"/jobs/{promoting['id']}/cancel")
    answer = post(bench, f"/jobs/{promoting['id']}/retry")
    assert answer.status_code == 409
    assert f"POST /api/v1/runs/{run_id}/promote" in answer.json()["detail"]
    assert post(bench, f"/runs/{run_id}/promote", reason="good").status_code == 201


def test_an_undo_takes_back_every_run_of_its_upload(bench):
    bench.start_importer()
    done = imported(bench, GOOD)
    path = f"/imports/{done['upload']['id']}"
    # Once more without a change, then a dry run: neither hides what the first one loaded.
    for options in ({}, {"dry_run": True}):
        post(bench, f"{path}/run", **options)
        assert finished(bench, upload(bench, done["upload"]["id"])["job_id"])["state"] == "succeeded"
    assert len(names(bench)) == 2
    assert post(bench, f"{path}/undo").status_code == 200
    assert finished(bench, upload(bench, done["upload"]["id"])["job_id"])["state"] == "succeeded"
    assert names(bench) == set()
    refused = post(bench, f"{path}/undo")
    assert (refused.status_code, refused.json()["detail"]) == (409, "the upload was undone before")


def test_what_was_never_loaded_is_not_undone(bench):
    bench.start_importer()
    done = imported(bench, GOOD, options={"dry_run": True})
    answer = post(bench, f"/imports/{done['upload']['id']}/undo")
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "only an upload that was loaded can be undone",
    )


def test_the_broker_is_asked_only_about_requests_that_nobody_took_for_long(bench, monkeypatch):
    bench.hub.bus.declare(WORKERS)
    asked: list[str] = []
    depth = bench.hub.bus.depth
    monkeypatch.setattr(bench.hub.bus, "depth", lambda queue: asked.append(queue) or depth(queue))
    job = bench.create()
    wait_until(lambda: depth(WORKERS.name) == 1, timeout=30, what="the request in the queue")
    wait_until(lambda: make_round(bench.hub), timeout=30, what="a round")
    assert asked == []
    with transaction(bench.hub.sessionmaker) as session:
        session.execute(text("UPDATE business.job SET dispatched_at = now() - interval '1 hour'"))
    wait_until(lambda: "scraper.jobs" in asked, timeout=30, what="a question")
    assert depth(WORKERS.name) == 1  # it is still there: nothing is sent twice
    subscription = bench.hub.bus.subscribe(WORKERS, 1)
    subscription.ack(subscription.receive(1, 5.0))
    subscription.close()
    wait_until(lambda: depth(WORKERS.name) == 1, timeout=30, what="the request sent again")
    log = bench.client.get(f"/api/v1/jobs/{job['id']}/logs", headers=bench.writer).json()["data"]
    assert [line["code"] for line in log].count("lost") == 1
