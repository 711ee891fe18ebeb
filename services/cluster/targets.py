"""What the manifests ask for, as the planner sees it: one target per long-running workload."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.cluster.asks import ask_of
from services.cluster.manifests import Manifest, digest, label, pod_spec
from services.cluster.objects import Ask, Snapshot, Workload
from services.cluster.quantity import memory
from services.cluster.sizing import Proposal

_SUFFIX = re.compile(r"(-service|-svc|-deployment|_service)$")
# Spellings of former services in the wild, beside their own name.
_ALSO = {
    "gateway": "api-gateway",
    "notifications": "notification",
    "errors": "error-reporting",
    "error": "error-reporting",
    "legacy": "legacy-django",
    "django": "legacy-django",
    "mobile": "mobile-api",
    "db": "database",
    "charts": "plotly",
    "queue-service": "queue",
}


@dataclass(frozen=True)
class Target:
    """One workload as it should be; ``digest`` names its manifest. A Job holds memory only while it runs."""

    kind: str
    name: str
    tier: str
    wave: int
    phase: int
    replicas: int
    ask: Ask
    surges: bool
    services: tuple[str, ...]
    digest: str


_RANK = {"infra": 0, "hub": 1, "worker": 2}


def targets_of(manifests: Iterable[Manifest], order: Iterable[str] = ()) -> list[Target]:
    """Return the workloads and jobs by wave; inside a wave in the given order of names, else by tier."""
    place = {name: number for number, name in enumerate(order)}
    found = []
    for manifest in manifests:
        if manifest["kind"] not in {"Deployment", "StatefulSet", "Job"}:
            continue
        spec = manifest["spec"]
        notes = manifest["metadata"].get("annotations") or {}
        rolls = manifest["kind"] == "Deployment" and (spec.get("strategy") or {}).get("type") != "Recreate"
        found.append(
            Target(
                kind=manifest["kind"],
                name=manifest["metadata"]["name"],
                tier=label(manifest, "tier"),
                wave=int(label(manifest, "wave") or 0),
                phase=int(label(manifest, "phase") or 0),
                replicas=int(spec.get("replicas", 1)),
                ask=ask_of(pod_spec(manifest)),
                surges=rolls,
                services=tuple(n for n in notes.get("openpolicy.io/services", "").split(",") if n),
                digest=digest(manifest),
            )
        )
    return sorted(found, key=lambda t: (t.wave, place.get(t.name, len(place)), _RANK.get(t.tier, 3), t.name))


def quota_of(manifests: Iterable[Manifest]) -> int | None:
    """Return the limits.memory of the manifests' ResourceQuota in bytes, or None."""
    for manifest in manifests:
        hard = manifest.get("spec", {}).get("hard", {}) if manifest["kind"] == "ResourceQuota" else {}
        if "limits.memory" in hard:
            return memory(hard["limits.memory"])
    return None


def sized(targets: Iterable[Target], proposals: Iterable[Proposal]) -> list[Target]:
    """Return the targets with the sizes that were proposed with confidence."""
    sure = {p.workload: p.proposed for p in proposals if p.is_sure and p.proposed is not None}
    return [replace(t, ask=sure[t.name]) if t.name in sure else t for t in targets]


def former_service(name: str) -> str:
    """Return the former service that a workload of the old platform is, by its name."""
    stem = _SUFFIX.sub("", name.removeprefix("openpolicy-"))
    return _ALSO.get(stem, stem)


def absorbed_by(snapshot: Snapshot, targets: Iterable[Target]) -> dict[str, list[Workload]]:
    """Return, for each target, the running workloads of another name whose former service it holds."""
    wanted = list(targets)
    names = {target.name for target in wanted}
    found: dict[str, list[Workload]] = {}
    for workload in snapshot.workloads:
        if not workload.is_long_running or workload.name in names:
            continue
        service = former_service(workload.name)
        for target in wanted:
            if service in target.services and target.tier in {"hub", "worker"}:
                found.setdefault(target.name, []).append(workload)
                break
    return found
