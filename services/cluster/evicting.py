"""Guarded deletion: stale pods that hold their successor's place, and pods that have failed."""

from __future__ import annotations

from dataclasses import dataclass

from services.cluster.objects import Pod, Snapshot
from services.cluster.port import ApiBusy, ApiNotFound, ClusterApi


@dataclass(frozen=True)
class Eviction:
    """One pod, what was done with it and why."""

    pod: str
    done: bool
    text: str


def failed_pods(snapshot: Snapshot) -> list[Pod]:
    """Return the failed pods that no Job keeps as its evidence."""
    return [
        pod for pod in snapshot.pods if pod.phase == "Failed" and pod.owner_kind not in {"Job", "CronJob"}
    ]


def stale_pods(snapshot: Snapshot) -> list[Pod]:
    """Return the stale pods that may go: owned by a controller, and a newer pod waits for their place."""
    found = []
    for pod in snapshot.pods:
        if not snapshot.is_stale(pod) or pod.owner_kind != "Deployment":
            continue
        waits = any(
            other.owner == pod.owner
            and other.owner_kind == pod.owner_kind
            and other.revision != pod.revision
            and other.place == "unscheduled"
            for other in snapshot.pods
        )
        if waits:
            found.append(pod)
    return found


def evict(api: ClusterApi, pods: list[Pod], *, dry_run: bool) -> list[Eviction]:
    """Evict living pods through their disruption budgets, delete finished ones. Raises: ApiError."""
    done = []
    for pod in pods:
        words = f"{pod.owner_kind or 'bare pod'} {pod.owner}, {pod.place}, revision {pod.revision or '-'}"
        if dry_run:
            done.append(Eviction(pod.name, False, f"would go ({words})"))
            continue
        try:
            if pod.place == "finished":
                api.delete("Pod", pod.name)
            else:
                api.evict(pod.name)
            done.append(Eviction(pod.name, True, f"gone ({words})"))
        except ApiBusy as error:
            done.append(Eviction(pod.name, False, f"its disruption budget refuses: {error}"))
        except ApiNotFound:
            done.append(Eviction(pod.name, True, "was gone already"))
    return done
