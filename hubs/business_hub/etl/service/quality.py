"""Quality of runs: measured, kept, compared with thresholds and with the runs before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from hubs.business_hub.etl.guards import Finding
from hubs.business_hub.etl.models import ImportRun, QualityThreshold
from hubs.business_hub.etl.quality import (
    IDENTITY,
    LARGEST_FOR_UNIQUENESS,
    METRICS,
    Discrepancy,
    Reading,
    timeliness,
)
from hubs.business_hub.etl.quality_repository import ANY, QualityRepository
from shared.core.clock import utc_now
from shared.core.errors import Invalid

# Used where nobody has set anything: a run is held when most of it is wrong.
DEFAULTS = {
    "completeness": (0.6, 0.2),
    "validity": (0.95, 0.5),
    "consistency": (0.8, 0.0),
    "uniqueness": (0.99, 0.5),
    "timeliness": (0.5, 0.0),
}
_STEADY = 0.01
_FRENCH = {
    "completeness": "complétude",
    "validity": "validité",
    "consistency": "cohérence",
    "uniqueness": "unicité",
    "timeliness": "actualité",
}


class QualityService:
    """What is known of the quality of sources and runs; never commits."""

    def __init__(self, quality: QualityRepository, clock: Callable[[], datetime] = utc_now) -> None:
        self._quality = quality
        self._now = clock

    def measure(self, run: ImportRun, interval_s: float | None) -> list[Finding]:
        """Keep the values of a run; return what falls below a threshold, blocking below the critical one."""
        counts = {kind: dict(of) for kind, of in run.quality.items()}
        for kind, fields in IDENTITY.items():
            # Of an upload it was found while it was read: see `Repeats`.
            is_known = "uniqueness" in counts.get(kind, {})
            if not is_known and 0 < run.staged.get(kind, 0) <= LARGEST_FOR_UNIQUENESS:
                good, total = self._quality.unique_counts(run.run_id, kind, fields)
                if total:
                    counts.setdefault(kind, {})["uniqueness"] = [good, total]
        values = {
            (kind, metric): (good / total, total)
            for kind, of in counts.items()
            for metric, (good, total) in of.items()
            if total
        }
        on_time = timeliness(
            run.observed_at or run.created_at,
            self._quality.previous_run_at(run.source_id, run.run_id),
            interval_s,
        )
        if on_time is not None:
            values[ANY, "timeliness"] = (on_time, 1)
        now = self._now()
        self._quality.save(
            [
                {
                    "run_id": run.run_id,
                    "source_id": run.source_id,
                    "kind": kind,
                    "metric": metric,
                    "value": value,
                    "sample_size": size,
                    "measured_at": now,
                }
                for (kind, metric), (value, size) in values.items()
            ]
        )
        thresholds = self._quality.thresholds()
        return [
            finding
            for (kind, metric), (value, _) in values.items()
            if (finding := _judge(run.source_id, kind, metric, value, thresholds)) is not None
        ]

    def note(self, run: ImportRun, found: Sequence[Discrepancy]) -> None:
        """Keep what does not fit in a run's records."""
        self._quality.note(run.run_id, run.source_id, found)

    def clear(self, run: ImportRun) -> None:
        """Forget what was measured of a run that is looked at again."""
        run.quality = {}
        self._quality.clear(run.run_id)

    def latest(self, source_id: str | None = None) -> list[Reading]:
        """Return the newest value of each source, kind and metric with its status and trend."""
        thresholds = self._quality.thresholds()
        readings = []
        for metric, before in self._quality.latest(source_id):
            warning, critical = _threshold(metric.source_id, metric.kind, metric.metric, thresholds)
            readings.append(Reading(metric, warning, critical, _trend(metric.value, before)))
        return readings

    def list(
        self, *, source_id: str | None = None, kind: str | None = None, metric: str | None = None
    ) -> Select[Any]:
        """Return the query of measured values, newest first, for a page of it."""
        return self._quality.series(source_id=source_id, kind=kind, metric=metric)

    def list_discrepancies(self, *, run_id: UUID | None = None, source_id: str | None = None) -> Select[Any]:
        """Return the query of discrepancies, newest first, for a page of it."""
        return self._quality.discrepancies(run_id=run_id, source_id=source_id)

    def list_thresholds(self) -> Sequence[QualityThreshold]:
        """Return every threshold that somebody set."""
        return self._quality.thresholds()

    def set_threshold(
        self, source_id: str, kind: str, metric: str, warning: float, critical: float, actor: str
    ) -> None:
        """Set a threshold; ``*`` for every source or kind.

        Raises: Invalid for an unknown metric, or when the critical value is above the warning.
        """
        if metric not in METRICS:
            raise Invalid(f"no metric {metric!r}", known=list(METRICS))
        if critical > warning:
            raise Invalid("the critical value is not above the warning")
        self._quality.set_threshold(
            {
                "source_id": source_id,
                "kind": kind,
                "metric": metric,
                "warning": warning,
                "critical": critical,
                "set_by": actor,
                "set_at": self._now(),
            }
        )


def _threshold(
    source_id: str, kind: str, metric: str, thresholds: Sequence[QualityThreshold]
) -> tuple[float, float]:
    """Return warning and critical value: the most particular that was set, else the default."""
    fitting = [
        one
        for one in thresholds
        if one.metric == metric and one.source_id in {source_id, ANY} and one.kind in {kind, ANY}
    ]
    if not fitting:
        return DEFAULTS[metric]
    best = max(fitting, key=lambda one: (one.source_id != ANY, one.kind != ANY))
    return best.warning, best.critical


def _judge(
    source_id: str, kind: str, metric: str, value: float, thresholds: Sequence[QualityThreshold]
) -> Finding | None:
    warning, critical = _threshold(source_id, kind, metric, thresholds)
    if value >= warning:
        return None
    limit = critical if value < critical else warning
    return Finding(
        f"low-{metric}",
        f"{metric} of {kind} is {value:.0%}, below {limit:.0%}",
        f"{_FRENCH[metric]} de {kind} : {value:.0%}, sous {limit:.0%}",
        kind=kind,
        is_blocking=value < critical,
    )


def _trend(value: float, before: float | None) -> str:
    if before is None:
        return "new"
    if abs(value - before) <= _STEADY:
        return "steady"
    return "up" if value > before else "down"
