"""How well the cluster is, in one word, with every rule that said so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from services.cluster.objects import BROKEN_WAITS, Pod, Snapshot
from services.cluster.quantity import percent

PENDING_PATIENCE_S = 60
OOM_WINDOW_S = 3600


class Level(IntEnum):
    """From best to worst; a level is as bad as its worst rule."""

    OPTIMAL = 0
    HEALTHY = 1
    UNKNOWN = 2
    WARNING = 3
    CRITICAL = 4


@dataclass(frozen=True)
class Rule:
    """One rule that spoke, and what it saw."""

    level: Level
    text: str


@dataclass(frozen=True)
class Sums:
    """Memory in bytes and processor in thousandths of a core; use is None when nobody measures it."""

    requests: int
    limits: int
    unlimited: int
    used: int | None
    node_used: int | None
    cpu_requests: int
    cpu_used: int | None
    pending: int
    """Requests of pods that no node has taken: never part of the other sums."""
    unmeasured: int = 0
    """Counted pods of which no use is known although others are measured."""
    at_most: int | None = None
    """Use where pods that nobody measured count as what they request."""

    def share(self, amount: int | None, whole: int) -> float | None:
        """Return amount as a part of whole, or None where either is unknown."""
        return amount / whole if amount is not None and whole > 0 else None


@dataclass(frozen=True)
class Counts:
    """Pods by what matters about them."""

    running: int
    wanted: int
    pending: int
    stale: int
    broken: int
    oom_killed: int
    finished: int


def sums_of(snapshot: Snapshot) -> Sums:
    """Add up what the platform's counted pods ask for and use."""
    counted = [pod for pod in snapshot.pods if pod.is_counted]
    measured = [pod.use for pod in counted if pod.use]
    known = snapshot.metrics_at is not None
    unmeasured = [pod for pod in counted if pod.use is None] if known else []
    used = sum(use.memory for use in measured)
    nodes = [node.use for node in snapshot.nodes if node.use]
    return Sums(
        requests=sum(pod.ask.request for pod in counted),
        limits=sum(pod.ask.charge for pod in counted),
        unlimited=sum(1 for pod in counted if pod.ask.limit is None),
        used=used if known else None,
        node_used=sum(use.memory for use in nodes) if nodes else None,
        cpu_requests=sum(pod.ask.cpu for pod in counted),
        cpu_used=sum(use.cpu for use in measured) if known else None,
        pending=sum(pod.ask.request for pod in snapshot.pods if pod.place == "unscheduled"),
        unmeasured=len(unmeasured),
        at_most=used + sum(pod.ask.request for pod in unmeasured) if known else None,
    )


def counts_of(snapshot: Snapshot) -> Counts:
    """Count pods apart: unscheduled, living and finished ones are three things."""
    return Counts(
        running=sum(1 for pod in snapshot.pods if pod.place == "running" and pod.is_ready),
        wanted=sum(w.replicas for w in snapshot.workloads if w.is_long_running),
        pending=sum(1 for pod in snapshot.pods if pod.place == "unscheduled"),
        stale=sum(1 for pod in snapshot.pods if snapshot.is_stale(pod)),
        broken=sum(1 for pod in snapshot.pods if pod.waiting in BROKEN_WAITS),
        oom_killed=sum(1 for pod in snapshot.pods if _was_oom_killed(pod, snapshot)),
        finished=sum(1 for pod in snapshot.pods if pod.phase == "Failed"),
    )


def surge_needed(snapshot: Snapshot) -> int:
    """Return the bytes that rolling the largest surging workload needs: itself, and one that ends."""
    charges = [w.ask.charge for w in snapshot.workloads if w.is_long_running and w.strategy == "surge"]
    return 2 * max(charges, default=0)


def judge(snapshot: Snapshot) -> tuple[Level, list[Rule]]:
    """Return the level and the rules behind it, worst first."""
    sums, counts = sums_of(snapshot), counts_of(snapshot)
    whole = snapshot.allocatable
    rules = [*_critical(snapshot, sums, whole), *_warning(snapshot, sums, counts)]
    rules += _by_use(snapshot, sums, whole)
    rules.sort(key=lambda rule: -rule.level)
    return (rules[0].level if rules else Level.UNKNOWN), rules


