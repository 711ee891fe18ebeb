"""Resource status: usage, requests and limits against what can be allocated, measured and judged."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from hubs.ops_hub.cluster import ClusterState, PodState, is_late
from hubs.ops_hub.health.schemas import HealthRead
from hubs.ops_hub.monitoring.former import FORMER_SERVICES, TIERS
from hubs.ops_hub.monitoring.levels import Load, level_of
from hubs.ops_hub.monitoring.readings import (
    embedded_postgres_pid,
    running_pids,
    total_memory_mib,
)
from hubs.ops_hub.monitoring.schemas import ResourceStatus, ServiceResources
from shared.core.clock import utc_now
from shared.core.memory import tree_mib

BUDGET = Path(__file__).resolve().parents[3] / "deploy" / "budget.toml"
_NOT_OURS = {"up", "miniature"}
_UP = ("up", "degraded", "running")


@dataclass(frozen=True)
class Ask:
    """What a component may ask for and use at most, in MiB."""

    request: int
    limit: int


@dataclass(frozen=True)
class Budget:
    """The written budget; empty where the file does not come along."""

    asks: dict[str, Ask] = field(default_factory=dict)
    allocatable_mib: float = 0.0


@dataclass
class Measured:
    """The processes or pods of the platform and the machine or cluster that they run on."""

    source: str
    rows: list[ServiceResources]
    wanted: int
    allocatable_mib: float
    cpu_percent: float | None
    is_measured: bool = True
    stale: list[str] = field(default_factory=list)
    crashing: list[str] = field(default_factory=list)
    oom_killed: list[str] = field(default_factory=list)
    pressed_nodes: list[str] = field(default_factory=list)
    pending: list[str] | None = None
    """Named apart where waiting and failing can be told from each other."""


def read_budget(path: Path = BUDGET) -> Budget:
    """Return request and limit per component in MiB."""
    try:
        content = tomllib.loads(path.read_text())
        components = content["component"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return Budget()
    asks = {
        name.removesuffix("-hub"): Ask(int(entry["request"]), int(entry["limit"]))
        for name, entry in components.items()
    }
    return Budget(asks, float(content.get("allocatable", 0)))


def measure_here(data_dir: Path, health: HealthRead, budget: Budget, cpu_percent: float) -> Measured:
    """Measure the processes of this machine; what is watched elsewhere has a state and no usage."""
    allocatable, source = total_memory_mib()
    pids = {name: pid for name, pid in running_pids(data_dir / "run").items() if name not in _NOT_OURS}
    if pid := embedded_postgres_pid(data_dir):
        pids["postgresql"] = pid
    watched = {row.name: row.state for row in health.targets if row.kind in ("hub", "worker", "infra")}
    # The embedded broker is tables of the database: no process of its own.
    watched.pop("broker", None)
    names = sorted({*pids, *watched, "ops"})
    rows = []
    for name in names:
        usage = (tree_mib(pids[name]) or None) if pids.get(name) else None
        is_gone = name in pids and usage is None
        state = "down" if is_gone else watched.get(name, "running")
        rows.append(_row(name, TIERS.get(name, "other"), state, usage, budget.asks.get(name)))
    return Measured(source, rows, len(rows), allocatable, round(cpu_percent, 1))


def measure_cluster(cluster: ClusterState, budget: Budget) -> Measured:
    """Judge what the cluster's API says; a workload's pods are one row."""
    rows, crashing, pending = [], [], []
    for name in sorted({*cluster.wanted, *(pod.workload for pod in cluster.pods)}):
        pods = [pod for pod in cluster.pods if pod.workload == name]
        wanted = cluster.wanted.get(name, 0)
        if not wanted and not pods:
            continue
        rows.append(_workload_row(name, wanted, pods, cluster))
        crashing += [pod.name for pod in pods if pod.is_broken]
        pending += [pod.name for pod in pods if is_late(pod)]
        if sum(pod.is_ready for pod in pods) < wanted and not any(is_late(pod) for pod in pods):
            pending.append(name)
    cpu = None
    if cluster.is_measured and cluster.allocatable_milli:
        used = sum(pod.usage_milli or 0.0 for pod in cluster.pods)
        cpu = round(100 * used / cluster.allocatable_milli, 1)
    return Measured(
        "cluster",
        rows,
        sum(cluster.wanted.values()),
        cluster.allocatable_mib or budget.allocatable_mib,
        cpu,
        is_measured=cluster.is_measured,
        stale=[pod.name for pod in cluster.pods if pod.is_stale],
        crashing=crashing,
        oom_killed=[pod.name for pod in cluster.pods if pod.was_oom_killed],
        pressed_nodes=cluster.pressed_nodes,
        pending=pending,
    )


def _workload_row(name: str, wanted: int, pods: list[PodState], cluster: ClusterState) -> ServiceResources:
    ready = sum(pod.is_ready for pod in pods)
    known = [pod.usage_mib for pod in pods if pod.usage_mib is not None]
    # Pods that no node has taken use nothing yet: what they ask for is no part of the sums.
    placed = [pod for pod in pods if pod.is_scheduled]
    state = "up" if ready >= wanted else "degraded" if ready else "down"
    tier = cluster.tiers.get(name) or (pods[0].tier if pods else "other")
    row = _row(name.removesuffix("-hub"), tier, state, sum(known) if known else None, None)
    row.request_mib = round(sum(pod.request_mib for pod in placed))
    row.limit_mib = round(sum(pod.limit_mib for pod in placed))
    row.pods_ready, row.pods_wanted = ready, wanted
    row.advice_en, row.advice_fr = _advice(row.usage_mib, row.request_mib, row.limit_mib)
    return row


def judge(measured: Measured) -> ResourceStatus:
    """Return the level of what was measured, with the rule that decided and what blocks the next level."""
    rows, whole = measured.rows, measured.allocatable_mib
    usage = sum(row.usage_mib or 0.0 for row in rows)
    requests = sum(row.request_mib or 0 for row in rows)
    limits = sum(row.limit_mib or 0 for row in rows)
    up = {row.name for row in rows if row.state in _UP}
    down = [row for row in rows if row.state == "down"]
    infra = tuple(row.name for row in down if row.tier == "infra")
    pending = measured.pending
    if pending is None:
        pending = [row.name for row in down]
    load = Load(
        usage_percent=_percent(usage, whole) if measured.is_measured else None,
        limits_percent=_percent(limits, whole),
        cpu_percent=measured.cpu_percent,
        infra_down=infra,
        pending=tuple(name for name in pending if name not in infra),
        stale=tuple(measured.stale),
        crashing=tuple(measured.crashing),
        oom_killed=tuple(measured.oom_killed),
        pressed_nodes=tuple(measured.pressed_nodes),
        requests_percent=_percent(requests, whole),
        is_share_known=whole > 0,
    )
    rule, next_level, blockers = level_of(load)
    return ResourceStatus(
        level=rule.level,
        rule_en=rule.en,
        rule_fr=rule.fr,
        next_level=next_level,
        blockers=[blocker.en for blocker in blockers],
        blockers_fr=[blocker.fr for blocker in blockers],
        source=measured.source,
        allocatable_mib=round(whole, 1),
        is_usage_measured=measured.is_measured,
        usage_mib=round(usage, 1),
        usage_percent=_percent(usage, whole),
        requests_mib=requests,
        requests_percent=load.requests_percent,
        limits_mib=limits,
        limits_percent=load.limits_percent,
        cpu_percent=load.cpu_percent,
        services_operational=sum(home in up for home in FORMER_SERVICES.values()),
        services_total=len(FORMER_SERVICES),
        pods_running=sum(row.pods_ready if row.pods_wanted else row.name in up for row in rows),
        pods_total=measured.wanted,
        pending_pods=list(pending),
        stale_pods=measured.stale,
        services=rows,
        measured_at=utc_now(),
    )


def _row(name: str, tier: str, state: str, usage: float | None, ask: Ask | None) -> ServiceResources:
    request, limit = (ask.request, ask.limit) if ask else (None, None)
    advice_en, advice_fr = _advice(usage, request, limit)
    return ServiceResources(
        name=name,
        tier=tier,
        state=state,
        usage_mib=None if usage is None else round(usage, 1),
        request_mib=request,
        limit_mib=limit,
        advice_en=advice_en,
        advice_fr=advice_fr,
    )


def _advice(usage: float | None, request: int | None, limit: int | None) -> tuple[str, str]:
    if not usage or not request or not limit:
        return "", ""
    if usage > 0.85 * limit:
        return (
            f"uses {usage:.0f} of {limit} MiB: raise the limit",
            f"utilise {usage:.0f} Mio sur {limit} : relever la limite",
        )
    if usage > 1.2 * request:
        return (
            f"uses {usage:.0f} MiB and asks for {request}: raise the request",
            f"utilise {usage:.0f} Mio et en demande {request} : relever la demande",
        )
    if usage < 0.4 * request:
        return (
            f"uses {usage:.0f} of the {request} MiB requested: lower the request",
            f"utilise {usage:.0f} Mio sur les {request} demandés : réduire la demande",
        )
    return "", ""


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
