"""Look at a live cluster: every list that a snapshot needs, and nothing that it may not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.cluster.clock import Clock
from services.cluster.dump import snapshot_of
from services.cluster.objects import Snapshot
from services.cluster.port import ApiError, ApiForbidden, ApiNotFound, ClusterApi

KINDS = ("Node", "Pod", "Deployment", "StatefulSet", "ReplicaSet", "Job", "CronJob", "ResourceQuota")
ELSEWHERE = "PodElsewhere"


@dataclass(frozen=True)
class Seen:
    """The objects of a cluster, and the kinds that the user may not list."""

    items: list[dict[str, Any]]
    unseen: tuple[str, ...]


def read_objects(api: ClusterApi) -> Seen:
    """Return what the user may see; without pods there is nothing to say. Raises: ApiError."""
    items: list[dict[str, Any]] = []
    unseen = []
    for kind in (*KINDS, ELSEWHERE):
        try:
            items += api.read_all(kind)[0]
        except ApiForbidden:
            if kind == "Pod":
                raise
            unseen.append("pods of other namespaces" if kind == ELSEWHERE else f"{kind}s")
        except ApiNotFound:
            if kind != ELSEWHERE:
                raise
    try:
        measured = api.metrics()
    except ApiError:
        # No metrics is an answer ("usage unknown"), not a failure of looking.
        measured = None
    if measured:
        items += [*measured[0], *measured[1]]
    return Seen(items, tuple(unseen))


def observe(api: ClusterApi, clock: Clock) -> Snapshot:
    """Return the cluster as it is now. Raises: ApiError."""
    seen = read_objects(api)
    return snapshot_of(
        seen.items,
        namespace=api.namespace,
        cluster=api.cluster,
        taken_at=clock.now(),
        unseen=seen.unseen,
    )
