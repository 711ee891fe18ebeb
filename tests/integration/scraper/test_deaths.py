"""Processes that die in the middle of a job: what is published is what an undisturbed run publishes."""

from __future__ import annotations

import os
import signal

import pytest

from shared.testing.processes import wait_until

VOTES, BILLS = "ca-federal-votes", "ca-federal-bills"
PARTICIPANTS = "www.ourcommons.ca/members/en/votes/45/1/*/xml"
DETAILS = "www.parl.ca/legisinfo/en/bill/*"


@pytest.fixture
def undisturbed(rig):
    """What a run publishes when nothing dies (read without conditional requests, as the first one is)."""
    worker = rig.worker(OP_DATA_DIR=str(rig.data_dir / "undisturbed"))
    report = rig.scrape(VOTES)
    expected = rig.published(report.job_id)
    worker.terminate()
    rig.upstream.control.clear_requests()
    rig.upstream.control.fault(PARTICIPANTS, "slow", before=0.15)
    return expected, report.counts


def test_a_killed_child_is_resumed_by_its_worker(rig, undisturbed):
    expected, counts = undisturbed
    worker = rig.worker()
    job_id = rig.ask(VOTES)
    rig.kill_child(worker, lambda: rig.requests(PARTICIPANTS) >= 5)
    report = rig.report(job_id)
    assert (report.outcome, report.counts) == ("succeeded", counts)
    starts = rig.heard.started(job_id)
    assert [start.is_resumed for start in starts] == [False, True]
    assert len({start.run_id for start in starts}) == 1
    assert rig.heard.records(report.run_id) == expected
    # What was fetched before is not asked for again.
    assert rig.requests(PARTICIPANTS) <= counts["vote_event"] + 1


def test_a_killed_worker_is_replaced_by_the_next_one(rig, undisturbed):
    expected, counts = undisturbed
    worker = rig.worker()
    job_id = rig.ask(VOTES)
    wait_until(lambda: rig.requests(PARTICIPANTS) >= 5, what="the middle of the job")
    (child,) = rig.child_pids(worker)
    worker.kill()
    wait_until(lambda: not is_alive(child), what="the end of the orphan")
    rig.worker()
    report = rig.report(job_id)
    assert (report.outcome, report.counts) == ("succeeded", counts)
    assert rig.heard.records(report.run_id) == expected


def test_a_worker_told_to_stop_hands_its_job_over(rig, undisturbed):
    expected, counts = undisturbed
    worker = rig.worker()
    job_id = rig.ask(VOTES)
    wait_until(lambda: rig.requests(PARTICIPANTS) >= 5, what="the middle of the job")
    assert worker.terminate() == 0
    assert rig.heard.finished(job_id) is None
    rig.worker()
    report = rig.report(job_id)
    assert (report.outcome, report.counts) == ("succeeded", counts)
    assert rig.heard.records(report.run_id) == expected


def test_a_worker_without_the_files_of_the_first_starts_a_fresh_run(rig, undisturbed):
    expected, counts = undisturbed
    worker = rig.worker()
    job_id = rig.ask(VOTES)
    wait_until(lambda: rig.requests(PARTICIPANTS) >= 5, what="the middle of the job")
    worker.kill()
    rig.worker(OP_DATA_DIR=str(rig.data_dir / "another-machine"))
    report = rig.report(job_id)
    assert (report.outcome, report.counts) == ("succeeded", counts)
    assert len({start.run_id for start in rig.heard.started(job_id)}) == 2
    assert rig.heard.records(report.run_id) == expected


def test_a_job_whose_process_keeps_dying_ends_as_failed(rig):
    rig.upstream.control.fault(PARTICIPANTS, "slow", before=1.0)
    worker = rig.worker(OP_SCRAPER__CHILD_ATTEMPTS="2")
    job_id = rig.ask(VOTES)
    for attempt in (1, 2):
        rig.kill_child(worker, lambda n=attempt: len(rig.heard.started(job_id)) >= n)
        wait_until(
            lambda n=attempt: rig.heard.finished(job_id) or len(rig.heard.started(job_id)) > n,
            what="the next attempt or the end",
        )
    report = rig.report(job_id)
    assert (report.outcome, report.problems[0].code) == ("failed", "child-died")
    rig.upstream.control.clear_faults()
    assert rig.scrape(BILLS).outcome == "succeeded"


def test_a_job_beyond_its_memory_is_ended_and_reported_and_the_worker_lives(rig):
    worker = rig.worker(OP_SCRAPER__CHILD_MEMORY_BYTES=str(32 * 2**20))
    report = rig.scrape("ca-federal-mps")
    assert (report.outcome, report.problems[0].code) == ("failed", "memory")
    assert worker.is_running


def test_a_job_that_finished_is_not_run_again_when_its_message_comes_back(rig):
    worker = rig.worker()
    report = rig.scrape(BILLS)
    before = rig.requests()
    starts = len(rig.heard.started(report.job_id))
    worker.terminate()
    rig.worker()
    assert rig.scrape("ca-federal-mps").outcome == "succeeded"
    assert len(rig.heard.started(report.job_id)) == starts
    assert rig.requests(DETAILS) <= before


def test_two_workers_share_one_queue(rig):
    rig.upstream.control.fault("*", "slow", before=0.1)
    one, other = rig.worker(), rig.worker()
    jobs = [rig.ask(VOTES), rig.ask(BILLS)]
    wait_until(lambda: rig.child_pids(one) and rig.child_pids(other), what="both at work")
    assert [rig.report(job).outcome for job in jobs] == ["succeeded", "succeeded"]


def is_alive(pid: int) -> bool:
    """Tell whether a process lives (a zombie does not)."""
    try:
        os.kill(pid, signal.SIG_DFL)
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
