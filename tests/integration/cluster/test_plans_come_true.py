"""Plans carried out on the fake cluster: at every step it holds what the plan said, and never more.

The plan's own numbers say what the planner believes; here the controllers of the cluster decide when pods are
made and when they are gone, and a look at every virtual second is what the numbers are compared with.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cluster.gates import GateSettings
from services.cluster.journal import Journal
from services.cluster.levels import Level, counts_of, judge, sums_of
from services.cluster.manifests import Manifest, render
from services.cluster.observe import observe
from services.cluster.plan import Plan
from services.cluster.quantity import MIB
from services.cluster.rollout import Refused, Result, Rollout
from services.cluster.table import load_table
from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable
from tests.unit.cluster import worlds
from tests.unit.cluster.fake_api import CalmApi, FakeApi, limit_of, request_of
from tests.unit.cluster.fake_cluster import NAME, FakeCluster
from tests.unit.cluster.platforms import plan_for, runs

QUICK = GateSettings(soak_s=10, sample_s=5)
FINISHED = {"Failed", "Succeeded"}


class Witness(Journal):
    """The rollout's journal, which also looks at what the cluster holds at every second of a step."""

    def __init__(self, path: Path, world: FakeCluster, plan: Plan) -> None:
        super().__init__(path, world.clock)
        self._world = world
        self._steps = {step.number: step for step in plan.steps}
        self.seen: list[tuple[int, int]] = []
        """Limits and requests held after each step, in bytes."""
        self.faults: list[str] = []
        self._peak = (0, 0)
        self._passes: Callable[[], None] = world.clock.on_pass
        world.clock.on_pass = self._pass

    def held(self) -> tuple[int, int]:
        """Return the limits and requests of the pods that a node has, terminating ones included."""
        pods = [
            pod
            for pod in self._world.store.of("Pod")
            if pod["spec"].get("nodeName") and pod["status"].get("phase") not in FINISHED
        ]
        return sum(map(limit_of, pods)), sum(map(request_of, pods))

    def _pass(self) -> None:
        self._passes()
        limits, requests = self.held()
        self._peak = max(self._peak[0], limits), max(self._peak[1], requests)

    def note(self, event: str, **about: Any) -> None:
        super().note(event, **about)
        if event == "step":
            self._peak = self.held()
        elif event == "done":
            step, now = self._steps[about["step"]], self.held()
            self.seen.append(now)
            said = {
                "limits after": (now[0], step.limits_after),
                "requests after": (now[1], step.requests_after),
                "most limits": (max(self._peak[0], step.limits_peak), step.limits_peak),
                "most requests": (max(self._peak[1], step.requests_peak), step.requests_peak),
            }
            self.faults += [
                f"step {step.number} {step.action} {step.workload}: {what} {is_so // MIB} Mi, planned {planned // MIB}"
                for what, (is_so, planned) in said.items()
                if is_so != planned
            ]


def carry_out(world: FakeCluster, release: list[Manifest], plan: Plan) -> tuple[Result, Witness]:
    with tempfile.TemporaryDirectory() as folder:
        witness = Witness(Path(folder) / "journal.jsonl", world, plan)
        table = load_table()
        engine = Rollout(FakeApi(world), world.clock, table, witness, holder="test", gates=QUICK)
        return engine.start(plan, release), witness


def workload(kind: str, name: str, request: int, limit: int, **more: Any) -> Manifest:
    """Return a workload of the given MiB; ``more``: replicas, wave, strategy, version."""
    labels = {NAME: name, "openpolicy.io/wave": str(more.get("wave", 1)), "openpolicy.io/phase": "1"}
    resources = {
        "requests": {"memory": f"{request}Mi", "cpu": "10m"},
        "limits": {"memory": f"{limit}Mi"},
    }
    image = f"{name}:{more.get('version', 'old')}"
    container = {"name": "main", "image": image, "resources": resources}
    spec: dict[str, Any] = {
        "replicas": more.get("replicas", 1),
        "selector": {"matchLabels": {NAME: name}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    if kind == "Deployment":
        spec["strategy"] = {"type": more.get("strategy", "RollingUpdate")}
        spec["progressDeadlineSeconds"] = 120
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec}


def quota(mebibytes: int) -> Manifest:
    hard = {"limits.memory": f"{mebibytes}Mi", "requests.memory": f"{mebibytes}Mi"}
    return {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "openpolicy"}, "spec": {"hard": hard},
    }  # fmt: skip


# ---- the founding crisis


