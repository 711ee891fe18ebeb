"""A kind goes out in batches that are cut the same every time, several at once, noted in their order."""

from __future__ import annotations

import threading
from uuid import UUID

from hubs.business_hub.etl.dependencies import build_runs
from hubs.business_hub.etl.pipeline import Pipeline
from hubs.business_hub.etl.repository import AS_BEFORE, RunRepository, StageRow
from hubs.business_hub.etl.tools import Tools
from hubs.business_hub.queue.sources import SourceRegistry
from hubs.business_hub.settings import ImportSettings
from shared.core.ids import new_id
from shared.db.session import transaction
from tests.integration.business_hub.test_resuming import stage


def staged(bench, sizes: list[int]) -> UUID:
    """Stage bodies of these sizes (bytes) under keys in their order."""
    run_id = new_id()
    rows = [StageRow(run_id, "person", f"k/{n}", 0, b"x" * size) for n, size in enumerate(sizes)]
    with transaction(bench.hub.sessionmaker) as session:
        RunRepository(session).stage([*rows, StageRow(run_id, "person", "k/0a", 0, b"y", state=AS_BEFORE)])
    return run_id


def cut(bench, run_id: UUID, records: int, size_bytes: int) -> list[list[int]]:
    """Return the sizes of the bodies in each batch, to the end."""
    found: list[list[int]] = []
    after = ""
    with transaction(bench.hub.sessionmaker) as session:
        while rows := RunRepository(session).batch(run_id, "person", after, records, size_bytes):
            found.append([len(body) for _, body in rows])
            after = rows[-1][0]
    return found


def test_a_batch_holds_what_fits_into_number_and_size_and_one_record_at_least(bench):
    run_id = staged(bench, [10, 20, 30, 40, 10_000, 5, 5])
    assert cut(bench, run_id, 3, 100_000) == [[10, 20, 30], [40, 10_000, 5], [5]]
    assert cut(bench, run_id, 100, 60) == [[10, 20, 30], [40], [10_000], [5, 5]]
    assert cut(bench, run_id, 100, 1) == [[size] for size in (10, 20, 30, 40, 10_000, 5, 5)]


def test_batches_go_side_by_side_and_the_cursor_never_passes_one_that_is_not_answered(bench, make_people):
    job = bench.create()
    stage(bench, job, make_people(10))
    first, has_second = bench.canon.upsert_encoded, threading.Event()
    positions: list[int] = []

    def upsert(head, bodies, idempotency_key):
        number = int(idempotency_key.rpartition(":")[2])
        if number == 0:
            # Answered only when the one after it has been: it did not have to wait.
            assert has_second.wait(20)
        answer = first(head, bodies, idempotency_key)
        if number == 1:
            with transaction(bench.hub.sessionmaker) as session:
                run = RunRepository(session).find(head["run_id"])
                positions.append(run.cursor["number"])
            has_second.set()
        return answer

    bench.canon.upsert_encoded = upsert
    Pipeline(
        Tools(
            engine=bench.hub.engine,
            sessions=bench.hub.sessionmaker,
            canon=bench.canon,
            find_source=bench.hub.get(SourceRegistry).find,
            interval_of=lambda _cron: None,
            build_service=lambda session: build_runs(bench.hub, session),
            settings=ImportSettings(batch_records=3, parallel=2),
        )
    ).work()
    assert positions == [0]
    assert sorted(bench.canon.calls) == [f"{bench.job(job['id'])['run_id']}:person:{n}" for n in range(4)]
    assert bench.job(job["id"])["report"]["person"]["inserted"] == 10
