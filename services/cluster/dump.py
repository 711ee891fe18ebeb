"""Read a snapshot from objects as the API server gives them: live lists, or a saved dump.

A dump is what `kubectl get nodes,pods,deploy,sts,rs,jobs,quota,... -o json` prints (a List), with PodMetrics
and NodeMetrics items where there is a metrics server, as JSON or YAML, or what `openpolicy cluster status
--save-dump` writes. `-` is the standard input.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import yaml

from services.cluster.asks import ask_of, sets_request
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
    if str(path) == "-":
        content = sys.stdin.buffer.read(MAX_DUMP_BYTES + 1)
    else:
        with path.open("rb") as file:
            content = file.read(MAX_DUMP_BYTES + 1)
    if len(content) > MAX_DUMP_BYTES:
        raise BadDump(f"{path} is larger than {MAX_DUMP_BYTES // 2**20} MiB")
    document = _document(path, content)
    if not isinstance(document, dict) or not isinstance(document.get("items"), list):
        raise BadDump(f"{path} has no list of items")
    about = document.get("openpolicy")
    about = about if isinstance(about, dict) else {}
    try:
        taken_at = _time(about.get("takenAt"))
    except ValueError as error:
        raise BadDump(f"{path}: takenAt is not a time: {error}") from None
    return snapshot_of(
        _with_kind(document),
        namespace=namespace,
        cluster=str(about.get("cluster") or path.stem),
        taken_at=taken_at,
        unseen=tuple(str(kind) for kind in about.get("unseen") or ()),
    )


def _document(path: Path, content: bytes) -> object:
    try:
        text = content.decode("utf-8")
        if text.lstrip()[:1] in {"{", "["}:
            return json.loads(text)
        return yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise BadDump(f"{path} is neither JSON nor YAML: {str(error)[:200]}") from None


def _with_kind(document: Json) -> list[Json]:
    """The items of a PodList do not say again that they are pods."""
    kind = str(document.get("kind") or "").removesuffix("List")
    items: list[Json] = document["items"]
    return [{"kind": kind, **item} if kind and isinstance(item, dict) else item for item in items]


def snapshot_of(
    items: Iterable[Json],
    *,
    namespace: str,
    cluster: str,
    taken_at: datetime | None = None,
    unseen: tuple[str, ...] = (),
) -> Snapshot:
    """Return the snapshot that these objects show; ``unseen`` are kinds that nobody was allowed to list.

    Raises: BadDump for an object that makes no sense.
    """
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
        return _snapshot(found, namespace, cluster, taken_at, unseen)
    except (BadQuantity, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadDump(f"an object of the dump makes no sense: {error!r}") from error


def _snapshot(
    found: dict[str, list[Json]],
    namespace: str,
    cluster: str,
    taken_at: datetime | None,
    unseen: tuple[str, ...],
) -> Snapshot:
    sets = {item["metadata"]["name"]: item for item in found.get("ReplicaSet", [])}
    use, metrics_at = _pod_use(found.get("PodMetrics", []))
    node_use = {m["metadata"]["name"]: _sum_use([m["usage"]]) for m in found.get("NodeMetrics", [])}
    pods = tuple(_pod(item, sets, use.get(item["metadata"]["name"])) for item in found.get("Pod", []))
    guessed = _newest_seen(found.get("Pod", [])) if not sets else {}
    workloads = tuple(
        _workload(item, list(sets.values()), guessed)
        for kind in ("StatefulSet", "Deployment", "Job", "CronJob")
        for item in found.get(kind, [])
    )
    elsewhere = _elsewhere(found.get("elsewhere", []))
    nodes = tuple(
        Node(
            name=item["metadata"]["name"],
            memory=memory(item["status"]["allocatable"]["memory"]),
            cpu=cpu(item["status"]["allocatable"]["cpu"]),
            has_memory_pressure=_condition(item, "MemoryPressure") == "True",
            use=node_use.get(item["metadata"]["name"]),
            is_ready=_condition(item, "Ready") in {"True", ""},
            is_cordoned=bool((item.get("spec") or {}).get("unschedulable")),
            elsewhere=elsewhere[item["metadata"]["name"]],
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
        elsewhere=sum(elsewhere.values()),
        warnings=tuple(_warnings(found, namespace, unseen)),
    )


def _warnings(found: dict[str, list[Json]], namespace: str, unseen: tuple[str, ...]) -> Iterable[str]:
    if not found.get("Node"):
        yield "no nodes were seen: percentages cannot be computed"
    for node in found.get("Node", []):
        if _condition(node, "Ready") not in {"True", ""}:
            yield f"node {node['metadata']['name']} is not ready: its memory does not count"
    if not any(found.get(kind) for kind in ("Pod", "Deployment", "StatefulSet")):
        places = Counter(
            item["metadata"].get("namespace") for item in found.get("elsewhere", []) if item["kind"] == "Pod"
        )
        others = ", ".join(f"{name} ({number})" for name, number in places.most_common(5))
        yield f"namespace {namespace} holds nothing" + (f"; pods are in {others}: see -n" if others else "")
    if found.get("Deployment") and not found.get("ReplicaSet"):
        yield "no ReplicaSets were seen: which pods are stale is told by their age"
    if unseen:
        yield f"you may not list {', '.join(unseen)}: what they would show is missing here"


def _workload(item: Json, sets: list[Json], guessed: dict[str, str]) -> Workload:
    meta, spec, status = item["metadata"], item.get("spec") or {}, item.get("status") or {}
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    kind = item["kind"]
    template = spec.get("jobTemplate", {}).get("spec", {}).get("template", {}) if kind == "CronJob" else None
    template = template if template is not None else spec.get("template", {})
    replicas = int(spec.get("replicas", 1)) if kind in {"Deployment", "StatefulSet"} else 0
    services = notes.get(f"{PREFIX}services", "")
    revision, changed_at = _newest_revision(item, sets)
    if not revision and kind == "Deployment":
        revision = guessed.get(meta["name"], "")
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
        sets_request=sets_request(template.get("spec") or {}),
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


def _newest_seen(pods: list[Json]) -> dict[str, str]:
    """Return each Deployment's newest template hash as its youngest pod tells it: without ReplicaSets."""
    found: dict[str, tuple[str, str]] = {}
    for pod in pods:
        meta = pod["metadata"]
        kind, owner = _owner(pod)
        revision = str((meta.get("labels") or {}).get("pod-template-hash") or "")
        if kind == "ReplicaSet" and revision:
            name = owner.removesuffix(f"-{revision}")
            found[name] = max(found.get(name, ("", "")), (str(meta.get("creationTimestamp") or ""), revision))
    return {name: revision for name, (_, revision) in found.items()}


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
    running = [{**c, "resources": named[c.get("name")]} for c in spec.get("containers") or []]
    return ask_of({**spec, "containers": running})


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


def _elsewhere(items: list[Json]) -> Counter[str]:
    """Return the requests of other namespaces' living pods, by node."""
    found: Counter[str] = Counter()
    for item in items:
        node = (item.get("spec") or {}).get("nodeName")
        if item.get("kind") == "Pod" and node and (item.get("status") or {}).get("phase") not in TERMINAL:
            found[str(node)] += ask_of(item["spec"]).request
    return found


def _quota(items: list[Json]) -> Quota | None:
    """Return the tightest bounds of all quotas on memory that hold for every pod."""
    names, limits, requests = [], [], []
    for item in items:
        spec = item.get("spec") or {}
        hard = spec.get("hard") or {}
        if spec.get("scopes") or spec.get("scopeSelector"):
            continue
        limits += [memory(hard["limits.memory"])] if "limits.memory" in hard else []
        requests += [memory(hard[key]) for key in ("requests.memory", "memory") if key in hard]
        if {"limits.memory", "requests.memory", "memory"} & set(hard):
            names.append(item["metadata"]["name"])
    if not names:
        return None
    return Quota(", ".join(names), min(limits, default=None), min(requests, default=None))


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
