"""What `openpolicy cluster` knows of a cluster at one moment: nodes, workloads, pods, quota, measured use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

TERMINAL = {"Succeeded", "Failed"}
BROKEN_WAITS = {
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}

PodPlace = Literal["unscheduled", "starting", "running", "terminating", "finished"]


@dataclass(frozen=True)
class Use:
    """Measured use: memory in bytes, processor in thousandths of a core."""

    memory: int
    cpu: int
    rss: int | None = None
    peak: int | None = None


@dataclass(frozen=True)
class Ask:
    """What a pod asks for: memory in bytes, processor in thousandths of a core; None is unset."""

    request: int = 0
    limit: int | None = None
    cpu: int = 0

    @property
    def charge(self) -> int:
        """Return the bytes that a quota on limits counts; a pod without a limit counts its request."""
        return self.request if self.limit is None else self.limit


@dataclass(frozen=True)
class Node:
    """A node and what it can allocate."""

    name: str
    memory: int
    cpu: int
    has_memory_pressure: bool = False
    use: Use | None = None
    is_ready: bool = True
    is_cordoned: bool = False
    elsewhere: int = 0
    """Requests in bytes of the pods of other namespaces that it runs."""


@dataclass(frozen=True)
class Pod:
    """One pod."""

    name: str
    phase: str
    owner_kind: str
    owner: str
    """Name of the workload it belongs to, empty for a bare pod."""
    ask: Ask
    node: str = ""
    is_ready: bool = False
    is_deleting: bool = False
    revision: str = ""
    restarts: int = 0
    waiting: str = ""
    message: str = ""
    reason: str = ""
    oom_killed_at: datetime | None = None
    created_at: datetime | None = None
    actual: Ask | None = None
    """What the kubelet has really set, where it says so."""
    use: Use | None = None
    throttled: bool | None = None

    @property
    def place(self) -> PodPlace:
        """Return which of the states that must be counted apart it is in."""
        if self.phase in TERMINAL:
            return "finished"
        if self.is_deleting:
            return "terminating"
        if not self.node:
            return "unscheduled"
        return "running" if self.phase == "Running" else "starting"

    @property
    def is_counted(self) -> bool:
        """Tell whether it takes memory of a node: scheduled and not finished."""
        return self.place in {"starting", "running", "terminating"}


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet, Job or CronJob, with its newest template."""

    kind: str
    name: str
    replicas: int
    ask: Ask
    tier: str = ""
    wave: int = 0
    phase: int = 0
    services: tuple[str, ...] = ()
    ready: int = 0
    updated: int = 0
    is_observed: bool = True
    strategy: Literal["surge", "recreate"] = "recreate"
    revision: str = ""
    """Hash of the newest template; empty when the dump does not say."""
    changed_at: datetime | None = None
    blocked: str = ""
    """Message of a ReplicaFailure condition, such as an exceeded quota."""
    images: tuple[str, ...] = ()
    sets_request: bool = True
    """Whether its template says what it requests; a namespace's LimitRange says it otherwise."""

    @property
    def is_long_running(self) -> bool:
        """Tell whether it is meant to have pods all the time."""
        return self.kind in {"Deployment", "StatefulSet"}


@dataclass(frozen=True)
class Quota:
    """The hard limits of a ResourceQuota on memory, in bytes; None where it sets none."""

    name: str
    limits: int | None
    requests: int | None


@dataclass(frozen=True)
class Snapshot:
    """The cluster at one moment."""

    cluster: str
    namespace: str
    taken_at: datetime
    nodes: tuple[Node, ...]
    workloads: tuple[Workload, ...]
    pods: tuple[Pod, ...]
    quota: Quota | None = None
    metrics_at: datetime | None = None
    """When use was measured; None: nobody measures it here."""
    elsewhere: int = 0
    """Requests in bytes of pods in other namespaces: memory that the platform cannot have."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def allocatable(self) -> int:
        """Return the bytes of memory that the nodes can allocate: those that answer, if any does."""
        return sum(node.memory for node in self.answering)

    @property
    def allocatable_cpu(self) -> int:
        """Return the thousandths of cores that all nodes can allocate."""
        return sum(node.cpu for node in self.answering)

    @property
    def answering(self) -> tuple[Node, ...]:
        """Return the nodes that are ready; all of them when none is, so that shares stay comparable."""
        return tuple(node for node in self.nodes if node.is_ready) or self.nodes

    @property
    def largest_gap(self) -> int:
        """Return the bytes of requests that the emptiest node which takes pods has left."""
        takers = [node for node in self.nodes if node.is_ready and not node.is_cordoned]
        held = {node.name: node.elsewhere for node in takers}
        for pod in self.pods:
            if pod.is_counted and pod.node in held:
                held[pod.node] += pod.ask.request
        return max((node.memory - held[node.name] for node in takers), default=0)

    @property
    def ceiling(self) -> int:
        """Return the bytes that the sum of limits may reach: the quota, else what the nodes can allocate."""
        if self.quota and self.quota.limits is not None:
            return self.quota.limits
        return self.allocatable

    def pods_of(self, workload: Workload) -> list[Pod]:
        """Return a workload's pods that are not finished."""
        return [
            pod
            for pod in self.pods
            if pod.owner == workload.name and pod.owner_kind == workload.kind and pod.place != "finished"
        ]

    def find(self, name: str) -> Workload | None:
        """Return the long-running workload of that name, or None."""
        return next((w for w in self.workloads if w.name == name and w.is_long_running), None)

    def is_stale(self, pod: Pod) -> bool:
        """Tell whether a living pod runs an older template, or other resources, than its workload says."""
        workload = next((w for w in self.workloads if w.name == pod.owner and w.kind == pod.owner_kind), None)
        if workload is None or not workload.is_long_running or not pod.is_counted or pod.is_deleting:
            return False
        if workload.revision and pod.revision and pod.revision != workload.revision:
            return True
        return pod.actual is not None and _differs(pod.actual, workload)


def _differs(actual: Ask, workload: Workload) -> bool:
    # What the template leaves open, a LimitRange fills in: such a pod is as new as it can be.
    wanted = workload.ask
    if workload.sets_request and actual.request != wanted.request:
        return True
    return wanted.limit is not None and actual.limit != wanted.limit
