"""Why a workload is not healthy: the blocker, the number, and what to do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.cluster.levels import sums_of
from services.cluster.objects import BROKEN_WAITS, Pod, Snapshot, Workload
from services.cluster.quantity import show_memory


@dataclass(frozen=True)
class Reason:
    """One sentence about one workload, and the next step."""

    workload: str
    text: str
    advice: str


def reasons_of(snapshot: Snapshot) -> list[Reason]:
    """Return why each workload that is not as it should be is not, in the order of waves."""
    found: list[Reason] = []
    for workload in sorted(snapshot.workloads, key=lambda w: (w.wave, w.name)):
        if workload.is_long_running:
            found += explain(snapshot, workload)
    failed = [pod for pod in snapshot.pods if pod.phase == "Failed"]
    if failed:
        kinds = ", ".join(sorted({pod.reason or "Failed" for pod in failed}))
        text = f"{len(failed)} finished pods are still listed ({kinds})"
        found.append(Reason("", text, "openpolicy cluster evict --failed"))
    return found


def explain(snapshot: Snapshot, workload: Workload) -> list[Reason]:
    """Return what keeps one workload from being ready at its newest template."""
    pods = snapshot.pods_of(workload)
    waiting = [pod for pod in pods if pod.place == "unscheduled"]
    stale = [pod for pod in pods if snapshot.is_stale(pod)]
    found = []
    if workload.blocked:
        found.append(_blocked(snapshot, workload, pods))
    if waiting and stale:
        found.append(_deadlock(snapshot, workload, waiting[0], stale))
    elif waiting:
        found.append(_unscheduled(snapshot, workload, waiting[0]))
    elif stale and not workload.blocked:
        found.append(_stale(snapshot, workload, stale))
    found += [_broken(snapshot, workload, pod) for pod in pods if pod.waiting in BROKEN_WAITS]
    if not found and workload.ready < workload.replicas:
        words = f"{workload.ready} of {workload.replicas} ready"
        advice = f"openpolicy cluster plan --explain {workload.name}"
        found.append(Reason(workload.name, words, advice))
    return found


def _blocked(snapshot: Snapshot, workload: Workload, pods: list[Pod]) -> Reason:
    text = f"its newest revision cannot create a pod: {_short(workload.blocked)}"
    needed = workload.ask.charge
    free = snapshot.ceiling - sums_of(snapshot).limits
    ending = sum(pod.ask.charge for pod in snapshot.pods if pod.place == "terminating")
    if "quota" in workload.blocked.lower():
        text = (
            f"its newest revision {workload.revision} cannot create its pod (quota limits.memory: needs "
            f"{show_memory(needed)}, {show_memory(max(free, 0))} free"
            + (f"; {show_memory(ending)} still terminating)" if ending else ")")
        )
    if ending and free + ending >= needed:
        return Reason(workload.name, text, "wait until the terminating pods are gone (about 40 s)")
    if workload.strategy == "surge" and any(pod.place == "running" for pod in pods):
        advice = f"openpolicy cluster rollout --only {workload.name} (replaces instead of surging)"
        return Reason(workload.name, text, advice)
    return Reason(workload.name, text, "openpolicy cluster plan (what would free the memory)")


def _deadlock(snapshot: Snapshot, workload: Workload, new: Pod, stale: list[Pod]) -> Reason:
    held = sum(pod.ask.request for pod in stale)
    free = snapshot.largest_gap
    text = (
        f"deadlock: {new.name} waits for {show_memory(new.ask.request)} ({show_memory(max(free, 0))} free) "
        f"while {stale[0].name} of the older revision holds {show_memory(held)} until it is ready"
    )
    return Reason(workload.name, text, f"openpolicy cluster evict --stale (or plan: replace {workload.name})")


def _unscheduled(snapshot: Snapshot, workload: Workload, pod: Pod) -> Reason:
    free = snapshot.largest_gap
    most = "free" if len(snapshot.nodes) < 2 else "free on the emptiest of them"
    text = (
        f"{pod.name} is pending: no node has {show_memory(pod.ask.request)} of requests left "
        f"({show_memory(max(free, 0))} {most})"
    )
    if pod.message and "memory" not in pod.message.lower():
        text = f"{pod.name} is pending: {_short(pod.message)}"
    return Reason(workload.name, text, "openpolicy cluster plan")


def _stale(snapshot: Snapshot, workload: Workload, stale: list[Pod]) -> Reason:
    pod = stale[0]
    if pod.revision and workload.revision and pod.revision != workload.revision:
        text = f"{pod.name} runs revision {pod.revision}; the template's is {workload.revision}"
        if workload.changed_at:
            minutes = (snapshot.taken_at - workload.changed_at).total_seconds() / 60
            text += f", changed {minutes:.0f} min ago"
    else:
        actual = pod.actual.limit if pod.actual else None
        wanted = show_memory(workload.ask.limit)
        text = f"{pod.name} runs with a limit of {show_memory(actual)}; the template says {wanted}"
    return Reason(workload.name, text, f"openpolicy cluster rollout --only {workload.name}")


def _broken(snapshot: Snapshot, workload: Workload, pod: Pod) -> Reason:
    text = f"{pod.name} is in {pod.waiting} after {pod.restarts} restarts"
    if pod.oom_killed_at:
        text += f"; killed for want of memory (limit {show_memory(pod.ask.limit)})"
    elif pod.message:
        text += f": {_short(pod.message)}"
    advice = {
        "CrashLoopBackOff": f"kubectl -n {snapshot.namespace} logs {pod.name} --previous",
        "ImagePullBackOff": "check the image's name and that the node can pull it",
        "ErrImagePull": "check the image's name and that the node can pull it",
        "CreateContainerConfigError": "openpolicy cluster init (a secret or config map is missing)",
    }.get(pod.waiting, f"kubectl -n {snapshot.namespace} describe pod {pod.name}")
    return Reason(workload.name, text, advice)


def _short(text: str) -> str:
    clean = re.sub(r"\s+", " ", text).strip()
    return clean if len(clean) <= 160 else clean[:157] + "..."
