"""Every federal source against the miniature Parliament: crawled, replayed, read again when due."""

from __future__ import annotations

import fcntl
from collections import Counter

import pytest

FEDERAL = {
    "ca-federal-mps": {"person": 51, "membership": 51, "post": 51},
    "ca-federal-votes": {"vote_event": 12},
    "ca-federal-bills": {"bill": 21, "session": 1},
    "ca-federal-bill-texts": {"bill_text": 6},
    "ca-federal-debates": {"debate": 2, "speech": 17},
    "ca-federal-committees": {"event": 7},
    "ca-federal-evidence": {"debate": 1, "speech": 7},
    "ca-federal-roles": {"membership": 13},
    "ca-senate-members": {"person": 17, "membership": 17},
    "ca-senate-votes": {"vote_event": 4},
    "ca-senate-debates": {"debate": 2, "speech": 12},
    "ca-candidates": {"candidacy": 13, "election": 1},
    "ca-justice-acts": {"document": 8},
}


@pytest.mark.parametrize("source_id", FEDERAL)
def test_a_source_is_scraped_and_its_archive_gives_the_same_again(running_rig, source_id):
    rig = running_rig
    job = rig.ask(source_id)
    report = rig.report(job)
    assert (report.outcome, report.problems) == ("succeeded", ())
    assert FEDERAL[source_id].items() <= report.counts.items()
    records = rig.published(job)
    assert Counter(kind for kind, _ in records) == report.counts
    asked = rig.requests()
    again = rig.ask(source_id, replay=report.archive.path)
    replayed = rig.report(again)
    assert (replayed.outcome, replayed.problems) == ("succeeded", ())
    assert rig.published(again) == records
    assert {(c.kind, c.prefix) for c in replayed.complete} == {(c.kind, c.prefix) for c in report.complete}
    assert rig.requests() == asked


def test_a_debate_that_is_not_due_is_not_asked_for_again(rig):
    rig.worker()
    first = rig.scrape("ca-federal-debates")
    asked = rig.requests("*/HAN12?-*")
    second = rig.scrape("ca-federal-debates")
    assert asked == rig.requests("*/HAN12?-*") == 4
    assert first.counts["speech"] == 17
    assert (second.outcome, second.counts, second.skipped) == ("succeeded", {}, {"settled": 2})
    assert second.complete == ()


def test_a_debate_is_read_again_when_its_session_is_asked_for(rig):
    rig.worker()
    first = rig.scrape("ca-federal-debates")
    second = rig.scrape("ca-federal-debates", session="45-1")
    assert second.counts == first.counts


def test_a_session_without_debates_fails_the_job(rig):
    rig.worker()
    report = rig.scrape("ca-federal-debates", session="44-9")
    assert report.outcome == "failed"
    assert (report.problems[0].code, "449/Debates/001" in report.problems[0].url) == ("http-404", True)


def test_a_profile_that_fails_today_is_read_as_it_was(rig):
    rig.worker()
    first = rig.ask("ca-federal-mps")
    rig.report(first)
    rig.upstream.control.fault("*/Members/en/89156", "server_error")
    second = rig.ask("ca-federal-mps", session="45-1")
    report = rig.report(second)
    assert report.outcome == "succeeded"
    assert [problem.code for problem in report.problems] == ["http-500", "stale-copy"]
    assert rig.published(second) == rig.published(first)


def test_a_member_without_a_profile_is_known_from_the_list(rig):
    rig.worker()
    rig.upstream.control.fault("*/Members/en/89156", "not_found")
    job = rig.ask("ca-federal-mps")
    report = rig.report(job)
    assert (report.outcome, report.problems) == ("succeeded", ())
    person = rig.published(job)["person", "ca/house/person/89156"]
    assert (person["name"], person["contacts"]) == ("Ziad Aboultaif", [])


def test_a_source_is_crawled_once_at_a_time(rig):
    locks = rig.data_dir / "scraper" / "locks"
    locks.mkdir(parents=True)
    with (locks / "ca-federal-roles.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rig.worker()
        job = rig.ask("ca-federal-roles")
        other = rig.ask("ca-justice-acts")
        rig.worker()
        assert rig.report(other).outcome == "succeeded"
        assert rig.heard.finished(job) is None
    assert rig.report(job).outcome == "succeeded"
