"""From published records to the canonical record, and every way in which it may not go."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from shared.contracts.events.auditing import AuditRecordedV1
from shared.contracts.events.importing import ImportFinishedV1
from shared.contracts.events.scraping import ScrapeProblem
from shared.core.ids import new_id
from shared.messaging.bus import QueueSpec
from shared.testing.processes import wait_until

TOLD = QueueSpec(name="test.told", topics=(ImportFinishedV1.topic, AuditRecordedV1.topic))


def staged_rows(bench) -> int:
    with bench.hub.engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM business.staged_record")).scalar_one()


def locks(bench) -> int:
    with bench.hub.engine.connect() as connection:
        return connection.execute(text("SELECT count(lock_key) FROM business.job")).scalar_one()


def test_a_whole_run_is_loaded_once_and_reported(bench, make_people):
    bench.hub.bus.declare(TOLD)
    bench.start_importer()
    job = bench.create()
    bench.scrape(job, make_people(120))
    done = bench.wait_for(job["id"], "succeeded")
    assert done["report"]["person"]["inserted"] == 120
    assert done["summary_en"] == "Added: 120 people."
    assert done["summary_fr"] == "Ajouts : 120 personnes."
    assert len(bench.canon.rows) == 120
    assert (staged_rows(bench), locks(bench)) == (0, 0)
    wait_until(lambda: bench.hub.bus.depth(TOLD.name) >= 4, timeout=30, what="events")
    subscription = bench.hub.bus.subscribe(TOLD, 20)
    told = [(one.message.topic, one.message.body) for one in subscription.receive(20, 5.0)]
    subscription.close()
    finished = [ImportFinishedV1.decode(body) for topic, body in told if topic == ImportFinishedV1.topic]
    assert [(str(one.job_id), one.outcome, one.report["person"].inserted) for one in finished] == [
        (job["id"], "succeeded", 120)
    ]
    audited = {AuditRecordedV1.decode(body).action for topic, body in told if topic == AuditRecordedV1.topic}
    assert {"job.created", "job.succeeded", "import.succeeded"} <= audited


def test_the_same_run_again_changes_nothing(bench, make_people):
    bench.start_importer()
    records = make_people(7)
    for expected in ("inserted", "unchanged"):
        job = bench.create()
        bench.scrape(job, records)
        assert bench.wait_for(job["id"], "succeeded")["report"]["person"][expected] == 7
    assert bench.job(job["id"])["summary_en"] == "Nothing changed; 7 records are as before."


def test_what_a_complete_run_no_longer_saw_is_gone(bench, make_people):
    bench.start_importer()
    first = bench.create()
    bench.scrape(first, make_people(20))
    bench.wait_for(first["id"], "succeeded")
    second = bench.create()
    bench.scrape(second, make_people(19, k3="Renamed Member"))
    report = bench.wait_for(second["id"], "succeeded")["report"]["person"]
    assert (report["updated"], report["unchanged"], report["tombstoned"]) == (1, 18, 1)
    assert ("person", "ca/house/person/19") not in bench.canon.rows


def test_messages_that_come_twice_and_in_another_order_count_once(bench, make_people):
    bench.start_importer()
    job = bench.create()
    run_id = new_id()
    records = make_people(60)
    # The end is heard of before the records: the run waits for them.
    bench.scrape(job, [], run_id=run_id, counts={"person": 60})
    for _ in range(2):
        bench.scrape(job, records, run_id=run_id, size=7)
    assert bench.wait_for(job["id"], "succeeded")["report"]["person"]["inserted"] == 60
    wait_until(lambda: bench.hub.bus.depth("business.etl") == 0, timeout=30, what="an empty queue")
    bench.scrape(job, records, run_id=run_id)
    wait_until(lambda: bench.hub.bus.depth("business.etl") == 0, timeout=30, what="an empty queue")
    assert staged_rows(bench) == 0
    assert len(bench.canon.calls) == 1


def test_a_failed_crawl_loads_nothing_and_says_why(bench, make_people):
    bench.start_importer()
    job = bench.create()
    problem = ScrapeProblem(
        url="https://example.ca/x.xml", code="not-xml", detail="an HTML page with status 200"
    )
    bench.scrape(job, make_people(5), outcome="failed", problems=(problem,))
    failed = bench.wait_for(job["id"], "failed")
    assert failed["reason"] == "an HTML page with status 200 (https://example.ca/x.xml)"
    wait_until(lambda: staged_rows(bench) == 0, timeout=30, what="purged staging")
    wait_until(lambda: bench.job(job["id"])["problems"], timeout=30, what="the problems")
    assert bench.job(job["id"])["problems"] == [problem.model_dump()]
    assert bench.canon.calls == []
    log = bench.client.get(f"/api/v1/jobs/{job['id']}/logs", headers=bench.writer).json()["data"]
    assert [entry["url"] for entry in log if entry["code"] == "not-xml"] == ["https://example.ca/x.xml"]


def test_a_dry_run_is_checked_and_not_loaded(bench, make_people):
    bench.start_importer()
    job = bench.create(options={"dry_run": True})
    bench.scrape(job, make_people(5), is_dry_run=True)
    done = bench.wait_for(job["id"], "succeeded")
    assert done["summary_en"].startswith("Dry run: 5 records read and checked, nothing loaded.")
    assert done["summary_en"].endswith("Added: 5 people.")
    assert done["report"]["person"]["inserted"] == 5
    assert bench.canon.calls == []


def test_an_empty_run_is_held_and_a_reviewer_may_refuse_it(bench):
    bench.start_importer()
    job = bench.create(options={"limit": 3})
    run_id = bench.scrape(job, [], is_complete=False)
    held = bench.wait_for(job["id"], "quarantined")
    assert held["reason"] == "the crawl succeeded and brought no records"
    assert "sans rapporter" in held["summary_fr"]
    path = f"/api/v1/runs/{run_id}/refuse"
    assert bench.client.post(path, json={"reason": ""}, headers=bench.writer).status_code == 422
    refused = bench.client.post(path, json={"reason": "the site was down"}, headers=bench.writer)
    assert refused.json()["state"] == "dropped"
    assert bench.job(job["id"])["state"] == "cancelled"
    assert bench.client.post(path, json={"reason": "again"}, headers=bench.writer).status_code == 409


def test_a_run_that_lost_too_much_is_held_until_it_is_released(bench, make_people):
    bench.start_importer()
    first = bench.create()
    bench.scrape(first, make_people(100))
    bench.wait_for(first["id"], "succeeded")
    second = bench.create()
    run_id = bench.scrape(second, make_people(70))
    held = bench.wait_for(second["id"], "quarantined")
    assert held["reason"] == "people under ca/house/person/: 70 now, 100 before"
    assert len(bench.canon.rows) == 100
    found = bench.client.get("/api/v1/runs?state=held", headers=bench.writer).json()["data"]
    assert [UUID(one["run_id"]) for one in found] == [run_id]
    assert found[0]["findings"][0]["code"] == "count-drop"
    # What it would change counts what would vanish.
    assert {name: found[0]["forecast"]["person"][name] for name in ("unchanged", "tombstoned")} == {
        "unchanged": 70, "tombstoned": 30,
    }  # fmt: skip
    # Held runs do not keep their source busy.
    third = bench.create()
    busy = bench.client.post(
        f"/api/v1/runs/{run_id}/release", json={"reason": "an election"}, headers=bench.writer
    )
    assert busy.status_code == 409
    bench.client.post(f"/api/v1/jobs/{third['id']}/cancel", headers=bench.writer)
    released = bench.client.post(
        f"/api/v1/runs/{run_id}/release", json={"reason": "an election"}, headers=bench.writer
    )
    assert released.status_code == 200
    report = bench.wait_for(second["id"], "succeeded")["report"]["person"]
    assert (report["unchanged"], report["tombstoned"]) == (70, 30)
    log = bench.client.get(f"/api/v1/jobs/{second['id']}/logs", headers=bench.writer).json()["data"]
    [entry] = [one for one in log if one["code"] == "released"]
    assert entry["message"].endswith(": an election")
    steps = bench.client.get(f"/api/v1/runs/{run_id}", headers=bench.writer).json()["steps"]
    assert [step["name"] for step in steps] == ["prepare", "guard", "load", "close"]
    assert all(step["duration_s"] >= 0 for step in steps)


def test_a_full_run_outside_the_expected_range_is_held(bench, make_people):
    bench.start_importer()
    job = bench.create()
    bench.scrape(job, make_people(2))
    assert bench.wait_for(job["id"], "quarantined")["reason"] == "2 records of kind person; expected 3 to 400"


def test_records_of_another_session_than_asked_for_are_held(bench, make_people):
    from shared.contracts.events.scraping import BATCH_CLASSES, ScrapeFinishedV1
    from shared.contracts.legislation import BillRecord
    from shared.core.clock import utc_now

    bench.start_importer()
    job = bench.create("ca-federal-bills", options={"session": "45-1"})
    run_id = new_id()
    head = {"producer": "scraper", "job_id": job["id"], "run_id": run_id, "source_id": job["source_id"]}
    bill = BillRecord(
        key="ca/bill/99-9/c-2", session="99-9", number="C-2", title_en="An Act", chamber="house"
    )
    bench.hub.bus.publish([BATCH_CLASSES["bill"](**head, batch=0, records=(bill,))])
    bench.hub.bus.publish(
        [
            ScrapeFinishedV1(
                **head, outcome="succeeded", counts={"bill": 1}, started_at=utc_now(), finished_at=utc_now()
            )
        ]
    )
    assert bench.wait_for(job["id"], "quarantined")["reason"] == "records of unknown sessions: 99-9"


def test_the_import_waits_while_data_hub_is_away(bench, make_people):
    bench.canon.is_away = True
    bench.start_importer()
    job = bench.create(options={"limit": 100})
    bench.scrape(job, make_people(10))
    wait_until(
        lambda: bench.job(job["id"])["phase"] in {"importing", "loading"}, timeout=30, what="the import"
    )
    assert bench.client.get("/api/v1/jobs?state=running", headers=bench.writer).json()["data"]
    bench.canon.is_away = False
    assert bench.wait_for(job["id"], "succeeded")["report"]["person"]["inserted"] == 10


def test_text_is_normalised_before_it_is_loaded(bench, make_people):
    bench.start_importer()
    job = bench.create()
    bench.scrape(job, make_people(4, k1="Rene\u0301e  \u00a0O’Neil—Roy ", k2="Xavier Barsalou-Duval"))
    bench.wait_for(job["id"], "succeeded")
    assert '"name":"Renée O’Neil—Roy"'.encode() in bench.canon.rows["person", "ca/house/person/1"]
    assert b'"name":"Xavier Barsalou-Duval"' in bench.canon.rows["person", "ca/house/person/2"]


def test_records_that_never_come_end_the_job(bench, make_people):
    bench.settings.imports.missing_batches_s = 0.5
    bench.start_importer()
    job = bench.create()
    bench.scrape(job, make_people(5), counts={"person": 6})
    failed = bench.wait_for(job["id"], "failed")
    assert failed["reason"] == "records that the crawl announced never arrived"
    assert bench.canon.calls == []
