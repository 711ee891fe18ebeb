"""Look at a live cluster: every list that a snapshot needs, and nothing that it may not see."""

from __future__ import annotations

from typing import Any

from services.cluster.clock import Clock
from services.cluster.dump import snapshot_of
from services.cluster.objects import Snapshot
from services.cluster.port import ApiError, ApiForbidden, ApiNotFound, ClusterApi

KINDS = ("Node", "Pod", "Deployment", "StatefulSet", "ReplicaSet", "Job", "CronJob", "ResourceQuota")
# Only for sums; a user who may not see them gets sums without them.
OPTIONAL = ("PodElsewhere",)


def read_objects(api: ClusterApi) -> list[dict[str, Any]]:
    """Return the objects of which a snapshot is made. Raises: ApiError."""
    items: list[dict[str, Any]] = []
    for kind in KINDS:
        try:
            items += api.read_all(kind)[0]
        except ApiForbidden:
            if kind != "Node":
                raise
    for kind in OPTIONAL:
        try:
            items += api.read_all(kind)[0]
        except (ApiForbidden, ApiNotFound):
            continue
    try:
        measured = api.metrics()
    except ApiError:
        # No metrics is an answer ("usage unknown"), not a failure of looking.
        measured = None
    if measured:
        items += [*measured[0], *measured[1]]
    return items


def observe(api: ClusterApi, clock: Clock) -> Snapshot:
    """Return the cluster as it is now. Raises: ApiError."""
    return snapshot_of(read_objects(api), namespace=api.namespace, cluster=api.cluster, taken_at=clock.now())
