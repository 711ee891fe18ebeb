"""The run's book: batches, distinct counts, limits, outcomes; and publishing that waits out a broker."""

from __future__ import annotations

import collections
from datetime import UTC, datetime

import pytest

from services.scraper.journal import Journal, RunState, StateFile
from services.scraper.parsers.base import Document, ParseFailed, ParseResult
from services.scraper.publisher import Publisher, PublishingStopped
from services.scraper.reading import Reading
from services.scraper.recorder import BATCH_RECORDS, Recorder, Run
from services.scraper.sources import registry
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.events.scraping import ScrapedBatch, ScrapeFinishedV1, ScrapeStartedV1
from shared.contracts.people import MembershipRecord, PersonRecord
from shared.core.errors import Invalid, Unavailable
from shared.core.ids import new_id


class ListBus:
    """A bus that keeps what it gets, failing a number of times first."""

    def __init__(self, *failures):
        self.events = []
        self._failures = list(failures)

    def publish(self, events):
        if self._failures:
            raise self._failures.pop(0)
        self.events += events


def person(number, name="A"):
    return PersonRecord(key=f"ca/house/person/{number}", name=name)


def reading(*records, token=b"12345678"):
    document = Document(url="https://x.ca/", body=b"x", source=registry().get("ca-federal-mps"))
    return Reading(document, ParseResult(records=list(records)), token, ())


@pytest.fixture
def bus():
    return ListBus()


@pytest.fixture
def record(tmp_path, bus):
    """Make a recorder over a journal that outlives it."""

    def make(on_bus=bus, source_id="ca-federal-mps", **options):
        run = Run(new_id(), new_id(), registry().get(source_id), ScrapeOptions(**options), datetime.now(UTC))
        return Recorder(run, Publisher(on_bus), Journal(tmp_path / "journal.sqlite3"), 0.0)

    return make


def batches(bus):
    return [event for event in bus.events if isinstance(event, ScrapedBatch)]


def test_records_travel_in_batches_of_fifty_and_are_counted_once(bus, record):
    recorder = record(upstream="http://x")
    recorder.start()
    recorder.take(reading(*[person(n) for n in range(120)]))
    recorder.take(reading(*[person(n, "B") for n in range(5)], token=b"87654321"))
    report = recorder.finish(None)
    assert (report.outcome, report.counts) == ("succeeded", {"person": 120})
    assert [len(b.records) for b in batches(bus)] == [BATCH_RECORDS, BATCH_RECORDS, 25]
    assert isinstance(bus.events[0], ScrapeStartedV1)
    assert isinstance(bus.events[-1], ScrapeFinishedV1)
    assert len({b.batch for b in batches(bus)}) == 3


def test_a_resumed_run_does_not_send_what_is_confirmed_from_the_same_bytes(bus, record):
    first = record(upstream="http://x")
    first.take(reading(*[person(n) for n in range(50)]))
    first._publisher.settle()
    second = record(upstream="http://x")
    second.take(reading(*[person(n) for n in range(60)]))
    report = second.finish(None)
    assert [len(b.records) for b in batches(bus)] == [50, 10]
    assert report.counts == {"person": 60}


def test_a_run_without_records_has_failed(record):
    report = record().finish(None)
    assert (report.outcome, report.problems[0].code) == ("failed", "empty")


def test_a_count_beyond_the_expected_range_is_a_problem_and_not_a_failure(record):
    recorder = record()
    recorder.take(reading(person(1)))
    report = recorder.finish(None)
    assert report.outcome == "succeeded"
    assert [p.code for p in report.problems] == ["count-range", "count-range"]


def test_the_range_is_that_of_the_real_source_alone(record):
    recorder = record(upstream="http://127.0.0.1:1")
    recorder.take(reading(person(1)))
    assert not recorder.finish(None).problems


def test_a_limit_keeps_the_first_and_drops_what_refers_to_the_others(bus, record):
    recorder = record(limit=2)
    seats = [
        MembershipRecord(
            key=f"ca/house/membership/{n}", person_key=f"ca/house/person/{n}", organization_key="ca/house"
        )
        for n in range(5)
    ]
    recorder.take(reading(*[person(n) for n in range(5)], *seats))
    recorder.take(reading(person(9), token=b"other"))
    report = recorder.finish(None)
    assert report.counts == {"membership": 2, "person": 2}
    assert report.skipped["limit"] == 4
    assert not report.complete


def test_a_failed_run_publishes_no_more_and_proves_nothing_gone(bus, record):
    recorder = record(upstream="http://x")
    one = reading(person(1))
    one.result.completes("person", "ca/house/person/")
    recorder.take(one)
    recorder.fail(ParseFailed("https://x.ca/2", "truncated", "cut off"))
    recorder.fail(ParseFailed("https://x.ca/3", "http-500", "later"))
    report = recorder.finish(None)
    assert (report.outcome, report.complete) == ("failed", ())
    assert (report.problems[0].url, report.problems[0].code) == ("https://x.ca/2", "truncated")
    assert not batches(bus)


def test_a_refusal_by_robots_is_blocked(record):
    recorder = record()
    recorder.fail(ParseFailed("https://x.ca/", "robots", "no"))
    assert recorder.finish(None).outcome == "blocked"


def test_a_broker_that_is_away_is_waited_for(record):
    bus = ListBus(Unavailable("away"), ConnectionError("reset"))
    recorder = record(bus, upstream="http://x")
    recorder.take(reading(person(1)))
    assert recorder.finish(None).counts == {"person": 1}
    assert [len(b.records) for b in batches(bus)] == [1]


def test_an_event_that_the_broker_refuses_for_good_stops_the_run(record):
    recorder = record(ListBus(Invalid("no")), upstream="http://x")
    many = [reading(person(number)) for number in range(1_000)]
    with pytest.raises(PublishingStopped):
        collections.deque(map(recorder.take, many), maxlen=0)


def test_a_long_list_of_problems_is_cut_and_says_so(record):
    recorder = record(upstream="http://x")
    one = reading(person(1))
    for number in range(500):
        one.result.alarm("https://x.ca/", "unknown-status", str(number))
    recorder.take(one)
    problems = recorder.finish(None).problems
    assert len(problems) == 201
    assert "300" in problems[-1].detail


def test_a_state_that_cannot_be_read_is_no_state(tmp_path):
    file = StateFile(tmp_path)
    assert file.read() is None
    state = RunState(run_id=str(new_id()), source_id="x", started_at="2026-01-01T00:00:00+00:00", attempts=2)
    file.write(state)
    assert file.read() == state
    (tmp_path / "state.json").write_text('{"run_id": "no uuid"}')
    assert file.read() is None
