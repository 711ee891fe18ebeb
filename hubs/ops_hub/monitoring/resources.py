"""Resource status: usage, requests and limits against what can be allocated, measured and judged."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from hubs.ops_hub.monitoring.former import FORMER_SERVICES, TIERS
from hubs.ops_hub.monitoring.levels import Load, level_of
from hubs.ops_hub.monitoring.readings import (
    cpu_percent,
    embedded_postgres_pid,
    running_pids,
    total_memory_mib,
)
from hubs.ops_hub.monitoring.schemas import ResourceStatus, ServiceResources
from shared.core.clock import utc_now
from shared.core.memory import tree_mib

BUDGET = Path(__file__).resolve().parents[3] / "deploy" / "budget.toml"
_HUBS = ("security", "data", "business", "ops", "intelligence", "ux")
_NOT_OURS = {"up", "miniature"}


@dataclass(frozen=True)
class _Budget:
    request: int
    limit: int


def read_budget(path: Path = BUDGET) -> dict[str, _Budget]:
    """Return request and limit per component in MiB; empty where the file does not come along."""
    try:
        components = tomllib.loads(path.read_text())["component"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return {}
    return {
        name.removesuffix("-hub"): _Budget(int(entry["request"]), int(entry["limit"]))
        for name, entry in components.items()
    }


def measure(data_dir: Path, states: dict[str, str], budget: dict[str, _Budget]) -> ResourceStatus:
    """Measure the processes of this machine and judge them; ``states`` are those of the health checks."""
    allocatable, source = total_memory_mib()
    pids = {name: pid for name, pid in running_pids(data_dir / "run").items() if name not in _NOT_OURS}
    if pid := embedded_postgres_pid(data_dir):
        pids["postgresql"] = pid
    rows = [_row(name, pid, states, budget) for name, pid in sorted(pids.items())]
    usage = sum(row.usage_mib or 0.0 for row in rows)
    requests = sum(row.request_mib or 0 for row in rows)
    limits = sum(row.limit_mib or 0 for row in rows)
    up = {row.name for row in rows if row.state in ("up", "running")}
    infra_down = tuple(r.name for r in rows if r.tier == "infra" and r.state == "down")
    pending = tuple(r.name for r in rows if r.tier != "infra" and r.state == "down")
    load = Load(
        usage_percent=_percent(usage, allocatable),
        limits_percent=_percent(limits, allocatable),
        cpu_percent=round(cpu_percent(), 1),
        infra_down=infra_down,
        pending=pending,
    )
    rule, next_level, blockers = level_of(load)
    return ResourceStatus(
        level=rule.level,
        rule_en=rule.en,
        rule_fr=rule.fr,
        next_level=next_level,
        blockers=blockers,
        source=source,
        allocatable_mib=round(allocatable, 1),
        usage_mib=round(usage, 1),
        usage_percent=load.usage_percent,
        requests_mib=requests,
        requests_percent=_percent(requests, allocatable),
        limits_mib=limits,
        limits_percent=load.limits_percent,
        cpu_percent=load.cpu_percent,
        services_operational=sum(home in up for home in FORMER_SERVICES.values()),
        services_total=len(FORMER_SERVICES),
        pods_running=len(up),
        pods_total=len(rows),
        services=rows,
        measured_at=utc_now(),
    )


def _row(name: str, pid: int, states: dict[str, str], budget: dict[str, _Budget]) -> ServiceResources:
    usage = (tree_mib(pid) or None) if pid else None
    entry = budget.get(name)
    state = "down" if usage is None else "running"
    if name in _HUBS and usage is not None:
        state = "up" if states.get(name) in ("up", None, "unknown") else str(states[name])
    advice_en, advice_fr = "", ""
    if entry and usage and usage > 0.85 * entry.limit:
        advice_en = f"uses {usage:.0f} of {entry.limit} MiB: raise the limit"
        advice_fr = f"utilise {usage:.0f} Mio sur {entry.limit} : relever la limite"
    elif entry and usage and usage < 0.4 * entry.request:
        advice_en = f"uses {usage:.0f} of the {entry.request} MiB requested: lower the request"
        advice_fr = f"utilise {usage:.0f} Mio sur les {entry.request} demandés : réduire la demande"
    return ServiceResources(
        name=name,
        tier=TIERS.get(name, "other"),
        state=state,
        usage_mib=None if usage is None else round(usage, 1),
        request_mib=entry.request if entry else None,
        limit_mib=entry.limit if entry else None,
        advice_en=advice_en,
        advice_fr=advice_fr,
    )


def _percent(part: float, whole: float) -> float:
    return round(100 * part / whole, 1) if whole else 0.0
