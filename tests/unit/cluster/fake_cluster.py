"""Controllers, scheduler and kubelet over the fake API's store, in virtual time, with faults."""

import copy
import hashlib
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from services.cluster.port import ApiConflict, ApiForbidden
from services.cluster.quantity import memory
from tests.unit.cluster.fake_answers import FakeAnswers
from tests.unit.cluster.fake_api import FakeClock, Store, limit_of, request_of

Json = dict[str, Any]
NAME = "app.kubernetes.io/name"
START_S, END_S, WAITING_S = 4, 6, 3
NODE = 7830 * 2**20


@dataclass
class Faults:
    """What goes wrong: per image the way its pods fail, and when the API server is away."""

    images: dict[str, str] = field(default_factory=dict)
    """image -> crash | image | slow | never | errors | slow-answers | hungry | flaky"""
    away: list[tuple[float, float]] = field(default_factory=list)
    lost_answers: float = 0.0
    rng: Random = field(default_factory=lambda: Random(0))


def template_hash(template: Json) -> str:
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]


class FakeCluster(FakeAnswers):
    """One node; its controllers run once a virtual second."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.clock = FakeClock()
        self.clock.on_pass = self.tick
        self.store = Store(self.clock)
        self.faults = faults or Faults()
        self.broken_rules: list[str] = []
        self.highest = 0
        self.born: dict[str, float] = {}
        self.ending: dict[str, float] = {}
        self.ready_at: dict[str, float] = {}
        self.served: dict[str, float] = {}
        self.revisions: dict[tuple[str, int], str] = {}
        self.store.add(
            {
                "kind": "Node",
                "metadata": {"name": "node"},
                "status": {"allocatable": {"memory": "7830Mi", "cpu": "16"}},
            }
        )

    # ---- what a client sees go wrong

    def is_away(self) -> bool:
        return any(start <= self.clock.seconds < end for start, end in self.faults.away)

    def loses_answer(self) -> bool:
        return self.faults.rng.random() < self.faults.lost_answers

    # ---- life

    def tick(self) -> None:
        self._finish_ending()
        for item in self.store.of("Deployment"):
            self._deployment(item)
        for item in self.store.of("ReplicaSet"):
            self._replica_set(item)
        for item in self.store.of("StatefulSet"):
            self._stateful_set(item)
        for item in self.store.of("Job"):
            self._job(item)
        self._schedule()
        self._kubelet()
        self._check()

    def delete(self, kind: str, name: str) -> None:
        if kind == "Pod":
            self._end(name)
            return
        uid = self.store.objects[kind, name]["metadata"]["uid"]
        self.store.remove(kind, name)
        for child in ("ReplicaSet", "Pod"):
            for item in self.store.of(child):
                if any(o.get("uid") == uid for o in item["metadata"].get("ownerReferences") or []):
                    self.delete(child, item["metadata"]["name"])

    def _end(self, name: str) -> None:
        pod = self.store.objects.get(("Pod", name))
        if pod is None or name in self.ending:
            return
        if not pod["spec"].get("nodeName") or pod["status"].get("phase") in {"Failed", "Succeeded"}:
            self._forget(name)
            return
        self.ending[name] = self.clock.seconds + END_S
        pod = copy.deepcopy(pod)
        pod["metadata"]["deletionTimestamp"] = self.clock.now().isoformat()
        self.store.write(pod, spec_before=pod["spec"])

    def _finish_ending(self) -> None:
        for name, when in list(self.ending.items()):
            if self.clock.seconds >= when:
                self._forget(name)

    def _forget(self, name: str) -> None:
        self.store.remove("Pod", name)
        for table in (self.ending, self.born, self.ready_at, self.served):
            table.pop(name, None)

    def _status(self, item: Json, **status: Any) -> None:
        changed = {**item.get("status", {}), **status}
        if changed != item.get("status"):
            new = copy.deepcopy(item)
            new["status"] = changed
            self.store.write(new, spec_before=new.get("spec"))

    def _pods(self, uid: str, *, alive: bool = False) -> list[Json]:
        return [
            pod
            for pod in self.store.of("Pod")
            if (pod["metadata"].get("ownerReferences") or [{}])[0].get("uid") == uid
            and pod["status"].get("phase") not in {"Failed", "Succeeded"}
            and not (alive and pod["metadata"].get("deletionTimestamp"))
        ]

    def _revision(self, item: Json) -> str:
        key = item["metadata"]["uid"], item["metadata"]["generation"]
        if key not in self.revisions:
            self.revisions[key] = template_hash(item["spec"]["template"])
        return self.revisions[key]

    def _is_available(self, pod: Json, owner: Json) -> bool:
        since = self.ready_at.get(pod["metadata"]["name"])
        wanted = owner["spec"].get("minReadySeconds", 0)
        return since is not None and self.clock.seconds - since >= wanted

    def _deployment(self, item: Json) -> None:
        meta, spec = item["metadata"], item["spec"]
        revision = self._revision(item)
        sets = [
            rs
            for rs in self.store.of("ReplicaSet")
            if rs["metadata"]["ownerReferences"][0]["uid"] == meta["uid"]
        ]
        new = next((rs for rs in sets if rs["metadata"]["labels"]["pod-template-hash"] == revision), None)
        numbers = [int(rs["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) for rs in sets]
        if new is None:
            new = self.store.add(
                {
                    "kind": "ReplicaSet",
                    "metadata": {
                        "name": f"{meta['name']}-{revision}",
                        "labels": {"pod-template-hash": revision},
                        "annotations": {
                            "deployment.kubernetes.io/revision": str(max(numbers, default=0) + 1)
                        },
                        "ownerReferences": [
                            {
                                "kind": "Deployment",
                                "name": meta["name"],
                                "uid": meta["uid"],
                                "controller": True,
                            }
                        ],
                    },
                    "spec": {"replicas": 0, "template": copy.deepcopy(spec["template"])},
                    "status": {},
                }
            )
            sets.append(new)
        elif numbers and int(new["metadata"]["annotations"]["deployment.kubernetes.io/revision"]) < max(
            numbers
        ):
            new = copy.deepcopy(new)
            new["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = str(max(numbers) + 1)
            self.store.write(new, spec_before=new["spec"])
        old = [rs for rs in sets if rs["metadata"]["name"] != new["metadata"]["name"]]
        self._roll(item, new, old)
        new = self.store.objects["ReplicaSet", new["metadata"]["name"]]
        mine = self._pods(new["metadata"]["uid"])
        everyone = [p for rs in sets for p in self._pods(rs["metadata"]["uid"])]
        conditions = [c for c in new["status"].get("conditions", []) if c["type"] == "ReplicaFailure"]
        self._status(
            item,
            observedGeneration=meta["generation"],
            updatedReplicas=len(mine),
            readyReplicas=sum(1 for p in everyone if p["metadata"]["name"] in self.ready_at),
            availableReplicas=sum(1 for p in everyone if self._is_available(p, item)),
            conditions=conditions,
        )

    def _roll(self, item: Json, new: Json, old: list[Json]) -> None:
        wanted = int(item["spec"].get("replicas", 1))
        strategy = item["spec"].get("strategy", {}).get("type", "RollingUpdate")
        if strategy == "Recreate":
            for rs in old:
                self._set_replicas(rs, 0)
            if not any(self._pods(rs["metadata"]["uid"]) for rs in old):
                self._set_replicas(new, wanted)
            return
        old_count = sum(int(rs["spec"]["replicas"]) for rs in old)
        self._set_replicas(new, max(0, min(wanted, wanted + 1 - old_count)))
        fresh = self._pods(new["metadata"]["uid"], alive=True)
        available = sum(1 for p in fresh if self._is_available(p, item))
        for rs in old:
            # An old pod that is not available itself may go at once; others wait for a new one.
            alive = self._pods(rs["metadata"]["uid"], alive=True)
            unavailable = sum(1 for p in alive if not self._is_available(p, item))
            keep = max(0, wanted - available) if not (unavailable and wanted <= available) else 0
            self._set_replicas(rs, min(int(rs["spec"]["replicas"]), keep))

    def _set_replicas(self, rs: Json, count: int) -> None:
        rs = self.store.objects["ReplicaSet", rs["metadata"]["name"]]
        if int(rs["spec"]["replicas"]) != count:
            new = copy.deepcopy(rs)
            new["spec"]["replicas"] = count
            self.store.write(new, spec_before=rs["spec"])

    def _replica_set(self, item: Json) -> None:
        alive = self._pods(item["metadata"]["uid"], alive=True)
        wanted = int(item["spec"]["replicas"])
        for pod in sorted(alive, key=lambda p: p["metadata"]["name"] in self.ready_at)[
            : max(0, len(alive) - wanted)
        ]:
            self._end(pod["metadata"]["name"])
        conditions: list[Json] = []
        for _ in range(max(0, wanted - len(alive))):
            try:
                self._make_pod(
                    item,
                    f"{item['metadata']['name']}-{self.store.version}",
                    item["metadata"]["labels"]["pod-template-hash"],
                )
            except ApiForbidden as error:
                conditions = [
                    {
                        "type": "ReplicaFailure",
                        "status": "True",
                        "reason": "FailedCreate",
                        "message": str(error),
                    }
                ]
                break
        self._status(item, conditions=conditions)

    def _make_pod(self, owner: Json, name: str, revision: str, key: str = "pod-template-hash") -> None:
        template = owner["spec"]["template"]
        reference = {
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
        self.store.add(
            {
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "labels": {**template["metadata"].get("labels", {}), key: revision},
                    "ownerReferences": [reference],
                },
                "spec": copy.deepcopy(template["spec"]),
                "status": {"phase": "Pending"},
            }
        )

    def _stateful_set(self, item: Json) -> None:
        meta, spec = item["metadata"], item["spec"]
        revision = self._revision(item)
        wanted = int(spec.get("replicas", 1))
        pods = {p["metadata"]["name"]: p for p in self._pods(meta["uid"])}
        blocked = False
        for number in range(wanted):
            name = f"{meta['name']}-{number}"
            if name not in pods and not blocked:
                try:
                    self._make_pod(item, name, revision, "controller-revision-hash")
                except (ApiForbidden, ApiConflict):
                    blocked = True
            if name not in self.ready_at:
                blocked = True
        for name in list(pods):
            if int(name.rsplit("-", 1)[1]) >= wanted:
                self._end(name)
        # One at a time, and never past a pod that is not ready: the trap of a bad revision.
        if not blocked and wanted:
            for name, pod in sorted(pods.items(), reverse=True):
                if pod["metadata"]["labels"]["controller-revision-hash"] != revision:
                    self._end(name)
                    break
        living = self._pods(meta["uid"])
        updated = [p for p in living if p["metadata"]["labels"]["controller-revision-hash"] == revision]
        self._status(
            item,
            observedGeneration=meta["generation"],
            updateRevision=revision,
            updatedReplicas=len(updated),
            readyReplicas=sum(1 for p in living if p["metadata"]["name"] in self.ready_at),
            availableReplicas=sum(1 for p in living if self._is_available(p, item)),
        )

    def _job(self, item: Json) -> None:
        if item["status"].get("conditions"):
            return
        pods = [
            p
            for p in self.store.of("Pod")
            if any(o["uid"] == item["metadata"]["uid"] for o in p["metadata"].get("ownerReferences") or [])
        ]
        if not pods:
            try:
                name = str(item["metadata"]["name"])
                self._make_pod(item, f"{name}-{self.store.version}", name, "job-name")
            except ApiForbidden:
                return
            return
        if self.behaviour(pods[0]) == "crash":
            self._status(
                item, conditions=[{"type": "Failed", "status": "True", "message": "BackoffLimitExceeded"}]
            )
            self._status(pods[0], phase="Failed")
        elif pods[0]["metadata"]["name"] in self.ready_at:
            self._status(pods[0], phase="Succeeded")
            self._status(item, conditions=[{"type": "Complete", "status": "True"}])

    def _schedule(self) -> None:
        placed = sum(
            request_of(p) for p in self.store.of("Pod") if p["spec"].get("nodeName") and self._holds(p)
        )
        for pod in self.store.of("Pod"):
            if pod["spec"].get("nodeName") or not self._holds(pod):
                continue
            if placed + request_of(pod) <= NODE:
                placed += request_of(pod)
                new = copy.deepcopy(pod)
                new["spec"]["nodeName"] = "node"
                self.store.write(new, spec_before=new["spec"])
                self.born[pod["metadata"]["name"]] = self.clock.seconds

    @staticmethod
    def _holds(pod: Json) -> bool:
        return pod["status"].get("phase") not in {"Failed", "Succeeded"}

    def behaviour(self, pod: Json) -> str:
        return self.faults.images.get(pod["spec"]["containers"][0].get("image", ""), "")

    def _kubelet(self) -> None:
        for pod in self.store.of("Pod"):
            name = pod["metadata"]["name"]
            if name not in self.born or not self._holds(pod):
                continue
            age = self.clock.seconds - self.born[name]
            fault = self.behaviour(pod)
            if fault == "image" and age >= 1:
                self._container(pod, {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}, 0)
            elif fault == "crash" and age >= START_S:
                waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting"}}
                self._container(pod, waiting, int(age // START_S))
            elif fault == "never":
                self._container(pod, {"running": {}}, 0)
            elif age >= (45 if fault == "slow" else START_S):
                restarts = int((age - START_S) // 12) if fault == "flaky" else 0
                self.ready_at.setdefault(name, self.clock.seconds)
                self.served[name] = self.served.get(name, 0) + 2
                self._container(pod, {"running": {}}, restarts, ready=True)

    def _container(self, pod: Json, state: Json, restarts: int, *, ready: bool = False) -> None:
        self._status(
            pod,
            phase="Running",
            conditions=[{"type": "Ready", "status": "True" if ready else "False"}],
            containerStatuses=[{"name": "main", "state": state, "restartCount": restarts}],
        )

    def _check(self) -> None:
        held = sum(limit_of(p) for p in self.store.of("Pod") if self._holds(p))
        placed = sum(
            request_of(p) for p in self.store.of("Pod") if self._holds(p) and p["spec"].get("nodeName")
        )
        self.highest = max(self.highest, held)
        for quota in self.store.of("ResourceQuota"):
            if held > memory(quota["spec"]["hard"]["limits.memory"]):
                self.broken_rules.append(f"{self.clock.seconds:.0f} s: {held // 2**20} Mi of limits")
        if placed > NODE:
            self.broken_rules.append(f"{self.clock.seconds:.0f} s: {placed // 2**20} Mi of requests")
