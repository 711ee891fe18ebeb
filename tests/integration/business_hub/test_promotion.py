"""The test mode: a run is staged, compared and checked; then it is promoted, refused or rolled back."""

from __future__ import annotations

import gzip
import hashlib
import json

REASON = {"reason": "looked at it"}


def names(bench) -> dict[str, str]:
    return {key.rpartition("/")[2]: json.loads(body)["name"] for (_, key), body in bench.canon.rows.items()}


def scrape(bench, people, **asked) -> dict:
    job = bench.create(**asked)
    bench.scrape(job, people)
    return bench.wait_for(job["id"], "succeeded", "quarantined", "failed")


def run_of(bench, job: dict) -> dict:
    return bench.client.get(f"/api/v1/runs/{job['run_id']}", headers=bench.writer).json()


def post(bench, run_id: str, act: str, body: dict):
    return bench.client.post(f"/api/v1/runs/{run_id}/{act}", json=body, headers=bench.writer)


def get(bench, run_id: str, what: str):
    return bench.client.get(f"/api/v1/runs/{run_id}/{what}", headers=bench.writer)


def test_a_tested_run_changes_nothing_until_it_is_promoted_and_can_be_rolled_back(bench, make_people):
    bench.start_importer()
    scrape(bench, make_people(20))
    people = make_people(21, k3="Renamed")[1:]
    tested = scrape(bench, people, mode="test")
    assert (tested["mode"], tested["state"]) == ("test", "succeeded")
    assert tested["summary_en"].startswith("Test, nothing loaded. It may be promoted. Added: 1 person.")
    assert tested["summary_fr"].startswith("Essai, rien de chargé. Peut être promu.")
    assert (len(names(bench)), names(bench)["3"]) == (20, "Member 3")
    run_id = tested["run_id"]
    assert run_of(bench, tested)["state"] == "tested"
    assert run_of(bench, tested)["differences"] == {
        "person:inserted": 1, "person:updated": 1, "person:tombstoned": 1,
    }  # fmt: skip
    found = get(bench, run_id, "differences").json()["data"]
    assert {(one["change"], one["title"]) for one in found} == {
        ("inserted", "Member 20"), ("updated", "Renamed"), ("tombstoned", "Member 0"),
    }  # fmt: skip
    changed = next(one for one in found if one["change"] == "updated")
    assert changed["fields"] == {"name": ["Member 3", "Renamed"]}
    staged = get(bench, run_id, "records?kind=person&limit=5").json()
    assert (len(staged["data"]), staged["data"][0]["kind"]) == (5, "person")
    checks = get(bench, run_id, "promotion").json()["checks"]
    assert {(one["code"], one["is_passed"]) for one in checks} == {
        ("guards", True), ("sample", True), ("fields", True), ("completeness", True),
    }  # fmt: skip
    assert get(bench, run_id, "backup.ndjson.gz").status_code == 404

    answer = post(bench, run_id, "promote", REASON)
    assert answer.status_code == 201, answer.text
    done = bench.wait_for(answer.json()["id"], "succeeded", "failed", "quarantined")
    assert (done["state"], done["kind"]) == ("succeeded", "promote"), done
    assert (len(names(bench)), names(bench)["3"], "0" in names(bench)) == (20, "Renamed", False)
    assert post(bench, run_id, "promote", REASON).status_code == 409
    kept = get(bench, run_id, "backup.ndjson.gz")
    lines = gzip.decompress(kept.content)
    assert hashlib.sha256(lines).hexdigest() == kept.headers["X-Content-SHA256"]
    # The nineteen that the run names and the record knew, and the one that it makes vanish.
    assert len(lines.splitlines()) == 20
    assert [step["name"] for step in run_of(bench, done)["steps"]][-3:] == ["backup", "load", "close"]

    answer = post(bench, run_id, "rollback", REASON)
    back = bench.wait_for(answer.json()["id"], "succeeded", "failed")
    assert back["summary_en"] == "Rolled back. Everything stands as in the backup."
    assert (len(names(bench)), names(bench)["3"], names(bench)["0"]) == (20, "Member 3", "Member 0")
    assert run_of(bench, back)["state"] == "reverted"
    assert post(bench, run_id, "rollback", REASON).status_code == 409


def test_a_tested_run_that_lost_too_much_is_promoted_by_nobody_by_mistake(bench, make_people):
    bench.start_importer()
    scrape(bench, make_people(20))
    tested = scrape(bench, make_people(12), mode="test")
    assert tested["summary_en"].startswith("Test, nothing loaded. Not to be promoted: ")
    run_id = tested["run_id"]
    refused = post(bench, run_id, "promote", REASON)
    assert refused.status_code == 409
    said = {one["code"]: one for one in refused.json()["errors"]}
    assert said["completeness"]["detail"].endswith("person: 12 / 20")
    assert said["completeness"]["detail_fr"].startswith("moins de 95")
    assert len(bench.canon.rows) == 20
    done = post(bench, run_id, "promote", {**REASON, "override": True}).json()
    assert bench.wait_for(done["id"], "succeeded", "quarantined", "failed")["state"] == "succeeded"
    assert len(bench.canon.rows) == 12


def test_a_tested_run_can_be_refused_and_is_then_gone(bench, make_people):
    bench.start_importer()
    tested = scrape(bench, make_people(5), mode="test")
    answer = post(bench, tested["run_id"], "refuse", {"reason": "not this one"})
    assert (answer.status_code, answer.json()["state"]) == (200, "dropped")
    told = get(bench, tested["run_id"], "promotion").json()
    assert (told["decision"], told["decided_by"], told["reason"]) == ("refused", "ann", "not this one")
    assert get(bench, tested["run_id"], "records").json()["data"] == []
    assert post(bench, tested["run_id"], "promote", REASON).status_code == 409
    assert post(bench, tested["run_id"], "rollback", REASON).status_code == 409
