"""Staging: what the scraper publishes is written down, each record once, until its run is whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from hubs.business_hub.etl.models import ImportRun
from hubs.business_hub.etl.repository import RunRepository, StageRow
from shared.contracts.envelope import Event
from shared.contracts.events.scraping import (
    ScrapedBatch,
    ScrapeFinishedV1,
    ScrapeStartedV1,
    batch_records,
)
from shared.core.clock import utc_now

RunEvent = ScrapeStartedV1 | ScrapedBatch | ScrapeFinishedV1


class Staging:
    """Takes the events of runs in; never commits. The same event twice changes nothing."""

    def __init__(self, runs: RunRepository, clock: Callable[[], datetime] = utc_now) -> None:
        self._runs = runs
        self._now = clock

    def take(self, events: Sequence[Event]) -> list[UUID]:
        """Write events down and return the runs that are whole now, or ended without success."""
        relevant = [event for event in events if isinstance(event, RunEvent)]
        if not relevant:
            return []
        now = self._now()
        self._runs.ensure({(event.run_id, event.job_id, event.source_id) for event in relevant}, now)
        runs = self._runs.lock_many({event.run_id for event in relevant})
        # A run that is past staging has its records; late copies of them are dropped.
        open_runs = {run_id: run for run_id, run in runs.items() if run.state == "staging"}
        self._runs.stage(
            StageRow(event.run_id, event.kind, record.key, event.batch, record.model_dump_json().encode())
            for event in relevant
            if isinstance(event, ScrapedBatch) and event.run_id in open_runs
            for record in batch_records(event)
        )
        for event in relevant:
            if isinstance(event, ScrapeFinishedV1) and event.run_id in open_runs:
                _note_end(open_runs[event.run_id], event, now)
        return [run.run_id for run in open_runs.values() if run.outcome and self._settle(run)]

    def _settle(self, run: ImportRun) -> bool:
        """Make a run ready when nothing of it is missing."""
        if run.outcome in {"succeeded", "unchanged"}:
            staged = self._runs.staged_counts(run.run_id)
            if staged != {kind: count for kind, count in run.announced.items() if count}:
                return False
            run.staged = staged
        run.state = "ready"
        run.updated_at = self._now()
        return True


def _note_end(run: ImportRun, event: ScrapeFinishedV1, now: datetime) -> None:
    run.outcome = event.outcome
    run.observed_at = event.finished_at
    run.announced_at = run.announced_at or now
    run.announced = dict(event.counts)
    run.complete = [one.model_dump() for one in event.complete]
    run.is_dry_run = event.is_dry_run
    run.updated_at = now
    if event.problems:
        first = event.problems[0]
        run.reason = f"{first.detail} ({first.url})" if first.url else first.detail
