"""The run's book: what was read, skipped, published; which outcome it comes to."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.scraper.journal import Journal
from services.scraper.parsers.base import ParseFailed, ParseResult
from services.scraper.publisher import Publisher
from services.scraper.reading import Reading, unpublishable
from services.scraper.sources import Source
from shared.contracts.civic import Record
from shared.contracts.envelope import Event
from shared.contracts.events.jobs import ScrapeOptions
from shared.contracts.events.scraping import (
    BATCH_CLASSES,
    ArchiveRef,
    CompleteSet,
    RunOutcome,
    ScrapeFinishedV1,
    ScrapeProblem,
    ScrapeProgressV1,
    ScrapeStartedV1,
)
from shared.core.clock import utc_now

PRODUCER = "scraper"
BATCH_RECORDS = 50
_BATCH_BYTES = 400_000
_MAX_PROBLEMS = 200
_BLOCKING = {"blocked", "robots"}


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl of one source for one job."""

    job_id: UUID
    run_id: UUID
    source: Source
    options: ScrapeOptions
    started_at: datetime
    correlation_id: str | None = None
    is_resumed: bool = False
    first_batch: int = 0
    worker: str = field(default_factory=socket.gethostname)


class Recorder:
    """Takes readings, publishes their records in batches, and closes the run with its report."""

    def __init__(
        self, run: Run, publisher: Publisher, journal: Journal, progress_every_s: float = 1.0
    ) -> None:
        self.run = run
        self.pages = 0
        self.pages_expected: int | None = None
        self.size_bytes = 0
        self.outcome: RunOutcome | None = None
        self._publisher = publisher
        self._journal = journal
        self._progress_every_s = progress_every_s
        self._progress_at = 0.0
        self._pending: dict[str, dict[str, tuple[Record, bytes]]] = {}
        self._pending_bytes: Counter[str] = Counter()
        self._skipped: Counter[str] = Counter()
        self._complete: dict[tuple[str, str], CompleteSet] = {}
        self._problems: list[ScrapeProblem] = []
        self._problems_dropped = 0
        self._published: Counter[str] = Counter(journal.counts())
        self._is_partial = False
        self._batch = run.first_batch

    def start(self) -> None:
        """Announce the run."""
        self._send(
            ScrapeStartedV1(**self._identity(), worker=self.run.worker, is_resumed=self.run.is_resumed)
        )

    def take(self, reading: Reading) -> None:
        """Publish what one document gave and note the rest.

        Raises: PublishingStopped.
        """
        result = reading.result
        self.pages += 1 + len(reading.document.companions)
        self.size_bytes += len(reading.document.body)
        self._skipped.update(result.skipped)
        for complete in result.complete:
            self._complete[complete.kind, complete.prefix] = complete
        for problem in result.problems:
            self.problem(problem)
        self.add(self._limited(result), reading.token)
        self.progress()

    def add(self, records: Iterable[Record], token: bytes) -> None:
        """Publish records that were read from the bytes that ``token`` stands for.

        Raises: PublishingStopped.
        """
        for record in records:
            if problem := unpublishable(record):
                self.problem(problem)
                self.skip("unpublishable")
                continue
            if self._journal.is_published(record.kind, record.key, token):
                continue
            self._pending.setdefault(record.kind, {})[record.key] = (record, token)
            self._pending_bytes[record.kind] += _rough_size(record)
            is_full = len(self._pending[record.kind]) >= BATCH_RECORDS
            if is_full or self._pending_bytes[record.kind] >= _BATCH_BYTES:
                self._flush(record.kind)

    def _limited(self, result: ParseResult) -> list[Record]:
        """Keep at most ``limit`` records of the source's first kind, and none that refers to the others."""
        limit = self.run.options.limit
        if limit is None:
            return result.records
        main = self.run.source.kinds[0]
        held = self._published[main] + len(self._pending.get(main, {}))
        keep = {r.key for r in [r for r in result.records if r.kind == main][: max(0, limit - held)]}
        dropped = {r.key for r in result.records if r.kind == main} - keep
        if dropped:
            self.partial()
            self.skip("limit", len(dropped))
        return [r for r in result.records if r.key not in dropped and not _refers_to(r, dropped)]

    def _flush(self, kind: str) -> None:
        held = self._pending.pop(kind, {})
        self._pending_bytes[kind] = 0
        if not held:
            return
        rows = [(kind, key, token) for key, (_, token) in held.items()]
        if self.run.options.dry_run:
            self._confirmed(rows)
            return
        self._batch += 1
        event = BATCH_CLASSES[kind](
            **self._identity(),
            batch=self._batch,
            records=tuple(record for record, _ in held.values()),  # type: ignore[call-arg]
        )
        self._publisher.send([event], lambda: self._confirmed(rows))

    def _confirmed(self, rows: list[tuple[str, str, bytes]]) -> None:
        self._journal.published(rows)
        self._published[rows[0][0]] += len(rows)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count rows left out on purpose."""
        self._skipped[reason] += count

    def partial(self) -> None:
        """Note that this run does not see everything: it proves no record to be gone."""
        self._is_partial = True

    def problem(self, problem: ScrapeProblem) -> None:
        """Report something that does not end the run."""
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(problem)
        else:
            self._problems_dropped += 1

    def fail(self, failure: ParseFailed, outcome: RunOutcome | None = None) -> None:
        """End the run: its first failure decides the outcome; blocked when the source refuses robots."""
        problem = failure.problem()
        if self.outcome is None:
            self.outcome = outcome or ("blocked" if failure.code in _BLOCKING else "failed")
            self._problems.insert(0, problem)
        elif problem not in self._problems:
            self.problem(problem)

    def end(self, outcome: RunOutcome, code: str, detail: str) -> None:
        """End the run for a reason outside any document (cancelled, timed out)."""
        if self.outcome is None:
            self.outcome = outcome
            self._problems.insert(0, ScrapeProblem(code=code, detail=detail))

    def progress(self, message: str = "", *, is_due: bool = False) -> None:
        """Announce how far the run is, at most once in ``progress_every_s`` seconds."""
        now = time.monotonic()
        if now - self._progress_at < self._progress_every_s and not is_due:
            return
        self._progress_at = now
        self._send(
            ScrapeProgressV1(
                **self._identity(),
                pages=self.pages,
                pages_expected=self.pages_expected,
                records=self._counted(),
                size_bytes=self.size_bytes,
                message=message,
            )
        )

    def _counted(self) -> dict[str, int]:
        counts = Counter(self._published)
        counts.update({kind: len(held) for kind, held in self._pending.items()})
        return dict(sorted(counts.items()))

    def finish(self, archive: ArchiveRef | None) -> ScrapeFinishedV1:
        """Publish what is left and the report; return when the bus has all of it.

        Raises: PublishingStopped.
        """
        if self.outcome is None:
            for kind in list(self._pending):
                self._flush(kind)
            self._publisher.settle()
            self._check_counts()
        counts = self._journal.counts()
        if self._problems_dropped:
            detail = f"{self._problems_dropped} more problems were left out"
            self._problems.append(ScrapeProblem(code="limit", detail=detail))
        report = ScrapeFinishedV1(
            **self._identity(),
            outcome=self.outcome or "succeeded",
            counts=counts,
            complete=self._complete_sets(),
            problems=tuple(self._problems),
            skipped=dict(sorted(self._skipped.items())),
            archive=archive,
            pages=self.pages,
            started_at=self.run.started_at,
            finished_at=utc_now(),
            is_dry_run=self.run.options.dry_run,
        )
        self._send(report)
        self._publisher.finish()
        return report

    def _check_counts(self) -> None:
        counts = self._journal.counts()
        source = self.run.source
        if not counts and not source.may_be_empty:
            self.fail(ParseFailed("", "empty", "the run yielded no record"))
        is_real = (
            not self.run.options.upstream and not self.run.options.limit and not self.run.options.session
        )
        for kind, (low, high) in source.expect.items() if is_real and self.outcome is None else ():
            count = counts.get(kind, 0)
            if not low <= count <= high:
                detail = f"{count} records of kind {kind}; between {low} and {high} were expected"
                self.problem(ScrapeProblem(code="count-range", detail=detail))

    def _complete_sets(self) -> tuple[CompleteSet, ...]:
        if self.outcome is not None or self._is_partial:
            return ()
        return tuple(self._complete.values())

    def _identity(self) -> dict[str, object]:
        return {
            "producer": PRODUCER,
            "correlation_id": self.run.correlation_id,
            "job_id": self.run.job_id,
            "run_id": self.run.run_id,
            "source_id": self.run.source.id,
        }

    def _send(self, event: Event) -> None:
        self._publisher.send([event])


def _rough_size(record: Record) -> int:
    """Estimate the bytes of a record: only kinds with long parts count for more than a small one."""
    parts = (
        getattr(record, "ballots", ()) or getattr(record, "paragraphs", ()) or getattr(record, "agenda", ())
    )
    return 1_000 + 300 * len(parts) + len(getattr(record, "text", ""))


def _refers_to(record: Record, keys: set[str]) -> bool:
    return any(name.endswith("_key") and getattr(record, name) in keys for name in type(record).model_fields)
