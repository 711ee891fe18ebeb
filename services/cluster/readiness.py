"""Is a workload where it should be: at its newest template, all of it ready, nothing of an older one left?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from services.cluster.dump import REVISION
from services.cluster.manifests import Manifest, digest
from services.cluster.objects import BROKEN_WAITS
from services.cluster.port import ApiNotFound, ClusterApi

DIGEST = "openpolicy.io/manifest-digest"
NAME_LABEL = "app.kubernetes.io/name"
Json = dict[str, Any]
State = Literal["ready", "waiting", "broken", "absent"]


@dataclass(frozen=True)
class Readiness:
    """Where a workload is; ``pod`` is the one to blame when it is broken."""

    state: State
    text: str
    pod: str = ""


def read_readiness(api: ClusterApi, kind: str, name: str) -> Readiness:
    """Look at one workload now. Raises: ApiError."""
    try:
        item = api.get(kind, name)
    except ApiNotFound:
        return Readiness("absent", f"{kind} {name} does not exist")
    if kind == "Job":
        return _job(item)
    pods = own_pods(api, kind, name)
    if int(item.get("status", {}).get("observedGeneration") or 0) < int(item["metadata"]["generation"]):
        return Readiness("waiting", "the controller has not seen the change yet")
    revision = _newest_revision(api, kind, item)
    broken = _broken_pod(pods, revision)
    if broken:
        return broken
    for condition in item.get("status", {}).get("conditions") or []:
        if condition.get("reason") == "ProgressDeadlineExceeded":
            return Readiness("broken", f"no progress within its deadline: {condition.get('message', '')}")
    return _progress(item, pods, revision)


def runs(api: ClusterApi, manifest: Manifest) -> bool:
    """Tell whether a workload runs exactly this manifest, ready, with the strategy that it declares."""
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    try:
        live = api.get(kind, name)
    except ApiNotFound:
        return False
    declared = (manifest["spec"].get("strategy") or {}).get("type")
    # A command that was killed while it replaced pods leaves Recreate behind.
    if declared and (live["spec"].get("strategy") or {}).get("type") != declared:
        return False
    if (live["metadata"].get("annotations") or {}).get(DIGEST) != digest(manifest):
        return False
    return read_readiness(api, kind, name).state == "ready"


def own_pods(api: ClusterApi, kind: str, name: str) -> list[Json]:
    """Return a workload's pods that are not finished, terminating ones included. Raises: ApiError."""
    pods, _ = api.read_all("Pod", f"{NAME_LABEL}={name}")
    if not pods:
        # Workloads of the old platform do not carry our label: they are known by their owner.
        pods, _ = api.read_all("Pod")
    return [pod for pod in pods if _belongs(pod, kind, name) and not _is_finished(pod)]


def _belongs(pod: Json, kind: str, name: str) -> bool:
    for owner in pod["metadata"].get("ownerReferences") or []:
        if kind == "Deployment" and owner["kind"] == "ReplicaSet":
            hashed = (pod["metadata"].get("labels") or {}).get("pod-template-hash", "")
            return bool(owner["name"] == f"{name}-{hashed}")
        if owner["kind"] == kind:
            return bool(owner["name"] == name)
    return False


def _is_finished(pod: Json) -> bool:
    return pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}


def revision_of(pod: Json) -> str:
    """Return the hash of the template that a pod was made from."""
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get("pod-template-hash") or labels.get("controller-revision-hash") or "")


def _newest_revision(api: ClusterApi, kind: str, item: Json) -> str:
    if kind == "StatefulSet":
        return str(item.get("status", {}).get("updateRevision") or "")
    sets, _ = api.read_all("ReplicaSet")
    own = [
        rs
        for rs in sets
        if any(
            owner.get("uid") == item["metadata"].get("uid")
            for owner in rs["metadata"].get("ownerReferences") or []
        )
    ]
    if not own:
        return ""
    newest = max(own, key=lambda rs: int((rs["metadata"].get("annotations") or {}).get(REVISION, 0)))
    return str((newest["metadata"].get("labels") or {}).get("pod-template-hash", ""))


def _broken_pod(pods: list[Json], revision: str) -> Readiness | None:
    for pod in pods:
        if revision and revision_of(pod) != revision:
            continue
        status = pod.get("status", {})
        statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        for container in statuses:
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") in BROKEN_WAITS:
                text = f"{waiting['reason']}: {waiting.get('message') or 'no message'}"
                return Readiness("broken", text, pod["metadata"]["name"])
    return None


def _progress(item: Json, pods: list[Json], revision: str) -> Readiness:
    wanted = int(item["spec"].get("replicas", 1))
    status = item.get("status", {})
    older = [pod for pod in pods if revision and revision_of(pod) != revision]
    ending = [pod for pod in pods if pod["metadata"].get("deletionTimestamp")]
    if older or ending:
        text = f"{len(older)} pods of an older template, {len(ending)} terminating"
        return Readiness("waiting", text)
    if len(pods) != wanted:
        blocked = [
            c.get("message", "")
            for c in status.get("conditions") or []
            if c.get("type") == "ReplicaFailure" and c.get("status") == "True"
        ]
        return Readiness("waiting", f"{len(pods)} of {wanted} pods" + (f"; {blocked[0]}" if blocked else ""))
    if wanted and int(status.get("updatedReplicas") or 0) < wanted:
        return Readiness("waiting", f"{status.get('updatedReplicas') or 0} of {wanted} updated")
    for key in ("readyReplicas", "availableReplicas"):
        if int(status.get(key) or 0) < wanted:
            return Readiness("waiting", f"{status.get(key) or 0} of {wanted} {key.removesuffix('Replicas')}")
    return Readiness("ready", f"{wanted} of {wanted} ready")


def _job(item: Json) -> Readiness:
    for condition in item.get("status", {}).get("conditions") or []:
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Complete":
            return Readiness("ready", "complete")
        if condition.get("type") == "Failed":
            text = condition.get("message") or condition.get("reason") or "failed"
            return Readiness("broken", str(text), item["metadata"]["name"])
    return Readiness("waiting", "running")
