"""Seeing a job through: attempts, cancellation, the report when its process cannot write one."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import OrderedDict
from datetime import datetime
from uuid import UUID

from services.scraper.child import EXIT_DONE, EXIT_PAUSED, Child
from services.scraper.journal import RunState, StateFile
from services.scraper.locks import source_lock
from services.scraper.publisher import Bus
from services.scraper.settings import ScraperSettings
from services.scraper.sources import registry
from shared.contracts.events.jobs import JobCancelRequestedV1, ScrapeRequestedV1
from shared.contracts.events.scraping import RunOutcome, ScrapeFinishedV1, ScrapeProblem
from shared.core.clock import utc_now
from shared.core.errors import NotFound, Unavailable
from shared.core.ids import new_id

log = logging.getLogger(__name__)

_Ended = tuple[RunOutcome, str, str]
_POLL_S = 0.25
_KEPT_CANCELS = 1_000
_KEPT_RUNS_S = 14 * 86_400.0


class JobRunner:
    """Runs jobs one after the other, each in child processes of its own."""

    def __init__(self, settings: ScraperSettings, bus: Bus, stop: threading.Event) -> None:
        self.current: ScrapeRequestedV1 | None = None
        self.child_pid = 0
        self.deaths = 0
        self._settings = settings
        self._bus = bus
        self._stop = stop
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._cancelled: OrderedDict[UUID, str] = OrderedDict()

    def run(self, request: ScrapeRequestedV1) -> None:
        """See a job through to its published report.

        Raises: Unavailable when this worker stops first: the job is to be delivered again.
        """
        state_file = StateFile(self._settings.work_dir / "runs" / str(request.id))
        state = state_file.read() or _fresh_state(request)
        self.current = request
        locks = self._settings.work_dir / "locks"
        try:
            if request.options.replay or request.source_id not in registry().sources:
                self._see_through(request, state_file, state)
            else:
                with source_lock(locks, request.source_id, lambda: self._is_given_up(request)) as is_held:
                    if not is_held and self._stop.is_set():
                        raise Unavailable(
                            f"this worker is stopping; {request.source_id} is crawled elsewhere"
                        )
                    # Given up because it was cancelled: its process reports that without crawling.
                    self._see_through(request, state_file, state)
        finally:
            self.current = None
        self._forget_old_runs()

    def _is_given_up(self, request: ScrapeRequestedV1) -> bool:
        return self._stop.is_set() or self._reason(request) is not None

    def _see_through(self, request: ScrapeRequestedV1, state_file: StateFile, state: RunState) -> None:
        """Start a process for the job until one finishes it or too many died."""
        while not state.is_finished:
            if state.attempts >= self._settings.scraper.child_attempts:
                detail = f"its process died {state.attempts} times"
                self._report(request, state, "failed", "child-died", detail)
                break
            state.attempts += 1
            state_file.write(state)
            code, ended = self._attempt(request)
            state = state_file.read() or state
            if code == EXIT_PAUSED and self._stop.is_set():
                # Stopping is no fault of the job: the attempt does not count.
                state.attempts -= 1
                state_file.write(state)
                raise Unavailable("this worker is stopping; the job is resumed by the next one")
            if ended is not None:
                self._report(request, state, *ended)
                break
            if code != EXIT_DONE and not state.is_finished:
                self.deaths += 1
                log.warning("job %s: its process ended with %s", request.job_id, code)
                if self._reason(request) is not None:
                    self._report(request, state, "cancelled", "cancelled", self._reason(request) or "")
                    break
        state.is_finished = True
        state_file.write(state)

    def _attempt(self, request: ScrapeRequestedV1) -> tuple[int, _Ended | None]:
        """Run the child once; return its exit code and, when it was killed for overrunning, the report."""
        deadline = time.monotonic() + self._timeout_s(request)
        child = Child(request, self._settings)
        with self._lock:
            self._child = child
        self.child_pid = child.pid
        try:
            if (reason := self._reason(request)) is not None:
                child.cancel(reason)
            is_told = False
            while (code := child.wait(_POLL_S)) is None:
                if self._stop.is_set() and not is_told:
                    is_told = True
                    child.pause()
                if time.monotonic() > deadline:
                    return 1, ("timed_out", "timeout", "the process did not end in time")
                if (used := child.memory_bytes()) > self._settings.scraper.child_memory_bytes:
                    return 1, ("failed", "memory", f"the process took {used // 2**20} MiB")
            has_paused = self._stop.is_set() and code != EXIT_DONE
            return (EXIT_PAUSED if has_paused else code), None
        finally:
            with self._lock:
                self._child = None
            self.child_pid = 0
            child.close()

    def _timeout_s(self, request: ScrapeRequestedV1) -> float:
        """Return the seconds after which the child is killed: its own limit, and time to report."""
        try:
            own = request.options.timeout_s or registry().get(request.source_id).timeout_s
        except NotFound:
            own = 60.0
        return own + 30.0 + self._settings.scraper.stop_grace_s

    def cancel(self, request: JobCancelRequestedV1) -> None:
        """End a job that runs here, or remember that it is not to start."""
        reason = request.reason or "cancelled on request"
        with self._lock:
            self._cancelled[request.job_id] = reason
            while len(self._cancelled) > _KEPT_CANCELS:
                self._cancelled.popitem(last=False)
            child = self._child
            if child is not None and child.request.job_id == request.job_id:
                child.cancel(reason)

    def _reason(self, request: ScrapeRequestedV1) -> str | None:
        with self._lock:
            return self._cancelled.get(request.job_id)

    def _report(
        self, request: ScrapeRequestedV1, state: RunState, outcome: RunOutcome, code: str, detail: str
    ) -> None:
        """Publish the end of a run whose process could not."""
        self._bus.publish(
            [
                ScrapeFinishedV1(
                    producer="scraper",
                    correlation_id=request.correlation_id,
                    job_id=request.job_id,
                    run_id=UUID(state.run_id),
                    source_id=request.source_id,
                    outcome=outcome,
                    problems=(ScrapeProblem(code=code, detail=detail),),
                    started_at=datetime.fromisoformat(state.started_at),
                    finished_at=utc_now(),
                    is_dry_run=request.options.dry_run,
                )
            ]
        )

    def _forget_old_runs(self) -> None:
        runs = self._settings.work_dir / "runs"
        oldest = time.time() - _KEPT_RUNS_S
        for folder in runs.iterdir() if runs.is_dir() else ():
            try:
                if (folder / "state.json").stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:
                continue


def _fresh_state(request: ScrapeRequestedV1) -> RunState:
    return RunState(
        run_id=str(new_id()), source_id=request.source_id, started_at=utc_now().isoformat(), attempts=0
    )
