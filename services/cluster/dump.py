"""Read a snapshot from objects as the API server gives them: live lists, or a saved dump.

A dump is what `kubectl get nodes,pods,deploy,sts,rs,jobs,quota,... -o json` prints (a List), with PodMetrics
and NodeMetrics items where there is a metrics server, or what `openpolicy cluster status --save-dump` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from services.cluster.objects import TERMINAL, Ask, Node, Pod, Quota, Snapshot, Use, Workload
from services.cluster.quantity import BadQuantity, cpu, memory

MAX_DUMP_BYTES = 64 * 2**20
REVISION = "deployment.kubernetes.io/revision"
PREFIX = "openpolicy.io/"
Json = dict[str, Any]


class BadDump(ValueError):
    """The text is not a dump of a cluster."""


def load_dump(path: Path, namespace: str = "openpolicy") -> Snapshot:
    """Read a saved dump. Raises: BadDump."""
    if path.stat().st_size > MAX_DUMP_BYTES:
        raise BadDump(f"{path} is larger than {MAX_DUMP_BYTES // 2**20} MiB")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, ValueError) as error:
        raise BadDump(f"{path} is not JSON: {error}") from None
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise BadDump(f"{path} has no list of items")
    about = document.get("openpolicy") or {}
    return snapshot_of(
        document["items"],
        namespace=namespace,
        cluster=str(about.get("cluster") or path.stem),
        taken_at=_time(about.get("takenAt")),
    )


def snapshot_of(
    items: Iterable[Json], *, namespace: str, cluster: str, taken_at: datetime | None = None
) -> Snapshot:
    """Return the snapshot that these objects show. Raises: BadDump for an object that makes no sense."""
    found: dict[str, list[Json]] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("metadata"), dict):
            raise BadDump("an item has no metadata")
        place = item["metadata"].get("namespace")
        if place in {None, "", namespace}:
            found.setdefault(str(item.get("kind")), []).append(item)
        elif item.get("kind") in {"Pod", "PodMetrics"}:
            found.setdefault("elsewhere", []).append(item)
    try:
        return _snapshot(found, namespace, cluster, taken_at)
    except (BadQuantity, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadDump(f"an object of the dump makes no sense: {error!r}") from error


def _snapshot(
    found: dict[str, list[Json]], namespace: str, cluster: str, taken_at: datetime | None
) -> Snapshot:
    sets = {item["metadata"]["name"]: item for item in found.get("ReplicaSet", [])}
    use, metrics_at = _pod_use(found.get("PodMetrics", []))
    node_use = {m["metadata"]["name"]: _sum_use([m["usage"]]) for m in found.get("NodeMetrics", [])}
    pods = tuple(_pod(item, sets, use.get(item["metadata"]["name"])) for item in found.get("Pod", []))
    workloads = tuple(
        _workload(item, list(sets.values()))
        for kind in ("StatefulSet", "Deployment", "Job", "CronJob")
        for item in found.get(kind, [])
    )
    nodes = tuple(
        Node(
            name=item["metadata"]["name"],
            memory=memory(item["status"]["allocatable"]["memory"]),
            cpu=cpu(item["status"]["allocatable"]["cpu"]),
            has_memory_pressure=_condition(item, "MemoryPressure") == "True",
            use=node_use.get(item["metadata"]["name"]),
        )
        for item in found.get("Node", [])
    )
    return Snapshot(
        cluster=cluster,
        namespace=namespace,
        taken_at=taken_at or _newest(found) or datetime.now(UTC),
        nodes=nodes,
        workloads=workloads,
        pods=pods,
        quota=_quota(found.get("ResourceQuota", [])),
        metrics_at=metrics_at,
        elsewhere=_elsewhere(found.get("elsewhere", [])),
        warnings=() if nodes else ("the dump holds no nodes: percentages cannot be computed",),
    )


def _workload(item: Json, sets: list[Json]) -> Workload:
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    kind = item["kind"]
    template = spec.get("jobTemplate", {}).get("spec", {}).get("template", {}) if kind == "CronJob" else None
    template = template if template is not None else spec.get("template", {})
    replicas = int(spec.get("replicas", 1)) if kind in {"Deployment", "StatefulSet"} else 0
    services = notes.get(f"{PREFIX}services", "")
    revision, changed_at = _newest_revision(item, sets)
    return Workload(
        kind=kind,
        name=meta["name"],
        replicas=replicas,
        ask=ask_of(template.get("spec") or {}),
        tier=labels.get(f"{PREFIX}tier", ""),
        wave=int(labels.get(f"{PREFIX}wave", 0)),
        phase=int(labels.get(f"{PREFIX}phase", 0)),
        services=tuple(name for name in services.split(",") if name),
        ready=int(status.get("readyReplicas") or 0),
        updated=int(status.get("updatedReplicas") or 0),
        is_observed=int(status.get("observedGeneration") or 0) >= int(meta.get("generation") or 0),
        strategy=_strategy(kind, spec),
        revision=revision,
        changed_at=changed_at,
        blocked=_blocked(item, sets, revision),
        images=tuple(str(c.get("image", "")) for c in (template.get("spec") or {}).get("containers", [])),
    )


def _strategy(kind: str, spec: Json) -> Literal["surge", "recreate"]:
    if kind != "Deployment" or (spec.get("strategy") or {}).get("type") == "Recreate":
        return "recreate"
    surge = ((spec.get("strategy") or {}).get("rollingUpdate") or {}).get("maxSurge", "25%")
    return "recreate" if str(surge) in {"0", "0%"} else "surge"


def _newest_revision(item: Json, sets: list[Json]) -> tuple[str, datetime | None]:
    if item["kind"] == "StatefulSet":
        return str((item.get("status") or {}).get("updateRevision") or ""), None
    own = [rs for rs in sets if _owner(rs) == ("Deployment", item["metadata"]["name"])]
    if not own:
        return "", None
    newest = max(own, key=lambda rs: int((rs["metadata"].get("annotations") or {}).get(REVISION, 0)))
    return (
        (newest["metadata"].get("labels") or {}).get("pod-template-hash", ""),
        _time(newest["metadata"].get("creationTimestamp")),
    )


def _blocked(item: Json, sets: list[Json], revision: str) -> str:
    for holder in [item, *sets]:
        is_own = holder is item or (
            _owner(holder) == ("Deployment", item["metadata"]["name"])
            and (holder["metadata"].get("labels") or {}).get("pod-template-hash") == revision
        )
        for condition in ((holder.get("status") or {}).get("conditions") or []) if is_own else []:
            if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
                return str(condition.get("message") or condition.get("reason") or "cannot create its pod")
    return ""


def _pod(item: Json, sets: dict[str, Json], use: Use | None) -> Pod:
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    labels = meta.get("labels") or {}
    kind, owner = _owner(item)
    if kind == "ReplicaSet":
        parent = _owner(sets[owner]) if owner in sets else ("", "")
        stem = owner.removesuffix(f"-{labels.get('pod-template-hash', '')}")
        kind, owner = "Deployment", parent[1] or stem
    containers = status.get("containerStatuses") or []
    waiting, message = _waiting(status, containers)
    return Pod(
        name=meta["name"],
        phase=str(status.get("phase") or "Unknown"),
        owner_kind=kind,
        owner=owner,
        ask=ask_of(spec),
        node=str(spec.get("nodeName") or ""),
        is_ready=_condition(item, "Ready") == "True",
        is_deleting=bool(meta.get("deletionTimestamp")),
        revision=str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or ""),
        restarts=sum(int(c.get("restartCount") or 0) for c in containers),
        waiting=waiting,
        message=message,
        reason=str(status.get("reason") or ""),
        oom_killed_at=_oom(containers),
        created_at=_time(meta.get("creationTimestamp")),
        actual=_actual(containers, spec),
        use=use,
    )


def _waiting(status: Json, containers: list[Json]) -> tuple[str, str]:
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason"):
            return str(waiting["reason"]), str(waiting.get("message") or "")
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable"), str(condition.get("message") or "")
    return "", str(status.get("message") or "")


def _oom(containers: list[Json]) -> datetime | None:
    times = []
    for container in containers:
        for state in (container.get("state") or {}, container.get("lastState") or {}):
            ended = state.get("terminated") or {}
            if ended.get("reason") == "OOMKilled":
                times.append(_time(ended.get("finishedAt")))
    known = [time for time in times if time]
    return max(known) if known else None


def _actual(containers: list[Json], spec: Json) -> Ask | None:
    named = {c.get("name"): c.get("resources") for c in containers}
    wanted = [c.get("name") for c in spec.get("containers") or []]
    if not wanted or any(not named.get(name) for name in wanted):
        return None
    return _ask([named[name] or {} for name in wanted])


def ask_of(spec: Json) -> Ask:
    """Return what a pod spec asks for: its containers together, or its largest init container."""
    main = _ask([c.get("resources") or {} for c in spec.get("containers") or []])
    for container in spec.get("initContainers") or []:
        first = _ask([container.get("resources") or {}])
        limit = None if main.limit is None or first.limit is None else max(main.limit, first.limit)
        main = Ask(max(main.request, first.request), limit, max(main.cpu, first.cpu))
    return main


def _ask(resources: list[Json]) -> Ask:
    limits = [(entry.get("limits") or {}).get("memory") for entry in resources]
    requests = [
        (entry.get("requests") or {}).get("memory") or (entry.get("limits") or {}).get("memory") or 0
        for entry in resources
    ]
    shares = [(entry.get("requests") or {}).get("cpu") or 0 for entry in resources]
    return Ask(
        request=sum(memory(value) for value in requests),
        limit=sum(memory(value) for value in limits if value is not None) if all(limits) else None,
        cpu=sum(cpu(value) for value in shares),
    )


def _pod_use(metrics: list[Json]) -> tuple[dict[str, Use], datetime | None]:
    times = [time for item in metrics if (time := _time(item.get("timestamp")))]
    use = {}
    for item in metrics:
        notes = item["metadata"].get("annotations") or {}
        rss, peak = notes.get(f"{PREFIX}rss"), notes.get(f"{PREFIX}peak")
        measured = _sum_use([c["usage"] for c in item.get("containers") or []])
        use[item["metadata"]["name"]] = Use(
            measured.memory, measured.cpu, memory(rss) if rss else None, memory(peak) if peak else None
        )
    return use, max(times) if times else None


def _sum_use(usages: list[Json]) -> Use:
    return Use(sum(memory(u["memory"]) for u in usages), sum(cpu(u["cpu"]) for u in usages))


def _elsewhere(items: list[Json]) -> int:
    pods = [item for item in items if item.get("kind") == "Pod" and (item.get("spec") or {}).get("nodeName")]
    living = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in TERMINAL]
    return sum(ask_of(pod["spec"]).request for pod in living)


def _quota(items: list[Json]) -> Quota | None:
    for item in items:
        hard = item["spec"].get("hard") or {}
        limits = hard.get("limits.memory")
        requests = hard.get("requests.memory")
        if limits or requests:
            return Quota(
                item["metadata"]["name"],
                memory(limits) if limits else None,
                memory(requests) if requests else None,
            )
    return None


def _owner(item: Json) -> tuple[str, str]:
    for owner in item["metadata"].get("ownerReferences") or []:
        if owner.get("controller", True):
            return str(owner["kind"]), str(owner["name"])
    return "", ""


def _condition(item: Json, kind: str) -> str:
    for condition in (item.get("status") or {}).get("conditions") or []:
        if condition.get("type") == kind:
            return str(condition.get("status"))
    return ""


def _newest(found: dict[str, list[Json]]) -> datetime | None:
    times = [_time(item["metadata"].get("creationTimestamp")) for items in found.values() for item in items]
    times += [_time(item.get("timestamp")) for item in found.get("PodMetrics", [])]
    known = [time for time in times if time]
    return max(known) if known else None


def _time(text: object) -> datetime | None:
    if not text:
        return None
    if isinstance(text, datetime):
        return text
    parsed = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
