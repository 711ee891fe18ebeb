"""Quality of runs: kept, compared with thresholds, with a trend."""

from __future__ import annotations


def readings(bench) -> dict[str, dict]:
    found = bench.client.get("/api/v1/quality?source_id=ca-federal-mps", headers=bench.writer).json()["data"]
    return {f"{one['kind']} {one['metric']}": one for one in found}


def scrape(bench, records, *states: str) -> dict:
    job = bench.create()
    bench.scrape(job, records)
    return bench.wait_for(job["id"], *(states or ("succeeded",)))


def test_each_run_is_measured_and_shows_its_trend(bench, make_people):
    bench.start_importer()
    scrape(bench, make_people(10))
    first = readings(bench)
    assert first["person completeness"]["value"] == 0.25
    assert (first["person completeness"]["trend"], first["person completeness"]["sample_size"]) == ("new", 40)
    assert first["person uniqueness"]["value"] == 1.0
    records = [one.model_copy(update={"given_name": "A", "family_name": "B"}) for one in make_people(10)]
    scrape(bench, records)
    second = readings(bench)
    assert (second["person completeness"]["value"], second["person completeness"]["trend"]) == (0.75, "up")
    assert second["* timeliness"]["status"] == "ok"
    history = bench.client.get(
        "/api/v1/quality/history?source_id=ca-federal-mps&metric=completeness", headers=bench.writer
    ).json()["data"]
    assert [one["value"] for one in history] == [0.75, 0.25]


def test_a_run_below_the_critical_threshold_is_held(bench, make_people):
    bench.start_importer()
    asked = {"source_id": "ca-federal-mps", "metric": "completeness", "warning": 0.9, "critical": 0.5}
    assert bench.client.put("/api/v1/quality/thresholds", json=asked, headers=bench.writer).status_code == 200
    held = scrape(bench, make_people(10), "quarantined", "succeeded")
    assert held["state"] == "quarantined"
    assert held["reason"] == "completeness of person is 25%, below 50%"
    assert readings(bench)["person completeness"]["status"] == "critical"
    assert bench.canon.rows == {}


def test_records_that_repeat_one_another_are_noticed(bench, make_people):
    bench.start_importer()
    twins = [one.model_copy(update={"name": "The Same"}) for one in make_people(4)]
    held = scrape(bench, twins, "quarantined", "succeeded")
    assert held["state"] == "quarantined"
    assert "uniqueness of person is 0%, below 50%" in held["reason"]


def test_records_that_do_not_say_what_tells_them_apart_are_not_compared(bench, make_people):
    bench.start_importer()
    nameless = [
        one.model_copy(update={"name": "", "given_name": "A", "family_name": "B"}) for one in make_people(4)
    ]
    scrape(bench, [*nameless, *make_people(8)[4:]])
    assert readings(bench)["person uniqueness"]["sample_size"] == 4


def test_discrepancies_are_listed_per_run(bench):
    from shared.contracts.events.scraping import BATCH_CLASSES, ScrapeFinishedV1
    from shared.contracts.legislation import BillRecord
    from shared.core.clock import utc_now
    from shared.core.ids import new_id

    bench.start_importer()
    job = bench.create("ca-federal-bills")
    run_id = new_id()
    head = {"producer": "scraper", "job_id": job["id"], "run_id": run_id, "source_id": job["source_id"]}
    bills = tuple(
        BillRecord(
            key=f"ca/bill/45-1/c-{n}", session="45-1", number=f"C-{n}", title_en=f"Act {n}",
            title_fr="" if n == 2 else f"Loi {n}", chamber="house",
        )
        for n in range(1, 9)
    )  # fmt: skip
    bench.hub.bus.publish([BATCH_CLASSES["bill"](**head, batch=0, records=bills)])
    end = ScrapeFinishedV1(
        **head, outcome="succeeded", counts={"bill": 8}, started_at=utc_now(), finished_at=utc_now()
    )
    bench.hub.bus.publish([end])
    bench.wait_for(job["id"], "succeeded", "quarantined")
    found = bench.client.get(f"/api/v1/runs/{run_id}/discrepancies", headers=bench.writer).json()["data"]
    assert [(one["key"], one["field"], one["code"]) for one in found] == [
        ("ca/bill/45-1/c-2", "title", "no-french")
    ]
    assert found[0]["detail_fr"] == "en anglais seulement"
    over_all = bench.client.get("/api/v1/quality/discrepancies", headers=bench.writer).json()["data"]
    assert len(over_all) == 1


def test_a_threshold_that_makes_no_sense_is_refused(bench):
    for change in ({"metric": "beauty"}, {"warning": 2}, {"warning": 0.1, "critical": 0.5}):
        asked = {"metric": "validity", "warning": 0.9, "critical": 0.5, **change}
        answer = bench.client.put("/api/v1/quality/thresholds", json=asked, headers=bench.writer)
        assert answer.status_code == 422, change
    assert bench.client.get("/api/v1/quality/thresholds", headers=bench.writer).json()["data"] == []
