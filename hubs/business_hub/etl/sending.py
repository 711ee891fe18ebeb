"""Sending: one kind of a run goes to data_hub in batches, several on their way at once, answered in order.

A batch is the same whenever it is cut: by its kind, the key before it and the sizes that the run keeps. Sent
again after a loss, it bears the same Idempotency-Key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hubs.business_hub.etl.loading import batch_key
from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.repository import AS_BEFORE, RunRepository
from hubs.business_hub.etl.tools import Batch, Tools
from shared.contracts.events.importing import KindReport
from shared.contracts.http.ingest import CompareBatch, UpsertReport
from shared.db.session import transaction

SEEN_KEYS = 5_000
AHEAD = 2
"""Batches of a sender that are cut: the one on its way and the next, so that none waits for the database."""


@dataclass(frozen=True)
class Course:
    """What of a run is sent, and from where on."""

    run_id: UUID
    kind: str
    number: int
    """Of the next batch, counted over all kinds."""
    after: str
    is_seen: bool
    """What is as before has been noted already."""
    records: int
    size_bytes: int
    ahead: int
    """Batches on their way or about to be, at most."""
    head: dict[str, Any]
    """What a batch says besides its records."""


Answered = tuple[Batch, UpsertReport]


def course_of(run: ImportRun, kind: str) -> Course:
    """Return how a run goes on with a kind by its cursor, which holds its sizes."""
    records, size_bytes, ahead = run.cursor["size"]
    return Course(
        run_id=run.run_id,
        kind=kind,
        number=run.cursor["number"],
        after=run.cursor.get("after", ""),
        # Of a crawl everything is sent, so that sources are renewed.
        is_seen=run.origin != "upload" or bool(run.cursor.get("is_seen")),
        records=records,
        size_bytes=size_bytes,
        ahead=ahead,
        head={
            "run_id": run.run_id,
            "source_id": run.source_id,
            "kind": kind,
            "observed_at": run.observed_at or run.created_at,
        },
    )


def send(tools: Tools, course: Course) -> Generator[list[Answered]]:
    """Yield what was answered, in the order of the batches, one at least each time.

    Raises: what a batch met, once those on their way have ended; what was not yielded is to be sent again.
    """
    batches = _cut(tools, course)
    waiting: deque[tuple[Batch, Future[UpsertReport]]] = deque()
    senders = ThreadPoolExecutor(max_workers=tools.settings.parallel, thread_name_prefix="sending")
    try:
        number = course.number
        while True:
            while len(waiting) < course.ahead and (batch := next(batches, None)) is not None:
                key = batch_key(course.run_id, course.kind, number)
                waiting.append((batch, senders.submit(_send, tools, course, batch, key)))
                number += 1
            if not waiting:
                return
            done = [_taken(waiting)]
            while waiting and waiting[0][1].done():
                done.append(_taken(waiting))
            yield done
    finally:
        senders.shutdown(cancel_futures=True)


def _taken(waiting: deque[tuple[Batch, Future[UpsertReport]]]) -> Answered:
    batch, answer = waiting.popleft()
    return batch, answer.result()


def _cut(tools: Tools, course: Course) -> Iterator[Batch]:
    """Yield what is to be noted as seen, then what is to be loaded; each is read when it is asked for."""
    after = course.after
    if not course.is_seen:
        while keys := _seen(tools, course, after):
            yield Batch(keys, ())
            after = keys[-1]
        after = ""
    while True:
        with transaction(tools.sessions) as session:
            rows = RunRepository(session).batch(
                course.run_id, course.kind, after, course.records, course.size_bytes
            )
        if not rows:
            return
        yield Batch(tuple(key for key, _ in rows), tuple(body for _, body in rows))
        after = rows[-1][0]


def _seen(tools: Tools, course: Course, after: str) -> tuple[str, ...]:
    with transaction(tools.sessions) as session:
        rows = RunRepository(session).chunk(
            course.run_id, course.kind, after, SEEN_KEYS, state=AS_BEFORE, has_bodies=False
        )
    return tuple(row.key for row in rows)


def _send(tools: Tools, course: Course, batch: Batch, key: str) -> UpsertReport:
    if batch.bodies:
        return tools.canon.upsert_encoded(course.head, batch.bodies, key)
    tools.canon.compare(CompareBatch(**course.head, seen=batch.keys))
    return UpsertReport(kind=course.kind, report=KindReport(unchanged=len(batch.keys)))
