"""The platform's pods as the cluster's API knows them, and their use as its metrics API measures it.

API: kubernetes.io/docs/reference (core v1, apps v1, batch v1) and metrics.k8s.io v1beta1. Read with the own
service account of the process; what it may not read is left out, never guessed.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from shared.core.clock import utc_now
from shared.core.errors import Unavailable
from shared.core.quantity import cpu, memory

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_S = 5.0
_PENDING_PATIENCE_S = 60
_OOM_WINDOW_S = 3600
_MIB = 2**20
_BROKEN = {"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"}
_NAME = "app.kubernetes.io/name"
_REVISION = "deployment.kubernetes.io/revision"
Json = dict[str, Any]


@dataclass
class PodState:
    """One pod of the platform; memory in MiB, the processor in thousandths of a core."""

    name: str
    workload: str
    tier: str
    is_ready: bool
    is_scheduled: bool
    is_stale: bool
    is_broken: bool
    waits_s: float
    was_oom_killed: bool
    request_mib: float
    limit_mib: float
    usage_mib: float | None = None
    usage_milli: float | None = None


@dataclass
class ClusterState:
    """The platform in its cluster at one moment; None: nobody measures it, or it may not be read."""

    pods: list[PodState]
    wanted: dict[str, int]
    """Replicas that each workload should have."""
    tiers: dict[str, str] = field(default_factory=dict)
    allocatable_mib: float | None = None
    allocatable_milli: float | None = None
    is_measured: bool = False
    pressed_nodes: list[str] = field(default_factory=list)


class ClusterReader:
    """Reads one namespace."""

    def __init__(self, base_url: str, namespace: str, account: Path = ACCOUNT) -> None:
        self._base_url = base_url
        self._namespace = namespace
        self._account = account
        self._http: httpx.Client | None = None

    def close(self) -> None:
        """Let go of the connections."""
        if self._http is not None:
            self._http.close()

    def read(self) -> ClusterState:
        """Return the state now.

        Raises: Unavailable when the API cannot be asked for the platform's own pods.
        """
        space = f"namespaces/{self._namespace}"
        workloads = [
            *self._must(f"/apis/apps/v1/{space}/deployments"),
            *self._must(f"/apis/apps/v1/{space}/statefulsets"),
        ]
        newest = _newest_revisions(workloads, self._must(f"/apis/apps/v1/{space}/replicasets"))
        found = ClusterState(
            pods=[
                _pod(item, newest) for item in self._must(f"/api/v1/{space}/pods") if _is_long_running(item)
            ],
            wanted={_label(item): int(item["spec"].get("replicas", 1)) for item in workloads},
            tiers={_label(item): _template_tier(item) for item in workloads},
        )
        self._add_use(found, f"/apis/metrics.k8s.io/v1beta1/{space}/pods")
        self._add_nodes(found)
        return found

    def _add_use(self, found: ClusterState, path: str) -> None:
        items = self._find(path)
        if items is None:
            return
        found.is_measured = True
        use = {item["metadata"]["name"]: item.get("containers", []) for item in items}
        for pod in found.pods:
            if containers := use.get(pod.name):
                pod.usage_mib = sum(memory(c["usage"]["memory"]) for c in containers) / _MIB
                pod.usage_milli = sum(cpu(c["usage"]["cpu"]) for c in containers)

    def _add_nodes(self, found: ClusterState) -> None:
        items = self._find("/api/v1/nodes")
        if not items:
            # Whoever may not see nodes may know its own share: the quota of the namespace.
            for quota in self._find(f"/api/v1/namespaces/{self._namespace}/resourcequotas") or ():
                if limit := quota.get("status", {}).get("hard", {}).get("limits.memory"):
                    found.allocatable_mib = memory(limit) / _MIB
            return
        found.allocatable_mib = sum(memory(item["status"]["allocatable"]["memory"]) for item in items) / _MIB
        found.allocatable_milli = sum(cpu(item["status"]["allocatable"]["cpu"]) for item in items)
        found.pressed_nodes = [
            item["metadata"]["name"]
            for item in items
            for condition in item["status"].get("conditions", [])
            if condition["type"] == "MemoryPressure" and condition["status"] == "True"
        ]

    def backup_at(self) -> datetime | None:
        """Return when the last backup succeeded, None when none has.

        Raises: Unavailable when the cluster has no backup job, or does not show it.
        """
        for item in self._must(f"/apis/batch/v1/namespaces/{self._namespace}/cronjobs"):
            if item["metadata"]["name"] == "backup":
                at = item.get("status", {}).get("lastSuccessfulTime")
                return datetime.fromisoformat(at) if at else None
        raise Unavailable("the cluster has no backup job")

    def _must(self, path: str) -> list[Json]:
        items = self._find(path)
        if items is None:
            raise Unavailable(f"the cluster does not show {path.rpartition('/')[2]}")
        return items

    def _find(self, path: str) -> list[Json] | None:
        """Return the items at a path, None where they may not be read or nobody serves them."""
        items: list[Json] = []
        following = ""
        while True:
            params = {"limit": "500", **({"continue": following} if following else {})}
            try:
                answer = self._client().get(path, params=params, headers=self._authorization())
            except (httpx.HTTPError, OSError) as error:
                raise Unavailable(f"the cluster's API does not answer: {type(error).__name__}") from error
            if answer.status_code in (401, 403, 404, 503):
                return None
            if answer.status_code != 200:
                raise Unavailable(f"the cluster's API answered {answer.status_code}")
            body = answer.json()
            items += body.get("items", [])
            following = body.get("metadata", {}).get("continue", "")
            if not following:
                return items

    def _client(self) -> httpx.Client:
        if self._http is None:
            authority = self._account / "ca.crt"
            verify: Any = True
            if authority.exists():
                import ssl

                verify = ssl.create_default_context(cafile=str(authority))
            self._http = httpx.Client(
                base_url=self._base_url, verify=verify, timeout=_TIMEOUT_S, trust_env=False
            )
        return self._http

    def _authorization(self) -> dict[str, str]:
        # The kubelet renews the file; it is read anew each time.
        return {"Authorization": f"Bearer {(self._account / 'token').read_text().strip()}"}


class WorkloadStates:
    """The workloads' readiness for several who ask, read from the API once in a while."""

    def __init__(self, reader: ClusterReader, max_age_s: float = 10.0) -> None:
        self._reader = reader
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._state: ClusterState | None = None

    def ready(self, workload: str) -> tuple[int, int]:
        """Return how many pods of a workload are ready and how many there should be.

        Raises: Unavailable when the API cannot be asked.
        """
        with self._lock:
            if time.monotonic() - self._read_at > self._max_age_s:
                self._state = self._reader.read()
                self._read_at = time.monotonic()
            state = self._state
        assert state is not None
        pods = [pod for pod in state.pods if pod.workload == workload]
        return sum(pod.is_ready for pod in pods), state.wanted.get(workload, 0)


