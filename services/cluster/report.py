"""The status report as plain values, from which every output format is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.cluster.levels import Counts, Level, Rule, Sums, counts_of, judge, sums_of, surge_needed
from services.cluster.objects import BROKEN_WAITS, Snapshot, Workload
from services.cluster.quantity import show_memory
from services.cluster.reasons import Reason, reasons_of
from services.cluster.sizing import Proposal, Sample, propose, samples_now

TIERS = ("infra", "hub", "worker", "job", "")


@dataclass(frozen=True)
class Row:
    """One workload in the report; memory in bytes, None where nobody measured."""

    tier: str
    workload: str
    ready: int
    replicas: int
    request: int
    limit: int | None
    used: int | None
    rss: int | None
    peak: int | None
    suggest: str
    state: str


@dataclass(frozen=True)
class Report:
    """Everything `status` says."""

    snapshot: Snapshot
    level: Level
    rules: tuple[Rule, ...]
    sums: Sums
    counts: Counts
    services_up: int
    services_total: int
    surge_slack: int
    surge_needed: int
    rows: tuple[Row, ...]
    reasons: tuple[Reason, ...]

    @property
    def metrics_age_s(self) -> float | None:
        """Return how many seconds old the measurements are, or None."""
        at = self.snapshot.metrics_at
        return None if at is None else max(0.0, (self.snapshot.taken_at - at).total_seconds())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: bytes, thousandths of a core, shares of allocatable between 0 and 1."""
        snapshot, sums = self.snapshot, self.sums
        whole = snapshot.allocatable
        return {
            "cluster": snapshot.cluster,
            "namespace": snapshot.namespace,
            "taken_at": snapshot.taken_at.isoformat(),
            "level": self.level.name,
            "warnings": list(snapshot.warnings),
            "nodes": [
                {"name": node.name, "ready": node.is_ready, "cordoned": node.is_cordoned}
                for node in snapshot.nodes
            ],
            "rules": [{"level": rule.level.name, "text": rule.text} for rule in self.rules],
            "metrics_age_s": self.metrics_age_s,
            "memory": {
                "allocatable": whole,
                "quota": snapshot.quota.limits if snapshot.quota else None,
                "requests": sums.requests,
                "limits": sums.limits,
                "used": sums.used,
                "unmeasured_pods": sums.unmeasured,
                "node_used": sums.node_used,
                "pending_requests": sums.pending,
                "usage_share": sums.share(sums.used, whole),
                "requests_share": sums.share(sums.requests, whole),
                "limits_share": sums.share(sums.limits, whole),
                "surge_slack": self.surge_slack,
                "surge_needed": self.surge_needed,
            },
            "cpu": {
                "allocatable": snapshot.allocatable_cpu,
                "requests": sums.cpu_requests,
                "used": sums.cpu_used,
            },
            "pods": {
                "ready": self.counts.running,
                "wanted": self.counts.wanted,
                "pending": self.counts.pending,
                "stale": self.counts.stale,
                "broken": self.counts.broken,
                "oom_killed": self.counts.oom_killed,
                "finished": self.counts.finished,
            },
            "services": {"up": self.services_up, "total": self.services_total},
            "workloads": [vars(row) for row in self.rows],
            "reasons": [vars(reason) for reason in self.reasons],
        }


def make_report(
    snapshot: Snapshot,
    *,
    services: Mapping[str, Sequence[str]] | None = None,
    history: Mapping[str, Sequence[Sample]] | None = None,
) -> Report:
    """Return the report on a snapshot.

    services: every former service with the workloads that carry it (default: what the workloads say).
    history: earlier samples per workload; the snapshot's own are added.
    """
    level, rules = judge(snapshot)
    sums = sums_of(snapshot)
    homes = services or _homes(snapshot)
    up = sum(1 for names in homes.values() if all(_is_ready(snapshot, name) for name in names))
    rows = [
        _row(snapshot, workload, history or {}) for workload in snapshot.workloads if workload.is_long_running
    ]
    rows.sort(key=lambda row: (TIERS.index(row.tier) if row.tier in TIERS else 9, row.workload))
    return Report(
        snapshot=snapshot,
        level=level,
        rules=tuple(rules),
        sums=sums,
        counts=counts_of(snapshot),
        services_up=up,
        services_total=len(homes),
        surge_slack=snapshot.ceiling - sums.limits,
        surge_needed=surge_needed(snapshot),
        rows=tuple(rows),
        reasons=tuple(reasons_of(snapshot)),
    )


def proposals(snapshot: Snapshot, history: Mapping[str, Sequence[Sample]]) -> list[Proposal]:
    """Return what each long-running workload should ask for, from earlier samples and this one."""
    workloads = [workload for workload in snapshot.workloads if workload.is_long_running]
    return [_propose(snapshot, workload, history) for workload in workloads]


def _homes(snapshot: Snapshot) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for workload in snapshot.workloads:
        for service in workload.services if workload.is_long_running else ():
            found.setdefault(service, []).append(workload.name)
    return found


def _is_ready(snapshot: Snapshot, name: str) -> bool:
    workload = snapshot.find(name)
    return workload is not None and workload.replicas > 0 and workload.ready >= workload.replicas


def _row(snapshot: Snapshot, workload: Workload, history: Mapping[str, Sequence[Sample]]) -> Row:
    uses = [pod.use for pod in snapshot.pods_of(workload) if pod.use]
    rss = [use.rss for use in uses if use.rss is not None]
    peaks = [use.peak for use in uses if use.peak is not None]
    proposal = _propose(snapshot, workload, history)
    return Row(
        tier=workload.tier,
        workload=workload.name,
        ready=workload.ready,
        replicas=workload.replicas,
        request=workload.ask.request,
        limit=workload.ask.limit,
        used=sum(use.memory for use in uses) if uses else None,
        rss=sum(rss) if rss else None,
        peak=max(peaks) if peaks else None,
        suggest=_suggestion(proposal),
        state=_state(snapshot, workload),
    )


def _propose(snapshot: Snapshot, workload: Workload, history: Mapping[str, Sequence[Sample]]) -> Proposal:
    now = samples_now(snapshot).get(workload.name)
    samples = [*history.get(workload.name, ()), *([now] if now else [])]
    killed = any(pod.oom_killed_at for pod in snapshot.pods_of(workload))
    return propose(workload, samples, killed)


def _suggestion(proposal: Proposal) -> str:
    if proposal.proposed is None:
        return "?" if proposal.severity == "unknown" else "keep"
    if proposal.severity == "good":
        return "keep"
    seen = f"{proposal.hours:.0f}h" if proposal.hours >= 1 else f"{proposal.points} seen"
    return f"{show_memory(proposal.proposed.request)}/{show_memory(proposal.proposed.limit)} ({seen})"


def _state(snapshot: Snapshot, workload: Workload) -> str:
    pods = snapshot.pods_of(workload)
    for pod in pods:
        if pod.waiting in BROKEN_WAITS:
            return pod.waiting
    words = []
    stale = [pod for pod in pods if snapshot.is_stale(pod)]
    if stale:
        words.append("STALE" + (f" rs {stale[0].revision}" if stale[0].revision else ""))
    if any(pod.place == "unscheduled" for pod in pods):
        words.append("PENDING")
    if workload.blocked:
        words.append("BLOCKED")
    if any(pod.place == "terminating" for pod in pods):
        words.append("terminating")
    if not words and workload.ready < workload.replicas:
        words.append("not ready")
    if not words and workload.replicas == 0:
        words.append("scaled to 0")
    return ", ".join(words) or "ok"
