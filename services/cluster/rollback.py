"""Roll back: apply again what was recorded, in reverse order, through the same memory simulation.

Never the database: a release runs on the schema before and after it, so rolling back code is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from services.cluster import release as records
from services.cluster.applying import Applier, StepFailed
from services.cluster.asks import ask_of
from services.cluster.clock import Clock
from services.cluster.levels import sums_of
from services.cluster.manifests import Manifest, label, pod_spec
from services.cluster.objects import Snapshot
from services.cluster.observe import observe
from services.cluster.port import ClusterApi
from services.cluster.quantity import show_memory
from services.cluster.readiness import own_pods, runs
from services.cluster.release import Release
from services.cluster.simulate import Room, fits, initial_state, replace, surge

Scope = Literal["wave", "all"]
_WORKLOADS = {"Deployment", "StatefulSet"}


class RollbackFailed(Exception):
    """The way back is blocked: says by what."""


class Rollback:
    """Takes a release back."""

    def __init__(self, api: ClusterApi, clock: Clock, applier: Applier, tell: Callable[[str], None]) -> None:
        self._api = api
        self._clock = clock
        self._applier = applier
        self._tell = tell

    def run(self, found: Release) -> list[Manifest]:
        """Take back what the scope names and return the manifests that describe what runs then.

        Raises: RollbackFailed, StepFailed, ApiError.
        """
        before = records.load(self._api, found.previous) if found.previous else None
        earlier = {_key(m): m for m in before.manifests} if before else {}
        names = self._scope(found)
        if found.scope == "all" and before:
            # Configuration first: the pods of the earlier release name its hashed ConfigMaps.
            self._applier.objects(before.manifests)
        for name in names:
            kind = next(
                (
                    m["kind"]
                    for m in found.manifests
                    if m["metadata"]["name"] == name and m["kind"] in _WORKLOADS
                ),
                "",
            )
            manifest = earlier.get((kind, name)) or _same_name(earlier, name)
            if manifest is None:
                self._remove(kind, name)
            else:
                self._restore(kind, manifest)
        self._former(found, set(names))
        return _effective(found, earlier, set(names))

    def _scope(self, found: Release) -> list[str]:
        """Return the workloads to take back, the last one first."""
        if found.scope == "all":
            # Also what a crash left half done: whoever already is as recorded is skipped later.
            everything = [m for m in found.manifests if m["kind"] in _WORKLOADS]
            ordered = sorted(everything, key=lambda m: int(label(m, "wave") or 0), reverse=True)
            return [m["metadata"]["name"] for m in ordered]
        touched = [
            step
            for step in found.plan.steps
            if step.workload and (step.number in found.done or step.number == found.failed_step)
        ]
        if found.scope == "wave":
            wave = next((s.wave for s in found.plan.steps if s.number == found.failed_step), None)
            touched = [step for step in touched if step.wave == wave]
        workloads = {m["metadata"]["name"] for m in found.manifests if m["kind"] in _WORKLOADS}
        names = [step.workload for step in reversed(touched) if step.workload in workloads]
        return list(dict.fromkeys(names))

    def _remove(self, kind: str, name: str) -> None:
        self._tell(f"  {name}: was not there before, removed (its volumes stay)")
        self._applier.delete(kind, name)

    def _restore(self, new_kind: str, manifest: Manifest) -> None:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        if new_kind and new_kind != kind:
            self._applier.delete(new_kind, name)
        if runs(self._api, manifest):
            return
        mode = self._mode(manifest)
        self._tell(f"  {name}: back to what was recorded ({mode})")
        if kind == "StatefulSet":
            self._back_stateful(manifest, mode)
        else:
            self._applier.workload(manifest, mode)

    def _back_stateful(self, manifest: Manifest, mode: str) -> None:
        """A StatefulSet waits for ever for a pod of its bad revision: that pod must be deleted by hand."""
        name = manifest["metadata"]["name"]
        try:
            self._applier.workload(manifest, mode, deadline_s=20.0)
        except StepFailed:
            gone = self._applier.unstick(name)
            self._tell(f"  {name}: deleted {', '.join(gone) or 'nothing'} of the bad revision")
            self._applier.workload(manifest, mode)

    def _mode(self, manifest: Manifest) -> str:
        """Choose how the earlier pods come back; a rollback can also not fit. Raises: RollbackFailed."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        snapshot = observe(self._api, self._clock)
        room = Room(snapshot.ceiling, snapshot.allocatable - snapshot.elsewhere, snapshot.quota is not None)
        state = initial_state(snapshot)
        new = [ask_of(pod_spec(manifest))] * int(manifest["spec"].get("replicas", 1))
        declared = (manifest["spec"].get("strategy") or {}).get("type", "RollingUpdate")
        if (
            kind == "Deployment"
            and declared != "Recreate"
            and fits(state, surge(state, name, new), room, creates=True)
        ):
            return "surge"
        peak = replace(state, [], name, new)
        if fits(state, peak, room, creates=True):
            return "rolling" if kind == "StatefulSet" else "replace"
        lacking = max(0, peak.limits_after - room.limits, peak.requests_after - room.requests)
        raise RollbackFailed(f"{name} does not fit back: {show_memory(lacking)} are missing")

    def _former(self, found: Release, names: set[str]) -> None:
        """Bring back the former services that the steps taken back had ended, as far as they fit."""
        for step in found.plan.steps:
            ended = [step.workload] if step.action in {"retire", "scale"} else list(step.replaces)
            for former in ended:
                if found.scope == "wave" and not _is_for(step.note, step.workload, names):
                    continue
                for kind in _WORKLOADS:
                    replicas = found.former.get(f"{kind}/{former}")
                    if replicas:
                        self._bring_back(kind, former, replicas)

    def _bring_back(self, kind: str, name: str, replicas: int) -> None:
        snapshot = observe(self._api, self._clock)
        workload = snapshot.find(name)
        if workload is None or len(own_pods(self._api, kind, name)) >= replicas:
            return
        free = _free(snapshot)
        needed = workload.ask.charge * replicas
        if needed > free:
            self._tell(f"  {name}: stays at 0: needs {show_memory(needed)}, {show_memory(max(0, free))} free")
            return
        self._api.patch(kind, name, {"spec": {"replicas": replicas}})
        self._tell(f"  {name}: back at {replicas}")