def _by_use(snapshot: Snapshot, sums: Sums, whole: int) -> list[Rule]:
    if whole and not snapshot.workloads and not snapshot.pods:
        return [Rule(Level.UNKNOWN, f"namespace {snapshot.namespace} holds nothing to judge")]
    usage = sums.share(sums.at_most, whole)
    words = "usage"
    if usage is not None and sums.unmeasured:
        words = f"{sums.unmeasured} pods are not measured and count as what they request; usage"
    elif usage is None:
        # Never swapped silently: the words say that these are requests.
        usage, words = sums.share(sums.requests, whole), "usage unknown; (by requests)"
    if usage is None:
        return [Rule(Level.UNKNOWN, "no nodes: nothing to compare with")]
    text = f"{words} {int(100 * usage)}% of allocatable memory"
    if usage >= 0.80:
        return [Rule(Level.CRITICAL, f"{text}, 80% or more")]
    if usage >= 0.50:
        return [Rule(Level.WARNING, f"{text}, 50% or more")]
    cpu = sums.share(sums.cpu_used, snapshot.allocatable_cpu)
    if usage < 0.30 and cpu is not None and cpu < 0.25:
        return [Rule(Level.OPTIMAL, f"{text}, under 30%, and processor {int(100 * cpu)}%, under 25%")]
    return [Rule(Level.HEALTHY, f"{text}, under 50%")]


def _critical(snapshot: Snapshot, sums: Sums, whole: int) -> list[Rule]:
    rules = []
    if whole and sums.limits > whole:
        rules.append(Rule(Level.CRITICAL, f"limits are {percent(sums.limits, whole)} of allocatable memory"))
    for workload in snapshot.workloads:
        if workload.tier == "infra" and workload.is_long_running and workload.ready < workload.replicas:
            text = f"{workload.name} (infra) has {workload.ready} of {workload.replicas} ready"
            rules.append(Rule(Level.CRITICAL, text))
    rules += [
        Rule(Level.CRITICAL, f"node {node.name} is under memory pressure")
        for node in snapshot.nodes
        if node.has_memory_pressure
    ]
    for node in snapshot.nodes:
        if not node.is_ready:
            stranded = sum(1 for pod in snapshot.pods if pod.is_counted and pod.node == node.name)
            text = f"node {node.name} is not ready" + (f": {stranded} pods are on it" if stranded else "")
            rules.append(Rule(Level.CRITICAL, text))
    return rules


def _warning(snapshot: Snapshot, sums: Sums, counts: Counts) -> list[Rule]:
    rules = []
    late = [
        pod
        for pod in snapshot.pods
        if pod.place == "unscheduled" and _age(pod, snapshot) > PENDING_PATIENCE_S
    ]
    for number, words in (
        (len(late), f"pending for more than {PENDING_PATIENCE_S} s"),
        (counts.stale, "stale: an older template than their workload's"),
        (counts.broken, "crashing or unable to start"),
        (counts.oom_killed, "killed for want of memory within the hour"),
        (sum(1 for pod in snapshot.pods if pod.reason == "Evicted"), "evicted: a node ran short"),
    ):
        if number:
            rules.append(Rule(Level.WARNING, f"{number} {'pod is' if number == 1 else 'pods are'} {words}"))
    unready = [
        w for w in snapshot.workloads if w.tier != "infra" and w.is_long_running and w.ready < w.replicas
    ]
    if unready:
        names = ", ".join(sorted(w.name for w in unready))
        rules.append(Rule(Level.WARNING, f"not ready: {names}"))
    if sums.unlimited:
        words = "pod has" if sums.unlimited == 1 else "pods have"
        rules.append(Rule(Level.WARNING, f"{sums.unlimited} {words} no memory limit"))
    rules += [
        Rule(Level.WARNING, f"{w.name} asks for less than 1 MiB of memory: a slip of its unit (m for Mi?)")
        for w in snapshot.workloads
        if any(amount is not None and 0 < amount < 2**20 for amount in (w.ask.request, w.ask.limit))
    ]
    rules += [
        Rule(Level.WARNING, f"node {node.name} takes no new pods (cordoned)")
        for node in snapshot.nodes
        if node.is_cordoned
    ]
    slack, needed = snapshot.ceiling - sums.limits, surge_needed(snapshot)
    if snapshot.quota and slack < needed:
        text = f"surge slack {_mi(slack)} is less than a rollout needs, {_mi(needed)}"
        rules.append(Rule(Level.WARNING, text))
    return rules


def _was_oom_killed(pod: Pod, snapshot: Snapshot) -> bool:
    if pod.oom_killed_at is None:
        return False
    return (snapshot.taken_at - pod.oom_killed_at).total_seconds() <= OOM_WINDOW_S


def _age(pod: Pod, snapshot: Snapshot) -> float:
    if pod.created_at is None:
        return float("inf")
    return (snapshot.taken_at - pod.created_at).total_seconds()


def _mi(size: int) -> str:
    return f"{size // 2**20:,}Mi"
