"""The child process: runs one job and exits; ``python -m services.scraper.run``, the job as JSON on stdin.

The worker keeps this process's standard input open and writes commands to it, one JSON object a
line: ``{"command": "cancel", "reason": ...}`` or ``{"command": "pause"}``. When it closes (the
worker is gone), this process ends at once: what it published is confirmed and in its journal, and
the next worker resumes the run.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from services.scraper.child import EXIT_DONE, EXIT_PAUSED
from services.scraper.journal import Journal, RunState, StateFile
from services.scraper.parsers.base import ParseFailed, Parser
from services.scraper.publisher import Bus, Publisher, PublishingStopped
from services.scraper.recorder import Recorder, Run
from services.scraper.registry import parser_of
from services.scraper.settings import ScraperSettings
from services.scraper.sources import Source, registry
from shared.contracts.events.jobs import ScrapeRequestedV1
from shared.contracts.events.scraping import ArchiveRef, ScrapeFinishedV1
from shared.core.clock import utc_now
from shared.core.errors import AppError
from shared.core.ids import new_id
from shared.logging import configure_logging
from shared.reporting import report_errors

log = logging.getLogger(__name__)

SOFTWARE = "OpenPolicy scraper"


class Job:
    """One job in this process: its source, its run (fresh or resumed) and the files of both."""

    def __init__(self, request: ScrapeRequestedV1, settings: ScraperSettings, bus: Bus) -> None:
        self.request = request
        self.settings = settings
        self.folder = settings.work_dir / "runs" / str(request.id)
        self._bus = bus
        self._state_file = StateFile(self.folder)
        self._stop: Callable[[], None] = lambda: None
        self._end: Callable[[str], None] = lambda reason: None
        self._is_paused = False
        self._cancel_reason: str | None = None

    def run(self) -> int:
        """Run the job to its end and return the exit code."""
        state, is_resumed = self._state()
        if state.is_finished:
            return EXIT_DONE
        publisher = Publisher(self._bus)
        journal = Journal(self.folder / "journal.sqlite3")
        recorder: Recorder | None = None
        try:
            recorder = self._recorder(state, is_resumed, publisher, journal)
            archive = self._crawl(recorder, journal)
            if self._is_paused:
                return EXIT_PAUSED
            report = recorder.finish(archive)
        except PublishingStopped as error:
            publisher.abandon()
            if self._is_paused:
                return EXIT_PAUSED
            raise SystemExit(f"the bus refused an event: {error}") from error
        self._finished(state, journal, report)
        return EXIT_DONE

    def _state(self) -> tuple[RunState, bool]:
        """Return the state that the worker wrote for this attempt, and whether it is not the first."""
        state = self._state_file.read()
        if state is None:
            state = RunState(
                run_id=str(new_id()),
                source_id=self.request.source_id,
                started_at=utc_now().isoformat(),
                attempts=1,
            )
            self._state_file.write(state)
        return state, state.attempts > 1

    def _recorder(
        self, state: RunState, is_resumed: bool, publisher: Publisher, journal: Journal
    ) -> Recorder:
        run = Run(
            job_id=self.request.job_id,
            run_id=UUID(state.run_id),
            source=_source(self.request),
            options=self._options(),
            started_at=datetime.fromisoformat(state.started_at),
            correlation_id=self.request.correlation_id,
            is_resumed=is_resumed,
            first_batch=state.attempts * 1_000_000,
        )
        recorder = Recorder(run, publisher, journal, self.settings.scraper.progress_every_s)
        recorder.start()
        return recorder

    def _options(self) -> Any:
        options = self.request.options
        upstream = options.upstream or self.settings.scraper.upstream
        return options.model_copy(update={"upstream": upstream})

    def _crawl(self, recorder: Recorder, journal: Journal) -> ArchiveRef | None:
        try:
            source = registry().get(self.request.source_id)
            parser = parser_of(source)
        except AppError as error:
            recorder.fail(ParseFailed("", "unknown-source", str(error)))
            return None
        if self._cancel_reason is not None:
            recorder.end("cancelled", "cancelled", self._cancel_reason)
            return None
        if self.request.options.replay:
            return self._replay(parser, recorder)
        if source.status == "blocked" and not recorder.run.options.upstream:
            recorder.fail(ParseFailed("", "blocked", source.reason))
            return None
        return self._fetch(parser, recorder, journal)

    def _replay(self, parser: Parser, recorder: Recorder) -> ArchiveRef | None:
        from services.scraper.replay import replay

        path = resolve_path(self.request.options.replay, self.settings.data_dir)
        inside = path.resolve().is_relative_to(self.settings.data_dir.resolve())
        if self.settings.environment == "production" and not inside:
            recorder.fail(ParseFailed(str(path), "refused", "in production only the data folder is replayed"))
            return None
        replay(parser, recorder, path)
        return None

    def _fetch(self, parser: Parser, recorder: Recorder, journal: Journal) -> ArchiveRef:
        # Scrapy and its reactor are loaded only by a process that goes to the network.
        from services.scraper.archive import ArchiveWriter
        from services.scraper.crawl import Crawl
        from services.scraper.middlewares import Vault

        source = recorder.run.source
        folder = self.settings.archive_dir / source.id
        writer = ArchiveWriter(folder, recorder.run.run_id, source.id, SOFTWARE)
        known_path = self._known_documents(source)
        known = Journal(known_path) if known_path.exists() else None
        vault = Vault(folder, writer, journal, known, parser.label)
        crawl = Crawl(parser, recorder, vault, self.settings.scraper)
        self._stop, self._end = crawl.stop, lambda reason: crawl.end("cancelled", "cancelled", reason)
        if self._is_paused:
            crawl.stop()
        elif self._cancel_reason is not None:
            self._end(self._cancel_reason)
        crawl.run(self.request.options.timeout_s or source.timeout_s)
        return writer.close(self.settings.data_dir)

    def _known_documents(self, source: Source) -> Path:
        """Return the journal of what earlier runs fetched, apart for each stand-in upstream."""
        upstream = self.request.options.upstream or self.settings.scraper.upstream
        folder = self.settings.work_dir / "documents" / ("stand-in" if upstream else "real")
        return folder / f"{source.id}.sqlite3"

    def _finished(self, state: RunState, journal: Journal, report: ScrapeFinishedV1) -> None:
        if report.outcome == "succeeded" and report.archive is not None:
            source = registry().get(self.request.source_id)
            journal.copy_documents(self._known_documents(source), parser_of(source).label)
        state.is_finished = True
        self._state_file.write(state)
        journal.close()

    def obey(self, lines: TextIO) -> None:
        """Follow the worker's commands until it is gone; then end this process."""
        for line in lines:
            with suppress(ValueError):
                command = json.loads(line)
                if command.get("command") == "cancel":
                    self._cancel_reason = str(command.get("reason") or "cancelled on request")
                    self._end(self._cancel_reason)
                elif command.get("command") == "pause":
                    self.pause()
        os._exit(EXIT_PAUSED)

    def pause(self) -> None:
        """Stop in the middle; a later process resumes the run."""
        self._is_paused = True
        self._stop()


