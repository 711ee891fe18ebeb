"""What a workload should ask for, from what it was seen to use: KRR's arithmetic with a floor for small pods.

KRR proposes max(working set) x 1.15 with a floor of 100 MB and calls 128 -> 256 MiB good; here the floor is
32 MiB and the severity is relative to the request. Every number comes with how much was seen; too little
gives no number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.cluster.objects import Ask, Snapshot, Workload
from services.cluster.quantity import MIB

FLOOR = 32 * MIB
REQUEST_MARGIN = 1.15
LIMIT_MARGIN = 1.5
OOM_MARGIN = 1.25
ENOUGH_HOURS = 3.0

Severity = Literal["good", "ok", "warning", "critical", "unknown"]


@dataclass(frozen=True)
class Sample:
    """One look at a workload's largest pod, in bytes."""

    at: datetime
    memory: int
    peak: int | None = None


@dataclass(frozen=True)
class Proposal:
    """What one workload's pods should ask for, or why there is no number."""

    workload: str
    current: Ask
    proposed: Ask | None
    severity: Severity
    hours: float
    points: int
    reason: str

    @property
    def is_sure(self) -> bool:
        """Tell whether enough was seen to act on it."""
        return self.proposed is not None and self.hours >= ENOUGH_HOURS


def samples_now(snapshot: Snapshot) -> dict[str, Sample]:
    """Return one sample per workload: its largest measured pod."""
    found: dict[str, Sample] = {}
    for pod in snapshot.pods:
        if pod.use is None or pod.place != "running":
            continue
        peak = max(pod.use.peak or 0, pod.use.memory)
        known = found.get(pod.owner)
        if known is None or pod.use.memory > known.memory:
            at = snapshot.metrics_at or snapshot.taken_at
            found[pod.owner] = Sample(at, pod.use.memory, max(peak, (known.peak or 0) if known else 0))
    return found


def propose(workload: Workload, samples: Sequence[Sample], was_oom_killed: bool = False) -> Proposal:
    """Return what the workload should ask for."""
    hours = _hours(samples)
    if not samples:
        return Proposal(workload.name, workload.ask, None, "unknown", 0, 0, "nothing was measured")
    if workload.tier == "infra":
        text = "its own configuration file sizes its memory, so use says little"
        return Proposal(workload.name, workload.ask, None, "good", hours, len(samples), text)
    steady = _percentile([sample.memory for sample in samples], 0.95)
    peak = max(max(sample.peak or 0, sample.memory) for sample in samples)
    if was_oom_killed:
        # The kill cut the peak off at the limit: what was wanted is not known, only that it was more.
        peak = max(peak, int((workload.ask.limit or peak) * OOM_MARGIN))
    request = max(FLOOR, _round(steady * REQUEST_MARGIN))
    limit = max(request, _round(peak * LIMIT_MARGIN))
    proposed = Ask(request, limit, workload.ask.cpu)
    reason = f"steady {steady // MIB}Mi x {REQUEST_MARGIN}, peak {peak // MIB}Mi x {LIMIT_MARGIN}"
    if was_oom_killed:
        reason += f", killed at its limit: +{OOM_MARGIN - 1:.0%}"
    return Proposal(
        workload.name, workload.ask, proposed, severity(workload.ask, proposed), hours, len(samples), reason
    )


def severity(current: Ask, proposed: Ask) -> Severity:
    """Return how far apart they are, relative to what is asked for now."""
    if current.limit is None or current.request == 0:
        return "critical"
    worst = max(
        abs(proposed.request - current.request) / current.request,
        abs((proposed.limit or 0) - current.limit) / current.limit,
    )
    for bound, word in ((0.10, "good"), (0.25, "ok"), (0.50, "warning")):
        if worst < bound:
            return word  # type: ignore[return-value]
    return "critical"


def _percentile(values: Sequence[int], part: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def _hours(samples: Sequence[Sample]) -> float:
    if len(samples) < 2:
        return 0.0
    times = [sample.at for sample in samples]
    return (max(times) - min(times)).total_seconds() / 3600


def _round(size: float) -> int:
    return -(-int(size) // MIB) * MIB