def open_cluster(namespace: str, account: Path = ACCOUNT) -> ClusterReader | None:
    """Return the reader of the cluster that this process runs in, None outside of one."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if not host or not (account / "token").exists():
        return None
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    name = f"[{host}]" if ":" in host else host
    return ClusterReader(f"https://{name}:{port}", namespace, account)


def _newest_revisions(workloads: list[Json], replica_sets: list[Json]) -> dict[str, str]:
    """Return the hash of the newest template per workload name."""
    newest: dict[str, tuple[int, str]] = {}
    for item in replica_sets:
        owner = next((o["name"] for o in item["metadata"].get("ownerReferences", [])), "")
        number = int(item["metadata"].get("annotations", {}).get(_REVISION, 0))
        template = item["metadata"].get("labels", {}).get("pod-template-hash", "")
        if owner and number >= newest.get(owner, (0, ""))[0]:
            newest[owner] = (number, template)
    found = {owner: template for owner, (_, template) in newest.items()}
    for item in workloads:
        if revision := item.get("status", {}).get("updateRevision"):
            found[item["metadata"]["name"]] = revision
    return found


def _is_long_running(item: Json) -> bool:
    owners = {owner["kind"] for owner in item["metadata"].get("ownerReferences", [])}
    is_over = item.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return "Job" not in owners and not is_over


def _label(item: Json) -> str:
    return str(item["metadata"].get("labels", {}).get(_NAME) or item["metadata"]["name"])


def _template_tier(item: Json) -> str:
    labels = item["spec"].get("template", {}).get("metadata", {}).get("labels", {})
    return str(labels.get("openpolicy.io/tier", "other"))


def _pod(item: Json, newest: dict[str, str]) -> PodState:
    meta, spec, status = item["metadata"], item["spec"], item.get("status", {})
    labels = meta.get("labels", {})
    revision = labels.get("pod-template-hash") or labels.get("controller-revision-hash") or ""
    owner = next((o["name"] for o in meta.get("ownerReferences", [])), "")
    # A replica set is named after its deployment and the hash of the template.
    if template := labels.get("pod-template-hash"):
        owner = owner.removesuffix(f"-{template}")
    containers = status.get("containerStatuses", [])
    conditions = {c["type"]: c["status"] for c in status.get("conditions", [])}
    waits = conditions.get("PodScheduled") == "False" or not spec.get("nodeName")
    return PodState(
        name=meta["name"],
        workload=labels.get(_NAME) or owner or meta["name"],
        tier=labels.get("openpolicy.io/tier", "other"),
        is_ready=conditions.get("Ready") == "True" and "deletionTimestamp" not in meta,
        is_scheduled=not waits,
        is_stale=bool(revision and newest.get(owner) and newest[owner] != revision),
        is_broken=any(c.get("state", {}).get("waiting", {}).get("reason") in _BROKEN for c in containers),
        waits_s=_age(meta.get("creationTimestamp")) if waits else 0.0,
        was_oom_killed=any(_was_oom_killed(c) for c in containers),
        request_mib=_asked(spec, "requests"),
        limit_mib=_asked(spec, "limits") or _asked(spec, "requests"),
    )


def _asked(spec: Json, kind: str) -> float:
    return (
        sum(
            memory(container.get("resources", {}).get(kind, {}).get("memory", 0))
            for container in spec.get("containers", [])
        )
        / _MIB
    )


def _was_oom_killed(container: Json) -> bool:
    last = container.get("lastState", {}).get("terminated", {})
    return last.get("reason") == "OOMKilled" and _age(last.get("finishedAt")) <= _OOM_WINDOW_S


def _age(at: str | None) -> float:
    return (utc_now() - datetime.fromisoformat(at)).total_seconds() if at else float("inf")


def is_late(pod: PodState) -> bool:
    """Tell whether a pod has waited for a place longer than a start takes."""
    return not pod.is_scheduled and pod.waits_s > _PENDING_PATIENCE_S
