"""The intake: a bounded queue and one writer, so that a flood costs neither memory nor the database.

A report is answered once it is durable. What does not fit is turned away with 429 and the headers that
clients obey, and counted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy.orm import Session, sessionmaker

from hubs.ops_hub.error_reporting.errors import NotReady, TooManyReports, WrongKey
from hubs.ops_hub.error_reporting.grouping import fingerprint
from hubs.ops_hub.error_reporting.service import build
from shared.core.clock import utc_now
from shared.db.session import transaction
from shared.logging import get_logger
from shared.reporting import PROJECT_NAME

log = get_logger(__name__)
_WAITING = 500
SPIKE_PER_MINUTE = 100
"""Reports of one problem in a minute that are kept whole; the rest of them are only counted."""
_ISSUES_WATCHED = 1_000
_BATCH = 50
_RETRY_AFTER_S = 30
_ANSWER_TIMEOUT_S = 15.0
_TIDY_EVERY_S = 600.0
_LOAD_AGAIN_S = 2.0


@dataclass(frozen=True)
class Limits:
    """How much is taken and kept."""

    per_s: float = 200.0
    burst: float = 1_000.0
    keep_days: int = 30
    keep: int = 100_000


@dataclass
class _Job:
    kind: str
    project_id: int
    payload: dict[str, Any]
    answer: Future[str] = field(default_factory=Future)


class _Bucket:
    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.tokens, self.at = limits.burst, time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.limits.burst, self.tokens + (now - self.at) * self.limits.per_s)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class _SpikeGuard:
    """Tells the reports of a problem beyond its share of a minute; knows the latest problems only."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def is_spike(self, problem: str) -> bool:
        # A minute begins with the first report in it: by the clock's minutes, a spike could hide between two.
        now = time.monotonic()
        since, count = self._seen.pop(problem, (now, 0))
        since, count = (since, count + 1) if now - since < 60 else (now, 1)
        self._seen[problem] = (since, count)
        while len(self._seen) > _ISSUES_WATCHED:
            self._seen.popitem(last=False)
        return count > SPIKE_PER_MINUTE


class Intake:
    """Takes reports from any thread; one writer stores them in batches."""

    def __init__(
        self,
        sessions: sessionmaker[Session],
        registry: CollectorRegistry,
        own_key: str,
        limits: Limits | None = None,
    ) -> None:
        self._own_key = own_key
        self._limits = limits or Limits()
        self._spikes = _SpikeGuard()
        self._is_loaded = False
        self._sessions = sessions
        self._jobs: queue.Queue[_Job | None] = queue.Queue(_WAITING)
        self._keys: dict[int, str] = {}
        self._buckets: dict[int, _Bucket] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="error-writer", daemon=True)
        self._events = Counter(
            "error_reports", "Error reports by what became of them.", ("outcome",), registry=registry
        )
        self.accepted = self.dropped = self.skipped = self.stored = 0

    def start(self) -> None:
        """Begin to store; the projects are read as soon as the database answers."""
        self._guarded(self.load)
        self._thread.start()

    def close(self) -> None:
        """Store what waits, then end."""
        self._jobs.put(None)
        self._thread.join(10)

    def load(self) -> None:
        """Make sure that the platform can report into itself, and read the projects' keys."""
        with transaction(self._sessions) as session:
            service = build(session)
            service.create_project(PROJECT_NAME, self._own_key)
            self._keys = {project.id: project.public_key for project in service.projects()}
        self._is_loaded = True

    def remember(self, project_id: int, key: str) -> None:
        """Let a new project report from now on."""
        self._keys[project_id] = key

    def refill(self, limits: Limits) -> None:
        """Take other limits from now on, with every project's share whole."""
        with self._lock:
            self._limits = limits
            self._buckets.clear()

    def admit(self, project_id: int, key: str, reports: int = 1) -> None:
        """Let one request of a project in; one without reports (a client's statistics) costs nothing.

        Raises: WrongKey for an unknown project or another key; TooManyReports beyond its share; NotReady.
        """
        if not self._is_loaded:
            raise NotReady("the projects are not known yet", headers={"Retry-After": str(_RETRY_AFTER_S)})
        if self._keys.get(project_id) != key:
            raise WrongKey("the key does not belong to this project")
        with self._lock:
            bucket = self._buckets.setdefault(project_id, _Bucket(self._limits))
            is_let_in = all(bucket.take() for _ in range(reports))
        if not is_let_in:
            self._drop(reports)

    def submit(self, kind: str, project_id: int, payload: dict[str, Any]) -> str:
        """Store one payload and return the outcome once it is durable.

        Raises: TooManyReports when too many wait; BadEnvelope from what cannot be stored.
        """
        job = _Job(kind, project_id, payload)
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._drop(1)
        self.accepted += 1
        return job.answer.result(_ANSWER_TIMEOUT_S)

    def skip(self, count: int) -> None:
        """Count items of a type that is not kept here."""
        self.skipped += count
        self._events.labels("skipped").inc(count)

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._events.labels("dropped").inc(count)
        raise TooManyReports(
            "too many reports; wait before sending more",
            headers={
                "Retry-After": str(_RETRY_AFTER_S),
                "X-Sentry-Rate-Limits": f"{_RETRY_AFTER_S}:error;monitor:project",
            },
        )

    def _run(self) -> None:
        tidied = time.monotonic()
        while True:
            try:
                first = self._jobs.get(timeout=5 if self._is_loaded else _LOAD_AGAIN_S)
            except queue.Empty:
                first = _Job("nothing", 0, {})
            if first is None:
                return
            jobs = [first] if first.kind != "nothing" else []
            ending = self._gather(jobs)
            if jobs:
                self._write(jobs)
            elif not self._is_loaded:
                self._guarded(self.load)
            if time.monotonic() - tidied > _TIDY_EVERY_S:
                tidied = time.monotonic()
                self._guarded(self._tidy)
            if ending:
                return

    def _gather(self, jobs: list[_Job]) -> bool:
        while jobs and len(jobs) < _BATCH:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return False
            if job is None:
                return True
            jobs.append(job)
        return False

    def _write(self, jobs: list[_Job]) -> None:
        try:
            with transaction(self._sessions) as session:
                outcomes = [self._store(session, job) for job in jobs]
        except Exception as error:  # noqa: BLE001 - each waiting caller must hear of it
            if len(jobs) == 1:
                jobs[0].answer.set_exception(error)
                return
            # One bad report must not take its neighbours along.
            for job in jobs:
                self._write([job])
            return
        for job, outcome in zip(jobs, outcomes, strict=True):
            self.stored += 1
            self._events.labels(outcome).inc()
            job.answer.set_result(outcome)

    def _store(self, session: Session, job: _Job) -> str:
        service = build(session)
        if job.kind == "check_in":
            service.check_in(job.project_id, job.payload)
            return "check_in"
        problem = fingerprint(job.payload)
        is_spike = self._spikes.is_spike(f"{job.project_id} {problem}")
        return service.store(job.project_id, job.payload, problem, is_kept=not is_spike)

    def _tidy(self) -> None:
        with transaction(self._sessions) as session:
            build(session).tidy(utc_now() - timedelta(days=self._limits.keep_days), self._limits.keep)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.warning("error reports wait for the database", exc_info=True)