def crisis_world() -> FakeCluster:
    """The founding crisis as it came about: 18 services fill the node, then more and larger ones are asked for."""
    world = FakeCluster()
    for name, (request, limit, _) in worlds.RUNNING.items():
        world.store.add({**workload("Deployment", name, request, limit), "status": {}})
    world.clock.sleep(60)
    api = CalmApi(world)
    for name, (request, limit) in worlds.PENDING.items():
        if name in worlds.RUNNING:
            api.patch("Deployment", name, {"spec": workload("Deployment", name, request, limit)["spec"]})
        else:
            world.store.add({**workload("Deployment", name, request, limit), "status": {}})
    world.clock.sleep(600)
    return world


def test_the_crisis_comes_about_by_itself_and_is_recognized() -> None:
    world = crisis_world()
    snapshot = observe(CalmApi(world), world.clock)
    sums, counts = sums_of(snapshot), counts_of(snapshot)
    assert (sums.requests // MIB, sums.limits // MIB) == (7714, 15238)
    assert (counts.running, counts.pending, counts.stale) == (18, 8, 3)
    assert judge(snapshot)[0] is Level.CRITICAL
    world.clock.sleep(24 * 60)
    assert sums_of(observe(CalmApi(world), world.clock)) == sums, "a deadlock does not end by waiting"


def test_the_plan_for_the_crisis_does_on_the_cluster_what_it_promises() -> None:
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    release = render("8gi")
    world = crisis_world()
    plan = plan_for(world, release)
    promised = {(what, bound): step for what, bound, step in plan.milestones()}
    result, witness = carry_out(world, release, plan)
    assert result.outcome == "promoted", result
    assert witness.faults == []
    assert world.store.refused == []
    assert world.broken_rules == []
    shares = [requests / plan.allocatable for _, requests in witness.seen]
    for bound in (0.80, 0.50):
        # Kept from that step on is what counts, not touched once.
        kept = next(n for n in range(1, len(shares) + 1) if max(shares[n - 1 :]) < bound)
        assert kept <= promised["requests", bound], bound
    snapshot = observe(CalmApi(world), world.clock)
    assert judge(snapshot)[0] < Level.CRITICAL
    assert counts_of(snapshot).pending == 0
    ours = {m["metadata"]["name"] for m in release if m["kind"] in {"Deployment", "StatefulSet"}}
    assert {pod.owner for pod in snapshot.pods if pod.place == "running"} == ours


# ---- any cluster, any change


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Manifest], list[Manifest]]:
    """Return what runs (with a quota that is in force, or none) and the release that it should become."""
    kinds = {
        f"w{n}": draw(st.sampled_from(["Deployment", "StatefulSet"])) for n in range(draw(st.integers(1, 5)))
    }
    sizes = st.tuples(st.integers(1, 8), st.integers(0, 8)).map(lambda p: (64 * p[0], 64 * (p[0] + p[1])))
    before, after = [], []
    for number, (name, kind) in enumerate(kinds.items()):
        strategy = draw(st.sampled_from(["RollingUpdate", "Recreate"]))
        more: dict[str, Any] = {"strategy": strategy, "wave": 1 + number % 3}
        if draw(st.integers(0, 3)):
            before.append(workload(kind, name, *draw(sizes), replicas=draw(st.integers(1, 2)), **more))
        more["version"] = "new"
        after.append(workload(kind, name, *draw(sizes), replicas=draw(st.integers(1, 2)), **more))
    held = sum(limit_of(m["spec"]["template"]) * m["spec"]["replicas"] for m in before) // MIB
    room = max(held, draw(st.integers(512, 6000)))
    if draw(st.booleans()):
        before.append(quota(room))
    return before, [quota(room), *after]


@settings(max_examples=60, deadline=None)
@given(changes())
def test_any_plan_that_fits_comes_true_and_any_other_touches_nothing(
    change: tuple[list[Manifest], list[Manifest]],
) -> None:
    before, release = change
    world = FakeCluster()
    for manifest in before:
        world.store.add({**manifest, "status": {}})
    world.clock.sleep(30)
    plan = plan_for(world, release)
    if plan.refusal is not None:
        version = world.store.version
        with pytest.raises(Refused):
            carry_out(world, release, plan)
        assert world.store.version == version
        return
    result, witness = carry_out(world, release, plan)
    assert result.outcome == "promoted", result
    assert witness.faults == []
    assert world.store.refused == []
    assert world.broken_rules == []
    assert runs(world, release) == []
