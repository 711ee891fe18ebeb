"""Put one workload where a step wants it: apply, replace, scale, take back; and wait until it is so."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

from services.cluster.clock import Clock
from services.cluster.manifests import Manifest, digest
from services.cluster.patience import LostConnection
from services.cluster.port import ApiError, ApiNotFound, ClusterApi
from services.cluster.readiness import DIGEST, Readiness, own_pods, read_readiness, revision_of

GONE_DEADLINE_S = 240.0
LOOK_S = 5.0
BEFORE = "openpolicy.io/replicas-before"
_ORDER = (
    "Namespace", "PriorityClass", "ResourceQuota", "LimitRange", "ServiceAccount", "Role", "RoleBinding",
    "NetworkPolicy", "ConfigMap", "PersistentVolumeClaim", "Service", "PodDisruptionBudget",
)  # fmt: skip
Json = dict[str, Any]


class StepFailed(Exception):
    """A step did not reach its end; ``evidence`` holds the last lines of the pod to blame."""

    def __init__(self, text: str, evidence: str = "") -> None:
        super().__init__(text)
        self.evidence = evidence


class Applier:
    """Changes workloads and waits for what follows; ``beat`` is called while waiting (lease, progress)."""

    def __init__(self, api: ClusterApi, clock: Clock, beat: Callable[[str], None]) -> None:
        self._api = api
        self._clock = clock
        self._beat = beat

    def objects(self, manifests: Iterable[Manifest]) -> int:
        """Apply everything that is no workload, in the order in which they need each other."""
        rank = {kind: number for number, kind in enumerate(_ORDER)}
        chosen = [m for m in manifests if m["kind"] not in {"Deployment", "StatefulSet", "Job"}]
        for manifest in sorted(chosen, key=lambda m: rank.get(m["kind"], len(rank))):
            self._api.apply(manifest)
            self._beat(f"{manifest['kind']} {manifest['metadata']['name']}")
        return len(chosen)

    def workload(self, manifest: Manifest, mode: str, deadline_s: float | None = None) -> None:
        """Bring a workload to its manifest and wait until it is ready. Raises: StepFailed, ApiError."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        self._end_other_kind(kind, name)
        wanted = marked(manifest)
        if mode == "replace" and kind == "StatefulSet":
            self.scale(kind, name, 0)
        if mode == "replace" and kind == "Deployment":
            # Recreate waits until the old pods are gone, not only until they are told to go.
            self._api.apply(recreating(wanted))
        else:
            self._api.apply(wanted)
        self._until_ready(kind, name, deadline_s or deadline_of(manifest))
        if mode == "replace" and kind == "Deployment":
            self._api.apply(wanted)
            self._until_ready(kind, name, deadline_s or deadline_of(manifest))

    def job(self, manifest: Manifest) -> str:
        """Run a Job once for this content and wait for its end; return its name. Raises: StepFailed."""
        # Marked before it is named: a plan compares the mark with the manifest's own digest.
        named = marked(manifest)
        named["metadata"]["name"] = f"{manifest['metadata']['name']}-{digest(manifest)[:8]}"
        name = named["metadata"]["name"]
        found = read_readiness(self._api, "Job", name)
        if found.state == "broken":
            self._api.delete("Job", name)
            self._wait(lambda: self._is_absent("Job", name), f"the failed Job {name} to go", GONE_DEADLINE_S)
        if found.state != "ready":
            self._api.apply(named)
            deadline = float(manifest["spec"].get("activeDeadlineSeconds", 600)) + 30
            self._until_ready("Job", name, deadline)
        return str(name)

    def scale(self, kind: str, name: str, replicas: int) -> int:
        """Set the replicas of a workload, wait until surplus pods are gone, return what there was before."""
        try:
            item = self._api.get(kind, name)
        except ApiNotFound:
            return 0
        before = int(item["spec"].get("replicas", 1))
        if before != replicas:
            note = {"metadata": {"annotations": {BEFORE: str(before)}}, "spec": {"replicas": replicas}}
            self._api.patch(kind, name, note)
        self._wait(
            lambda: len(own_pods(self._api, kind, name)) <= replicas,
            f"{name}: pods beyond {replicas} to be gone",
            GONE_DEADLINE_S,
        )
        return before

    def resize(self, manifest: Manifest, deadline_s: float | None = None) -> None:
        """Give a running workload its manifest's memory, nothing else. Raises: StepFailed."""
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        item = self._api.get(kind, name)
        sizes = {c["name"]: c["resources"] for c in manifest["spec"]["template"]["spec"]["containers"]}
        containers = copy.deepcopy(item["spec"]["template"]["spec"]["containers"])
        first = next(iter(sizes.values()))
        for container in containers:
            container["resources"] = sizes.get(container["name"], first)
        change: Json = {"spec": {"template": {"spec": {"containers": containers}}}}
        if kind == "Deployment":
            change["spec"]["strategy"] = {"type": "Recreate", "rollingUpdate": None}
        self._api.patch(kind, name, change)
        self._until_ready(kind, name, deadline_s or deadline_of(manifest))

    def withdraw(self, kind: str, name: str) -> str:
        """Take back what waits for a place: the blocked revision of a running workload, else all of it."""
        pods = own_pods(self._api, kind, name)
        placed = [pod for pod in pods if pod["spec"].get("nodeName")]
        if not placed or kind != "Deployment":
            before = self.scale(kind, name, 0) if not placed else 0
            return f"{name}: {'left as it is' if placed else f'scaled to 0 (was {before})'}"
        wanted = revision_of(placed[0])
        for found in self._api.read_all("ReplicaSet")[0]:
            if found["metadata"]["name"] == f"{name}-{wanted}":
                template = copy.deepcopy(found["spec"]["template"])
                (template["metadata"].get("labels") or {}).pop("pod-template-hash", None)
                self._api.patch(kind, name, {"spec": {"template": template}})
                return f"{name}: back to its running revision {wanted}"
        return f"{name}: its running revision is not known"

    def clear_finished(self) -> int:
        """Delete failed pods that no Job wants to keep; return how many."""
        count = 0
        for pod in self._api.read_all("Pod")[0]:
            owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences") or []}
            if pod.get("status", {}).get("phase") == "Failed" and "Job" not in owners:
                try:
                    self._api.delete("Pod", pod["metadata"]["name"], uid=pod["metadata"].get("uid", ""))
                except ApiNotFound:
                    continue
                count += 1
        return count

    def delete(self, kind: str, name: str) -> None:
        """Delete a workload (never its volumes) and wait until its pods are gone."""
        try:
            self._api.delete(kind, name)
        except ApiNotFound:
            pass
        self._wait(
            lambda: self._is_absent(kind, name) and not own_pods(self._api, kind, name),
            f"{name} to be gone",
            GONE_DEADLINE_S,
        )

    def unstick(self, name: str) -> list[str]:
        """Delete a StatefulSet's unready pods of another revision: it never does so itself."""
        item = self._api.get("StatefulSet", name)
        wanted = item.get("status", {}).get("updateRevision")
        gone = []
        for pod in own_pods(self._api, "StatefulSet", name):
            is_ready = any(
                c.get("type") == "Ready" and c.get("status") == "True"
                for c in pod.get("status", {}).get("conditions") or []
            )
            if revision_of(pod) != wanted and not is_ready:
                self._api.delete("Pod", pod["metadata"]["name"], uid=pod["metadata"].get("uid", ""))
                gone.append(str(pod["metadata"]["name"]))
        return gone

    def _end_other_kind(self, kind: str, name: str) -> None:
        """A workload of the same name but another kind (a database that was a Deployment) ends first."""
        other = {"Deployment": "StatefulSet", "StatefulSet": "Deployment"}.get(kind)
        if other:
            self.scale(other, name, 0)

    def _until_ready(self, kind: str, name: str, deadline_s: float) -> None:
        last = Readiness("waiting", "not looked yet")

        def look() -> bool:
            nonlocal last
            last = read_readiness(self._api, kind, name)
            if last.state == "broken":
                raise StepFailed(f"{name}: {last.text}", self._last_lines(last.pod))
            return last.state == "ready"

        try:
            self._wait(look, f"{name} to be ready", deadline_s, kind)
        except StepFailed as error:
            if error.evidence or last.state == "broken":
                raise
            raise StepFailed(f"{error} ({last.text})") from None

    def _wait(self, is_done: Callable[[], bool], what: str, deadline_s: float, kind: str = "Pod") -> None:
        started = self._clock.now()
        while True:
            version = self._api.read_all(kind)[1]
            if is_done():
                return
            waited = (self._clock.now() - started).total_seconds()
            if waited >= deadline_s:
                raise StepFailed(f"waited {waited:.0f} s for {what}")
            self._beat(f"waiting for {what}")
            # Any change of such an object is worth a look; without one a look every few seconds.
            for _ in self._api.watch(kind, version, min(LOOK_S, deadline_s - waited)):
                break
            self._clock.sleep(0.2)

    def _is_absent(self, kind: str, name: str) -> bool:
        try:
            self._api.get(kind, name)
        except ApiNotFound:
            return True
        return False

    def _last_lines(self, pod: str) -> str:
        if not pod:
            return ""
        try:
            return self._api.logs(pod, 20)
        except (ApiError, LostConnection) as error:
            return f"(no log of {pod}: {error})"


def marked(manifest: Manifest) -> Manifest:
    """Return the manifest with the digest that tells later whether it is the one that runs."""
    found = copy.deepcopy(manifest)
    notes = found["metadata"].setdefault("annotations", {})
    notes[DIGEST] = digest(manifest)
    return found


def recreating(manifest: Manifest) -> Manifest:
    """Return a Deployment's manifest with the strategy that never holds two revisions at once."""
    found = copy.deepcopy(manifest)
    found["spec"]["strategy"] = {"type": "Recreate"}
    return found


def deadline_of(manifest: Manifest) -> float:
    """Return how many seconds a workload gets: its progress deadline and its old pods' time to end."""
    spec = manifest["spec"]
    grace = float(spec.get("template", {}).get("spec", {}).get("terminationGracePeriodSeconds", 30))
    return float(spec.get("progressDeadlineSeconds", 300)) + grace
