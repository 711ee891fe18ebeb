"""The scraper is many times as fast as the importer: the queue between them stays short, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from hubs.business_hub.etl.consumers import QUEUE
from services.scraper.publisher import Publisher
from shared.contracts.events.scraping import BATCH_CLASSES, ScrapeFinishedV1, ScrapeStartedV1
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.testing.processes import wait_until

BOUND = QUEUE.max_length or 0
# RabbitMQ counts a quorum queue a moment late.
SLACK = 20


class Burst:
    """A run that a scraper publishes as fast as it can, a record a message, in a thread."""

    def __init__(self, bench, people, pause_after: int | None = None) -> None:
        self._bench = bench
        self._bus = bench.hub.open_bus()
        self._people = people
        self._pause_after = pause_after
        self.may_go_on = threading.Event()
        self.job = bench.create()
        self.sent = 0
        self.is_done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        bench.hub.bus.declare(QUEUE)

    def start(self) -> None:
        self._thread.start()

    @property
    def depth(self) -> int:
        return self._bench.hub.bus.depth(QUEUE.name)

    def close(self) -> None:
        self._thread.join(30)
        self._bus.close()

    def _run(self) -> None:
        publisher = Publisher(self._bus)
        now = utc_now()
        head = {
            "producer": "scraper", "job_id": self.job["id"], "run_id": new_id(), "source_id": self.job["source_id"],
        }  # fmt: skip
        publisher.send([ScrapeStartedV1(**head, worker="test")])
        for number, person in enumerate(self._people):
            if number == self._pause_after:
                self.may_go_on.wait(60)
            publisher.send([BATCH_CLASSES["person"](**head, batch=number, records=(person,))], self._count)
        publisher.send(
            [
                ScrapeFinishedV1(
                    **head,
                    outcome="succeeded",
                    counts={"person": len(self._people)},
                    started_at=now,
                    finished_at=now,
                )
            ]
        )
        publisher.finish()
        self.is_done.set()

    def _count(self) -> None:
        self.sent += 1


@pytest.fixture
def on_rabbit(make_bench_on_rabbit):
    return make_bench_on_rabbit()


@pytest.fixture(params=["embedded", "rabbitmq"])
def either(request):
    return request.getfixturevalue("bench" if request.param == "embedded" else "on_rabbit")


@pytest.fixture
def burst_of(make_people) -> Iterator:
    started: list[Burst] = []

    def make(bench, count: int, **options) -> Burst:
        started.append(Burst(bench, make_people(count), **options))
        started[-1].start()
        return started[-1]

    yield make
    for one in started:
        one.close()


def test_a_full_queue_holds_the_scraper_back_until_the_importer_has_caught_up(either, burst_of):
    burst = burst_of(either, BOUND + 80)
    wait_until(lambda: burst.depth >= BOUND - 1, timeout=60, what="a full queue")
    # Nobody reads: whatever is tried now is refused, time and again.
    refused_at = burst.sent
    depths = [burst.depth for _ in range(20)]
    assert max(depths) <= BOUND + SLACK
    assert burst.sent <= refused_at + SLACK
    assert not burst.is_done.is_set()
    either.start_importer()

    def has_ended() -> bool:
        depths.append(burst.depth)
        return either.job(burst.job["id"])["state"] == "succeeded"

    wait_until(has_ended, timeout=90, what="the end of the job")
    assert max(depths) <= BOUND + SLACK
    assert burst.is_done.wait(10)
    assert len(either.canon.rows) == BOUND + 80
    assert either.hub.bus.depth(f"{QUEUE.name}.dead") == 0


def test_a_run_is_whole_although_rabbitmq_ran_out_of_memory_in_the_middle_of_it(
    on_rabbit, burst_of, rabbitmq_server
):
    on_rabbit.start_importer()
    burst = burst_of(on_rabbit, 200, pause_after=100)
    wait_until(lambda: burst.sent == 100, timeout=60, what="the first half of the run")
    with rabbitmq_server.memory_alarm():
        burst.may_go_on.set()
        # The broker takes nothing now: neither the second half nor the report of the run.
        assert not burst.is_done.wait(3)
        assert on_rabbit.job(burst.job["id"])["state"] != "succeeded"
    job = on_rabbit.wait_for(burst.job["id"], "succeeded")
    assert job["report"]["person"]["inserted"] == 200
    assert len(on_rabbit.canon.rows) == 200
