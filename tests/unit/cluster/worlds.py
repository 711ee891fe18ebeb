"""Dumps for tests: the founding crisis, the deadlock, a healthy platform; built, so that their sums are exact."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Json = dict[str, Any]


def stamp(seconds_ago: float) -> str:
    return (NOW - timedelta(seconds=seconds_ago)).isoformat().replace("+00:00", "Z")


def node(memory: str = "7830Mi", cpu: str = "16", pressure: bool = False) -> Json:
    return {
        "kind": "Node",
        "metadata": {"name": "docker-desktop", "creationTimestamp": stamp(9e6)},
        "status": {
            "allocatable": {"memory": memory, "cpu": cpu},
            "conditions": [{"type": "MemoryPressure", "status": "True" if pressure else "False"}],
        },
    }


def resources(request: int, limit: int | None, cpu: int = 100) -> Json:
    limits = {"limits": {"memory": f"{limit}Mi"}} if limit is not None else {}
    return {"requests": {"memory": f"{request}Mi", "cpu": f"{cpu}m"}, **limits}


def deployment(
    name: str, request: int, limit: int | None, *, replicas: int = 1, ready: int = 1, **more: Any
) -> list[Json]:
    """Return a Deployment and its newest ReplicaSet, revision `new<name>`."""
    labels = {f"openpolicy.io/{k}": str(v) for k, v in more.items() if k in {"tier", "wave", "phase"}}
    spec = {"containers": [{"name": "main", "resources": resources(request, limit)}]}
    kind = more.get("kind", "Deployment")
    strategy = {"type": more.get("strategy", "RollingUpdate")}
    conditions = (
        [{"type": "ReplicaFailure", "status": "True", "message": more["blocked"]}]
        if "blocked" in more
        else []
    )
    revision = more.get("revision", f"new{name}")
    item = {
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "openpolicy",
            "labels": labels,
            "annotations": {"openpolicy.io/services": more.get("services", "")},
            "creationTimestamp": stamp(9e6),
        },
        "spec": {"replicas": replicas, "strategy": strategy, "template": {"spec": spec}},
        "status": {"readyReplicas": ready, "updateRevision": revision, "conditions": conditions},
    }
    if kind == "StatefulSet":
        return [item]
    return [item, replica_set(name, revision, 2)]


def replica_set(name: str, revision: str, number: int) -> Json:
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-{revision}",
            "namespace": "openpolicy",
            "labels": {"pod-template-hash": revision},
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "creationTimestamp": stamp(840),
            "ownerReferences": [{"kind": "Deployment", "name": name, "controller": True}],
        },
        "status": {},
    }


def pod(
    owner: str,
    request: int,
    limit: int | None,
    *,
    place: str = "running",
    used: int | None = None,
    **more: Any,
) -> list[Json]:
    """Return a pod and, when ``used`` is given, its metrics; place is running, pending, terminating or failed."""
    revision = more.get("revision", f"new{owner}")
    kind = more.get("kind", "Deployment")
    name = more.get("name", f"{owner}-{revision}-{more.get('number', 1)}")
    parent = owner if kind == "StatefulSet" else f"{owner}-{revision}"
    status: Json = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    scheduled = place != "pending"
    if place == "pending":
        text = "0/1 nodes are available: 1 Insufficient memory."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        status = {"phase": "Pending", "conditions": [condition]}
    elif place == "failed":
        status = {"phase": "Failed", "reason": "Evicted"}
    elif place == "crashing":
        state = {"waiting": {"reason": more.get("waiting", "CrashLoopBackOff"), "message": "back-off"}}
        status = {
            "phase": "Running",
            "containerStatuses": [
                {"name": "main", "state": state, "restartCount": 7, **more.get("last", {})}
            ],
        }
    item: Json = {
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "openpolicy",
            "creationTimestamp": stamp(more.get("age", 3600)),
            "labels": {
                "controller-revision-hash" if kind == "StatefulSet" else "pod-template-hash": revision
            },
            "ownerReferences": [
                {"kind": kind if kind == "StatefulSet" else "ReplicaSet", "name": parent, "controller": True}
            ],
        },
        "spec": {"containers": [{"name": "main", "resources": resources(request, limit)}]},
        "status": status,
    }
    if scheduled:
        item["spec"]["nodeName"] = "docker-desktop"
    if place == "terminating":
        item["metadata"]["deletionTimestamp"] = stamp(10)
    metrics = []
    if used is not None:
        metrics = [
            {
                "kind": "PodMetrics",
                "metadata": {"name": name, "namespace": "openpolicy"},
                "timestamp": stamp(14),
                "containers": [{"name": "main", "usage": {"memory": f"{used}Mi", "cpu": "20m"}}],
            }
        ]
    return [item, *metrics]


def quota(limits: int) -> Json:
    hard = {"limits.memory": f"{limits}Mi", "requests.memory": f"{limits}Mi"}
    return {
        "kind": "ResourceQuota",
        "metadata": {"name": "openpolicy", "namespace": "openpolicy"},
        "spec": {"hard": hard},
    }


def dump(items: list[Json], cluster: str = "docker-desktop") -> Json:
    return {
        "kind": "List",
        "openpolicy": {"cluster": cluster, "takenAt": NOW.isoformat()},
        "items": items,
    }


# request, limit and use of the eighteen pods that run; the sums are the founding document's 7,714 and 15,238 Mi.
RUNNING = {
    "postgresql": (512, 1024, 180), "redis": (256, 512, 40), "rabbitmq": (512, 1024, 170),
    "api-gateway": (512, 1024, 110), "auth": (448, 896, 100), "config": (448, 896, 95), "policy": (448, 896, 98),
    "search": (512, 1024, 120), "database": (448, 896, 92), "etl": (512, 1024, 130), "queue": (384, 768, 88),
    "health": (384, 768, 86), "monitoring": (448, 896, 105), "notification": (384, 768, 90),
    "web": (384, 768, 84), "audit": (384, 768, 86), "analytics": (384, 768, 97), "plotly": (354, 518, 99),
}  # fmt: skip
PENDING = {
    "postgresql": (1024, 1024), "redis": (512, 512), "rabbitmq": (512, 512), "scraper": (1024, 1024),
    "op-import": (512, 1024), "opa": (384, 768), "mcp": (384, 768), "admin": (384, 768),
}  # fmt: skip
REST = ("storage", "cache", "error-reporting", "legacy-django", "mobile-api")


def crisis(*, measured: bool = True) -> Json:
    """The founding crisis: 98 % of requests, 194 % of limits, 18 pods of 26 running, eight pending, three stale.

    PostgreSQL's newest revision waits for 1Gi while its old one holds 512Mi until the new one is ready.
    """
    items = [node()]
    for name in sorted({*RUNNING, *PENDING}):
        is_infra = name in {"postgresql", "redis", "rabbitmq"}
        more: Json = {"tier": "infra", "wave": 1, "phase": 1} if is_infra else {}
        request, limit = PENDING.get(name, RUNNING.get(name, (0, 0, 0))[:2])
        ready = 1 if name in RUNNING else 0
        items += deployment(name, request, limit, ready=0 if is_infra else ready, **more)
        if name in RUNNING and name in PENDING:
            items.append(replica_set(name, "695559f655", 1))
    for name, (request, limit, used) in RUNNING.items():
        revision = "695559f655" if name in PENDING else f"new{name}"
        items += pod(name, request, limit, used=used if measured else None, revision=revision)
    for name, (request, limit) in PENDING.items():
        items += pod(name, request, limit, place="pending", age=7200)
    items += pod("health", 384, 768, place="failed", number=9)
    items += pod("etl", 512, 1024, place="failed", number=9)
    return dump(items)


def deadlock(*, with_quota: int | None = 6656) -> Json:
    """A Deployment whose new pod waits for 1Gi while the old one holds 512Mi; the rest of the node is full."""
    items = [node("4096Mi")]
    items += deployment("postgresql", 1024, 1024, ready=1, tier="infra", wave=1, phase=1)
    items.append(replica_set("postgresql", "695559f655", 1))
    items += pod("postgresql", 512, 512, revision="695559f655", used=200)
    items += pod("postgresql", 1024, 1024, place="pending", revision="newpostgresql", age=600)
    items += deployment("ux-hub", 3000, 3000, tier="hub", wave=6, phase=4)
    items += pod("ux-hub", 3000, 3000, used=400)
    if with_quota:
        items.append(quota(with_quota))
    return dump(items)


HEALTHY = {
    "postgresql": ("infra", 1, 1, 1024, 1024, 400), "redis": ("infra", 1, 1, 512, 512, 160),
    "rabbitmq": ("infra", 1, 1, 512, 512, 160), "scraper": ("worker", 1, 1, 512, 1024, 200),
    "security-hub": ("hub", 3, 2, 128, 256, 105), "data-hub": ("hub", 3, 2, 128, 256, 105),
    "business-hub": ("hub", 4, 2, 128, 256, 105), "importer": ("worker", 4, 2, 128, 256, 110),
    "celery-worker": ("worker", 4, 2, 256, 384, 150), "celery-beat": ("worker", 4, 2, 96, 128, 80),
    "opa": ("worker", 5, 3, 64, 128, 40), "intelligence-hub": ("hub", 5, 3, 128, 256, 105),
    "ops-hub": ("hub", 5, 3, 128, 256, 105), "ux-hub": ("hub", 6, 4, 128, 256, 105),
}  # fmt: skip


def healthy(*, measured: bool = True, with_quota: int = 6656) -> Json:
    """The platform on its 8 GiB node, as the budget expects it."""
    items = [node(), quota(with_quota)]
    for name, (tier, wave, phase, request, limit, used) in HEALTHY.items():
        kind = "StatefulSet" if tier == "infra" else "Deployment"
        strategy = "Recreate" if tier == "worker" and name != "opa" else "RollingUpdate"
        more = {"tier": tier, "wave": wave, "phase": phase, "kind": kind, "strategy": strategy}
        items += deployment(name, request, limit, **more)
        items += pod(name, request, limit, used=used if measured else None, kind=kind)
    return dump(items)