def _free(snapshot: Snapshot) -> int:
    sums = sums_of(snapshot)
    return min(snapshot.ceiling - sums.limits, snapshot.allocatable - snapshot.elsewhere - sums.requests)


def _is_for(note: str, workload: str, names: set[str]) -> bool:
    return workload in names or any(note in {f"until {name} takes over", f"{name} has it"} for name in names)


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _same_name(earlier: dict[tuple[str, str], Manifest], name: str) -> Manifest | None:
    return next((m for (kind, other), m in earlier.items() if other == name and kind in _WORKLOADS), None)


def _effective(found: Release, earlier: dict[tuple[str, str], Manifest], back: set[str]) -> list[Manifest]:
    """Return what describes the cluster now: the new release with the workloads taken back as they were."""
    if found.scope == "all":
        return list(earlier.values())
    done = {step.workload for step in found.plan.steps if step.number in found.done} - back
    kept = []
    for manifest in found.manifests:
        name = manifest["metadata"]["name"]
        if manifest["kind"] not in _WORKLOADS or name in done:
            kept.append(manifest)
        elif (old := earlier.get(_key(manifest)) or _same_name(earlier, name)) is not None:
            kept.append(old)
    # Workloads that only the earlier release had were not touched.
    known = {_key(m) for m in kept}
    kept += [
        m for key, m in earlier.items() if key not in known and key[0] in _WORKLOADS and key[1] not in back
    ]
    names = {m["metadata"]["name"] for m in kept if m["kind"] == "ConfigMap"}
    return kept + [m for k, m in earlier.items() if k[0] == "ConfigMap" and k[1] not in names]
