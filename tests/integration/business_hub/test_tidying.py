"""What nobody came for is let go, and work whose worker was lost is ended."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from hubs.business_hub.queue.dependencies import build_jobs, build_keeping
from hubs.business_hub.tidying import tidy_imports
from shared.contracts.http.jobs import JobCreate
from shared.core.clock import utc_now
from shared.db.session import transaction

LONG_AGO = "now() - interval '31 days'"


def change(bench, statement: str) -> None:
    with transaction(bench.hub.sessionmaker) as session:
        session.execute(text(statement))


def count(bench, table: str) -> int:
    with transaction(bench.hub.sessionmaker) as session:
        return session.scalar(text(f"SELECT count(*) FROM business.{table}")) or 0


def test_a_run_that_nobody_reviewed_is_dropped_with_its_records(bench, make_people):
    bench.start_importer()
    job = bench.create(mode="test")
    run_id = bench.scrape(job, make_people(4))
    bench.wait_for(job["id"], "succeeded")
    tidy_imports(bench.hub)
    assert count(bench, "staged_record") == 4
    change(bench, f"UPDATE business.import_run SET updated_at = {LONG_AGO}")
    tidy_imports(bench.hub)
    run = bench.client.get(f"/api/v1/runs/{run_id}", headers=bench.writer).json()
    assert (run["state"], run["reason"]) == ("dropped", "nobody reviewed the run in time")
    assert count(bench, "staged_record") == 0
    change(bench, f"UPDATE business.import_run SET finished_at = {LONG_AGO}")
    tidy_imports(bench.hub)
    assert count(bench, "run_difference") == 0


def test_the_bytes_of_an_old_upload_are_let_go_and_it_says_so(bench):
    made = bench.client.post("/api/v1/imports?name=a.csv", content=b"a,b\n1,2\n", headers=bench.writer).json()
    tidy_imports(bench.hub)
    assert count(bench, "upload_chunk") == 1
    change(bench, f"UPDATE business.upload SET updated_at = {LONG_AGO}")
    tidy_imports(bench.hub)
    assert count(bench, "upload_chunk") == 0
    answer = bench.client.post(f"/api/v1/imports/{made['id']}/run", headers=bench.writer)
    assert answer.status_code == 409
    assert "bring it again" in answer.json()["detail"]


def test_an_import_whose_worker_was_never_heard_of_again_is_ended_and_its_source_is_free(bench):
    with transaction(bench.hub.sessionmaker) as session:
        jobs = build_jobs(bench.hub, session)
        job_id = jobs.make(JobCreate(kind="import", source_id="import:x"), "ann").id
        assert jobs.begin_work(job_id, "a lost worker")
    long_ago = utc_now() - timedelta(days=1)
    with transaction(bench.hub.sessionmaker) as session:
        assert build_keeping(bench.hub, session).end_overdue() == 0
        session.execute(
            text("UPDATE business.job SET heartbeat_at = :at WHERE id = :id"), {"at": long_ago, "id": job_id}
        )
    with transaction(bench.hub.sessionmaker) as session:
        build_keeping(bench.hub, session).end_overdue()
    job = bench.job(str(job_id))
    assert (job["state"], job["reason"]) == ("timed_out", "the import took longer than 21600 s")
    log = bench.client.get(f"/api/v1/jobs/{job_id}/logs", headers=bench.writer).json()["data"]
    assert log[-1]["code"] == "timed_out"
