"""Before anything is touched: may we, is it accepted, does it fit, is there a way back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.cluster.clock import Clock
from services.cluster.levels import Level, judge
from services.cluster.manifests import Manifest, pod_spec
from services.cluster.objects import Snapshot
from services.cluster.plan import Plan
from services.cluster.port import ApiError, ApiNotFound, ClusterApi

BACKUP_HOURS = 24
NEEDED = (
    ("patch", "Deployment"),
    ("patch", "StatefulSet"),
    ("create", "Job"),
    ("list", "Pod"),
    ("delete", "Pod"),
    ("patch", "ConfigMap"),
    ("create", "Lease"),
    ("list", "ReplicaSet"),
    ("list", "Deployment"),
    ("list", "StatefulSet"),
)


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against beginning; ``is_fatal`` says whether a flag may overrule it."""

    text: str
    is_fatal: bool = True


def preflight(
    api: ClusterApi, clock: Clock, snapshot: Snapshot, plan: Plan, manifests: list[Manifest]
) -> list[Finding]:
    """Return what speaks against beginning; empty when nothing does. Raises: ApiError."""
    found = [Finding(f"you may not {verb} {kind}s here") for verb, kind in NEEDED if not api.may(verb, kind)]
    if plan.refusal:
        found.append(Finding(plan.refusal.words()))
    found += _secrets(api, manifests)
    found += _accepted(api, manifests)
    level, rules = judge(snapshot)
    if level is Level.CRITICAL and snapshot.pods:
        words = next(rule.text for rule in rules if rule.level is Level.CRITICAL)
        found.append(Finding(f"the cluster is CRITICAL ({words}): --emergency begins all the same", False))
    found += _backup(api, clock)
    return found


def _secrets(api: ClusterApi, manifests: Iterable[Manifest]) -> list[Finding]:
    wanted: dict[str, str] = {}
    for manifest in manifests:
        for name in secret_names(manifest):
            wanted.setdefault(name, manifest["metadata"]["name"])
    missing = [name for name in sorted(wanted) if not _exists(api, "Secret", name)]
    if not missing:
        return []
    return [Finding(f"secrets are missing ({', '.join(missing)}): openpolicy cluster init makes them")]


def secret_names(manifest: Manifest) -> set[str]:
    """Return the names of the secrets that a workload mounts."""
    names = set()
    for volume in pod_spec(manifest).get("volumes") or []:
        if "secret" in volume:
            names.add(str(volume["secret"]["secretName"]))
        for source in volume.get("projected", {}).get("sources", []):
            if "secret" in source:
                names.add(str(source["secret"]["name"]))
    return names


def _accepted(api: ClusterApi, manifests: Iterable[Manifest]) -> list[Finding]:
    """Ask the API server to try each object without keeping it."""
    if not _exists(api, "Namespace", api.namespace):
        # The namespace is part of what is applied; nothing can be tried inside it before.
        return []
    found = []
    for manifest in manifests:
        try:
            api.apply(manifest, dry_run=True)
        except ApiError as error:
            found.append(Finding(f"{manifest['kind']} {manifest['metadata']['name']} is refused: {error}"))
    return found


def _backup(api: ClusterApi, clock: Clock) -> list[Finding]:
    try:
        job = api.get("CronJob", "backup")
    except ApiNotFound:
        # Nothing is installed yet, or this overlay keeps nothing.
        return []
    last = job.get("status", {}).get("lastSuccessfulTime")
    if not last:
        return [Finding("no backup has ever succeeded: openpolicy cluster backup (or --no-backup)", False)]
    hours = (clock.now() - datetime.fromisoformat(str(last).replace("Z", "+00:00"))).total_seconds() / 3600
    if hours < BACKUP_HOURS:
        return []
    text = f"the last backup is {hours:.0f} h old: openpolicy cluster backup (or --no-backup)"
    return [Finding(text, False)]


def _exists(api: ClusterApi, kind: str, name: str) -> bool:
    try:
        api.get(kind, name)
    except ApiNotFound:
        return False
    return True