def _source(request: ScrapeRequestedV1) -> Source:
    """Return the source with the job's parameters; an unknown one as an empty shell, to report on."""
    try:
        source = registry().get(request.source_id)
    except AppError:
        known = next(iter(registry().list()))
        return known.model_copy(update={"id": request.source_id, "may_be_empty": True})
    session = request.options.session
    if request.options.replay and not session:
        return source.of_any_session()
    return source.with_parameters(session=session) if session else source


def resolve_path(text: str, data_dir: Path) -> Path:
    """Return a path of a job: as given, or below the data folder (as an archive is named in a report)."""
    path = Path(text)
    return path if path.exists() or path.is_absolute() else data_dir / path


def limit_resources(memory_bytes: int) -> None:
    """Tie this process's life to its parent's, and cap its memory, where the system can do that.

    The worker watches the memory and ends the process beyond it; the hard cap is twice that, for what
    grows faster than the worker looks.
    """
    with suppress(ValueError, OSError):
        cap = 2 * max(memory_bytes, 256 * 2**20)
        resource.setrlimit(resource.RLIMIT_DATA, (cap, cap))
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main() -> int:
    """Read the job from standard input and run it."""
    settings = ScraperSettings()
    configure_logging("scraper.run", settings.log_level, settings.log_format)
    reporter = report_errors(settings, "scraper")
    for chatty, level in (
        ("scrapy", logging.WARNING),
        ("scrapy.downloadermiddlewares.redirect", logging.ERROR),
    ):
        logging.getLogger(chatty).setLevel(level)
    limit_resources(settings.scraper.child_memory_bytes)
    request = ScrapeRequestedV1.decode(sys.stdin.readline().encode())
    from shared.messaging.factory import open_bus

    job = Job(request, settings, open_bus(settings, settings.broker_dsn()))
    signal.signal(signal.SIGTERM, lambda *_: job.pause())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=job.obey, args=(sys.stdin,), name="commands", daemon=True).start()
    try:
        return job.run()
    finally:
        reporter.close()


if __name__ == "__main__":
    # Not sys.exit: threads of libraries must not hold up a process whose work is done and confirmed.
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
