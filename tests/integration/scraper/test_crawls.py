"""Whole jobs: from the queue through a child process and the miniature Parliament to published records."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest
from warcio.archiveiterator import ArchiveIterator

from shared.testing.processes import wait_until

MPS, VOTES, BILLS = "ca-federal-mps", "ca-federal-votes", "ca-federal-bills"
DETAILS = "www.parl.ca/legisinfo/en/bill/*"
PARTICIPANTS = "www.ourcommons.ca/members/en/votes/45/1/*/xml"


def kinds(published):
    return dict(sorted(Counter(kind for kind, _ in published).items()))


def test_three_sources_are_scraped_published_counted_and_archived(rig):
    rig.worker()
    for source_id, kind in ((MPS, "person"), (VOTES, "vote_event"), (BILLS, "bill")):
        report = rig.scrape(source_id)
        assert (report.outcome, report.problems, report.skipped) == ("succeeded", (), {})
        published = rig.published(report.job_id)
        assert kinds(published) == report.counts
        assert report.counts[kind] > 10
        assert report.complete
        with (rig.data_dir / report.archive.path).open("rb") as file:
            urls = [
                record.rec_headers.get_header("WARC-Target-URI")
                for record in ArchiveIterator(file)
                if record.rec_type == "response"
            ]
        assert len(urls) == report.archive.documents
        assert all(url.startswith("https://") for url in urls)
    vote = next(facts for (kind, _), facts in published.items() if kind == "bill")
    assert vote["title_fr"]


def test_an_unchanged_source_costs_one_request_per_language_and_gives_the_same(rig):
    rig.worker()
    first = rig.scrape(VOTES)
    before = rig.requests()
    second = rig.scrape(VOTES)
    asked = [r for r in rig.upstream.control.requests()[before:] if "robots.txt" not in r.path]
    assert [request.status for request in asked] == [304, 304]
    assert rig.published(second.job_id) == rig.published(first.job_id)
    assert (second.outcome, second.counts, second.complete) == ("succeeded", first.counts, first.complete)


def test_a_changed_bill_among_unchanged_ones_is_the_only_one_fetched_again(rig):
    rig.worker()
    first = rig.scrape(BILLS)
    rig.upstream.control.change_bill("C-4", long_title=("An Act about something", "Loi sur une chose"))
    before = rig.requests()
    second = rig.scrape(BILLS)
    asked = Counter(r.status for r in rig.upstream.control.requests()[before:] if "/bill/" in r.path)
    assert asked[200] == 1
    assert asked[304] == first.counts["bill"] - 1
    one, other = rig.published(first.job_id), rig.published(second.job_id)
    assert [key for key in one if one[key] != other[key]] == [("bill", "ca/bill/45-1/c-4")]


def test_an_archive_replays_to_the_same_records_without_a_request(rig):
    rig.worker()
    live = rig.scrape(VOTES)
    before = rig.requests()
    replayed = rig.scrape(VOTES, replay=live.archive.path, session="45-1")
    assert rig.requests() == before
    assert rig.published(replayed.job_id) == rig.published(live.job_id)
    assert replayed.complete == live.complete
    assert replayed.archive is None


def test_a_second_archive_replays_what_the_first_one_holds(rig):
    rig.worker()
    first = rig.scrape(VOTES)
    second = rig.scrape(VOTES)
    replayed = rig.scrape(VOTES, replay=second.archive.path, session="45-1")
    assert rig.published(replayed.job_id) == rig.published(first.job_id)


def test_a_folder_of_loose_documents_is_replayed_by_what_they_are(rig, samples):
    rig.worker()
    report = rig.scrape(VOTES, replay=str(samples / "ourcommons/votes/votes_list_42-1_2018.xml"))
    assert (report.outcome, report.counts) == ("succeeded", {"vote_event": 880})
    assert not report.complete


def test_a_dry_run_counts_and_publishes_no_record(rig):
    rig.worker()
    report = rig.scrape(BILLS, dry_run=True)
    assert report.is_dry_run
    assert report.counts["bill"] > 10
    assert not rig.published(report.job_id)


def test_a_limited_run_is_short_and_proves_nothing_gone(rig):
    rig.worker()
    report = rig.scrape(BILLS, limit=3)
    assert (report.outcome, report.counts) == ("succeeded", {"bill": 3, "session": 1})
    assert not report.complete
    assert rig.requests("www.parl.ca/legisinfo/en/bill/*") == 3
    members = rig.scrape(MPS, limit=2)
    assert (members.counts["person"], members.counts["membership"]) == (2, 2)


@pytest.mark.parametrize(
    ("source_id", "glob", "fault", "code"),
    [
        (MPS, "*/search/xml", "html_error", "html-error-page"),
        (MPS, "*/search/xml", "truncated", "truncated"),
        (MPS, "*/search/xml", "disconnect", "truncated"),
        (MPS, "*/search/xml", "blank", "empty-body"),
        (MPS, "*/search/xml", "empty", "empty"),
        (MPS, "*/search/xml", "entity_bomb", "unsafe-xml"),
        (MPS, "*/search/xml", "not_found", "http-404"),
        (VOTES, PARTICIPANTS, "html_error", "html-error-page"),
        (VOTES, PARTICIPANTS, "truncated", "truncated"),
        (BILLS, "*/bill/45-1/c-4/json", "server_error", "http-500"),
        (BILLS, "*/bills/json", "empty", "empty"),
    ],
)
def test_a_bad_answer_fails_the_job_with_its_address_and_reason(rig, source_id, glob, fault, code):
    rig.upstream.control.fault(glob, fault)
    rig.worker(OP_SCRAPER__RETRIES="1")
    report = rig.scrape(source_id)
    assert (report.outcome, report.problems[0].code) == ("failed", code)
    assert report.problems[0].url.startswith("https://www.")
    assert not report.complete
    with (rig.data_dir / report.archive.path).open("rb") as file:
        archived = {r.rec_headers.get_header("WARC-Target-URI") for r in ArchiveIterator(file)}
    assert report.problems[0].url in archived


def test_an_unknown_session_fails_the_job(rig):
    rig.worker()
    report = rig.scrape(VOTES, session="99-9")
    assert (report.outcome, report.problems[0].code) == ("failed", "empty")


def test_an_unknown_source_fails_with_suggestions(rig):
    rig.worker()
    report = rig.scrape("ca-federal-vote")
    assert (report.outcome, report.problems[0].code) == ("failed", "unknown-source")
    assert "ca-federal-votes" in report.problems[0].detail


@pytest.mark.parametrize("style", ["utf8", "latin-1-declared", "utf-16-declared"])
def test_wrong_encoding_declarations_do_not_change_what_is_read(rig, style):
    rig.worker()
    right = rig.scrape(MPS)
    rig.upstream.control.fault("*/search/xml", "encoding", style=style)
    wrong = rig.scrape(MPS)
    assert rig.published(wrong.job_id) == rig.published(right.job_id)


def test_passing_trouble_is_waited_out(rig):
    control = rig.upstream.control
    control.fault("*/search/xml", "server_error", times=1)
    control.fault("*/search/xml", "too_many_requests", times=1, retry_after="1")
    rig.worker()
    report = rig.scrape(MPS)
    assert report.outcome == "succeeded"
    asked = control.requests("*/search/xml")
    assert [request.status for request in asked] == [429, 500, 200]
    assert asked[1].at - asked[0].at >= 1.0


def test_a_redirect_is_followed(rig):
    rig.upstream.control.fault("*/search/xml", "redirect", times=1, to="/Members/fr/search/XML")
    rig.worker()
    report = rig.scrape(MPS)
    assert report.outcome == "succeeded"
    assert rig.requests("www.ourcommons.ca/members/fr/search/xml") == 1


def test_an_endless_answer_is_cut_off_at_the_limit(rig):
    rig.upstream.control.fault("*/search/xml", "oversize")
    rig.worker(OP_SCRAPER__MAX_RESPONSE_BYTES="2000000")
    report = rig.scrape(MPS)
    assert (report.outcome, report.problems[0].code) == ("failed", "too-large")


def test_robots_txt_is_obeyed_and_reported(rig):
    rig.upstream.control.robots("www.ourcommons.ca", "User-agent: *\nDisallow: /Members/\n")
    rig.worker()
    report = rig.scrape(MPS)
    assert (report.outcome, report.problems[0].code) == ("blocked", "robots")
    assert rig.requests("*/search/xml") == 0


def test_a_refusing_host_is_reported_as_blocked(rig):
    rig.upstream.control.fault("*", "forbidden")
    rig.worker()
    report = rig.scrape(MPS)
    assert (report.outcome, report.problems[0].code) == ("blocked", "blocked")


def test_one_request_at_a_time_with_a_name_and_a_contact(rig):
    rig.upstream.control.fault(DETAILS, "slow", before=0.05)
    rig.worker(OP_SCRAPER__USER_AGENT="TestBot (+mailto:someone@example.ca)")
    rig.scrape(BILLS)
    asked = rig.upstream.control.requests()
    moments = [request.at for request in rig.upstream.control.requests(DETAILS)]
    assert all(later - earlier > 0.045 for earlier, later in itertools.pairwise(moments))
    assert {r.headers.get("User-Agent") or r.headers.get("user-agent") for r in asked} == {
        "TestBot (+mailto:someone@example.ca)"
    }


def test_a_job_that_takes_too_long_is_timed_out(rig):
    rig.upstream.control.fault(PARTICIPANTS, "slow", before=3.0)
    rig.worker()
    report = rig.scrape(VOTES, timeout_s=2.0)
    assert (report.outcome, report.problems[0].code) == ("timed_out", "timeout")
    assert not report.complete


def test_a_running_job_can_be_cancelled(rig):
    rig.upstream.control.fault(PARTICIPANTS, "slow", before=2.0)
    rig.worker()
    job_id = rig.ask(VOTES)
    wait_until(
        lambda: rig.requests(PARTICIPANTS) or rig.requests("*/votes/xml") >= 2, what="the first ballots"
    )
    rig.cancel(job_id)
    report = rig.report(job_id)
    assert (report.outcome, report.problems[0].detail) == ("cancelled", "enough")
    assert rig.scrape(MPS).outcome == "succeeded"


def test_progress_is_told_while_a_job_runs(rig):
    rig.upstream.control.fault(PARTICIPANTS, "slow", before=0.2)
    rig.worker()
    job_id = rig.ask(VOTES)
    rig.report(job_id)
    told = [e for e in rig.heard.events if e.topic.endswith("progressed.v1") and e.job_id == job_id]
    assert len(told) > 3
    assert [e.pages for e in told] == sorted(e.pages for e in told)
    assert told[-1].pages_expected == 14


def test_the_index_beside_an_archive_names_every_response(rig):
    rig.worker()
    report = rig.scrape(BILLS)
    index = rig.data_dir / report.archive.path.replace(".warc.gz", ".index.jsonl")
    lines = [json.loads(line) for line in index.read_text().splitlines()]
    assert len(lines) == report.archive.documents
    assert {line["status"] for line in lines} == {200}
