"""Killed at every point where something becomes durable, an import goes on and ends as if nothing had happened."""

from __future__ import annotations

from sqlalchemy import event, text
from sqlalchemy.orm import Session, sessionmaker

from hubs.business_hub.etl.dependencies import build_runs
from hubs.business_hub.etl.pipeline import Pipeline
from hubs.business_hub.etl.repository import RunRepository
from hubs.business_hub.etl.staging import Staging
from hubs.business_hub.etl.tools import Tools
from hubs.business_hub.queue.sources import SourceRegistry
from hubs.business_hub.settings import ImportSettings
from shared.contracts.events.scraping import BATCH_CLASSES, CompleteSet, ScrapeFinishedV1
from shared.core.clock import utc_now
from shared.core.ids import new_id
from shared.db.session import create_sessionmaker, transaction


class Killed(BaseException):
    """The process ends here; nothing below may catch it."""


class Countdown:
    """Kills at the nth point; points are before and after each commit and after each answer of the record."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.has_killed = False

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            self.has_killed = True
            raise Killed


def stage(bench, job, records) -> None:
    """Write down a whole run, as the staging thread does."""
    head = {"producer": "t", "job_id": job["id"], "run_id": new_id(), "source_id": job["source_id"]}
    now = utc_now()
    finished = ScrapeFinishedV1(
        **head,
        outcome="succeeded",
        counts={"person": len(records)},
        complete=(CompleteSet(kind="person", prefix="ca/house/person/"),),
        started_at=now,
        finished_at=now,
    )
    batch = BATCH_CLASSES["person"](**head, batch=0, records=tuple(records))
    with transaction(bench.hub.sessionmaker) as session:
        Staging(RunRepository(session)).take([batch, finished])


def pipeline(bench, countdown: Countdown | None) -> Pipeline:
    """Return the pipeline of a fresh process."""
    sessions: sessionmaker[Session] = create_sessionmaker(bench.hub.engine)
    bench.canon.after_call = None
    if countdown is not None:
        event.listen(sessions, "before_commit", countdown)
        event.listen(sessions, "after_commit", countdown)
        bench.canon.after_call = countdown
    return Pipeline(
        Tools(
            engine=bench.hub.engine,
            sessions=sessions,
            canon=bench.canon,
            find_source=bench.hub.get(SourceRegistry).find,
            interval_of=lambda _cron: None,
            build_service=lambda session: build_runs(bench.hub, session),
            settings=ImportSettings(batch_records=4),
        )
    )


def test_an_import_survives_a_kill_at_every_point(bench, make_people):
    # Eleven records in batches of four: three batches, then the tombstones.
    points = 0
    for round_number in range(1, 200):
        job = bench.create()
        records = make_people(11, **{f"k{n}": f"Name {round_number}" for n in range(round_number % 3)})
        before = {key: bytes(body) for key, body in bench.canon.rows.items()}
        stage(bench, job, records)
        countdown = Countdown(round_number)
        try:
            pipeline(bench, countdown).work()
        except Killed:
            points += 1
            pipeline(bench, None).work()
        done = bench.job(job["id"])
        assert done["state"] == "succeeded", (round_number, done)
        report = done["report"]["person"]
        total = report["inserted"] + report["updated"] + report["unchanged"]
        assert total == 11, (round_number, report)
        assert report["inserted"] == (0 if before else 11), (round_number, report)
        with bench.hub.engine.connect() as connection:
            left = connection.execute(
                text(
                    "SELECT (SELECT count(*) FROM business.staged_record), count(lock_key) FROM business.job"
                )
            ).one()
        assert tuple(left) == (0, 0), round_number
        if not countdown.has_killed:
            break
    assert points > 20
