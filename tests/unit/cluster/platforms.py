"""A platform of ten workloads as manifests, in versions, for rollouts on the fake cluster."""

import copy
from typing import Any

from services.cluster.dump import snapshot_of
from services.cluster.manifests import Manifest, digest
from services.cluster.observe import observe
from services.cluster.plan import Plan
from services.cluster.planning import make_plan
from services.cluster.readiness import DIGEST
from services.cluster.table import load_table
from services.cluster.targets import quota_of, targets_of
from tests.unit.cluster.fake_api import CalmApi
from tests.unit.cluster.fake_cluster import FakeCluster

NAME = "app.kubernetes.io/name"
# request, limit in Mi: stateful ones ask for what they may take
SIZES = {
    "postgresql": (1024, 1024), "redis": (512, 512), "rabbitmq": (512, 512), "scraper": (512, 1024),
    "security-hub": (128, 256), "data-hub": (128, 256), "business-hub": (128, 256), "celery-worker": (256, 384),
    "intelligence-hub": (128, 256), "ops-hub": (128, 256), "ux-hub": (128, 256),
}  # fmt: skip


def manifests(
    version: int = 1,
    *,
    quota: int = 6656,
    bad: dict[str, str] | None = None,
    sizes: dict[str, tuple[int, int]] | None = None,
    only: set[str] | None = None,
) -> list[Manifest]:
    """Return release ``version``; ``bad`` gives workloads an image of their own (see Faults.images)."""
    table = load_table()
    hard = {"limits.memory": f"{quota}Mi", "requests.memory": f"{quota}Mi"}
    found: list[Manifest] = [
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "openpolicy"},
            "spec": {"hard": hard},
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": f"platform-v{version}",
                "labels": {"app.kubernetes.io/part-of": "openpolicy"},
            },
            "data": {"version": str(version)},
        },
        job(version),
    ]
    for name, size in {**SIZES, **(sizes or {})}.items():
        component = table.get(name)
        if only is None or name in only:
            image = (bad or {}).get(name, f"openpolicy/{name}:v{version}")
            found.append(workload(component.kind, name, size, image, component))
    return found


def workload(kind: str, name: str, size: tuple[int, int], image: str, component: Any) -> Manifest:
    labels = {
        NAME: name,
        "openpolicy.io/tier": component.tier,
        "openpolicy.io/wave": str(component.wave),
        "openpolicy.io/phase": str(component.phase),
    }
    container = {
        "name": "main",
        "image": image,
        "resources": {
            "requests": {"memory": f"{size[0]}Mi", "cpu": "50m"},
            "limits": {"memory": f"{size[1]}Mi"},
        },
    }
    spec: dict[str, Any] = {
        "replicas": 1,
        "minReadySeconds": 5,
        "selector": {"matchLabels": {NAME: name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    if kind == "Deployment":
        spec["progressDeadlineSeconds"] = 120
        spec["strategy"] = (
            {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
            if component.strategy == "surge"
            else {"type": "Recreate"}
        )
    notes = {"openpolicy.io/services": ",".join(component.services)}
    meta = {"name": name, "labels": labels, "annotations": notes}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def job(version: int) -> Manifest:
    resources = {"requests": {"memory": "128Mi", "cpu": "50m"}, "limits": {"memory": "256Mi"}}
    labels = {
        NAME: "migrate",
        "openpolicy.io/tier": "job",
        "openpolicy.io/wave": "2",
        "openpolicy.io/phase": "2",
    }
    container = {"name": "main", "image": f"openpolicy/migrate:v{version}", "resources": resources}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "migrate", "labels": labels},
        "spec": {
            "activeDeadlineSeconds": 100,
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def plan_for(world: FakeCluster, release: list[Manifest]) -> Plan:
    """Return the plan from what the fake cluster runs to a release."""
    snapshot = observe(CalmApi(world), world.clock)
    live = live_digests(world)
    order = [component.name for component in load_table().component]
    return make_plan(snapshot, targets_of(release, order), quota=quota_of(release), live=live)


def live_digests(world: FakeCluster) -> dict[str, str]:
    return {
        name: item["metadata"].get("annotations", {}).get(DIGEST, "")
        for (kind, name), item in world.store.objects.items()
        if kind in {"Deployment", "StatefulSet"}
    }


def runs(world: FakeCluster, release: list[Manifest]) -> list[str]:
    """Return in words how the fake cluster differs from a release; empty when it runs exactly it."""
    faults = []
    wanted = {m["metadata"]["name"]: m for m in release if m["kind"] in {"Deployment", "StatefulSet"}}
    snapshot = snapshot_of(
        [copy.deepcopy(item) for item in world.store.objects.values()],
        namespace="openpolicy", cluster="fake", taken_at=world.clock.now(),
    )  # fmt: skip
    running = {w.name for w in snapshot.workloads if w.is_long_running}
    if running != set(wanted):
        faults.append(f"workloads {sorted(running ^ set(wanted))} are too many or missing")
    for name, manifest in wanted.items():
        live = world.store.objects.get((manifest["kind"], name))
        if live is None:
            continue
        if live["metadata"]["annotations"].get(DIGEST) != digest(manifest):
            faults.append(f"{name} has another manifest")
        if live["spec"]["template"] != manifest["spec"]["template"]:
            faults.append(f"{name} has another template")
        if live["spec"].get("strategy") != manifest["spec"].get("strategy"):
            faults.append(f"{name} has another strategy: {live['spec'].get('strategy')}")
    for pod in snapshot.pods:
        if pod.place == "finished" and pod.owner_kind == "Job":
            continue
        if pod.place != "running" or not pod.is_ready:
            faults.append(f"pod {pod.name} is {pod.place}, ready {pod.is_ready}")
        elif snapshot.is_stale(pod):
            faults.append(f"pod {pod.name} is stale")
    return faults
