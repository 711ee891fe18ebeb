"""The engine against a real API server with controllers and scheduler; a thread plays the kubelet."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cluster import release as records
from services.cluster.clock import WallClock
from services.cluster.gates import GateSettings
from services.cluster.journal import Journal
from services.cluster.kube import KubeApi
from services.cluster.lease import Lease, LeaseHeld
from services.cluster.levels import Level, judge
from services.cluster.observe import observe
from services.cluster.planning import make_plan
from services.cluster.port import ApiConflict, ApiForbidden, ApiNotFound
from services.cluster.readiness import DIGEST, runs
from services.cluster.rollout import Rollout
from services.cluster.secrets import install, known_passwords
from services.cluster.table import load_table
from services.cluster.targets import quota_of, targets_of
from shared.testing.packages import Unobtainable
from tests.integration.cluster.control_plane import ControlPlane, Kubelet, assets
from tests.unit.cluster.platforms import manifests

GATES = GateSettings(soak_s=1, sample_s=0.5, is_full=False)
NAMESPACES = iter(f"platform-{number}" for number in range(1, 99))


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    try:
        assets()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    with ControlPlane() as running:
        running.add_node("node", "7830Mi", "16")
        yield running


@pytest.fixture
def api(plane: ControlPlane) -> Iterator[KubeApi]:
    name = next(NAMESPACES)
    plane.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    kubelet = Kubelet(plane, name)
    kubelet.start()
    connected = KubeApi.connect(name, "real", str(plane.kubeconfig))
    connected.kubelet = kubelet  # type: ignore[attr-defined]
    until_service_account(connected)
    yield connected
    for kind in ("Deployment", "StatefulSet", "Job"):
        for item in connected.read_all(kind)[0]:
            connected.delete(kind, item["metadata"]["name"])
    wait_for(lambda: not connected.read_all("Pod")[0])
    kubelet.stop()


def until_service_account(api: KubeApi) -> None:
    # Pods are refused until the controller has made the namespace's own account.
    wait_for(lambda: api.read_all("ServiceAccount")[0])


def wait_for(is_so: object, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.3)


def release(version: int, quota: int = 6656, **more: object) -> list[dict]:
    """Return a release whose pods wait for nothing longer than the played kubelet needs."""
    found = manifests(version, quota=quota, **more)  # type: ignore[arg-type]
    for manifest in found:
        if "template" in manifest.get("spec", {}):
            spec = manifest["spec"]["template"]["spec"]
            spec["terminationGracePeriodSeconds"] = 1
            if manifest["kind"] == "Job":
                spec["restartPolicy"] = "Never"
            else:
                manifest["spec"]["minReadySeconds"] = 1
        if manifest["kind"] == "StatefulSet":
            manifest["spec"]["serviceName"] = manifest["metadata"]["name"]
    return found


def plan_for(api: KubeApi, wanted: list[dict]) -> object:
    snapshot = observe(api, WallClock())
    live = {
        item["metadata"]["name"]: (item["metadata"].get("annotations") or {}).get(DIGEST, "")
        for kind in ("Deployment", "StatefulSet")
        for item in api.read_all(kind)[0]
    }
    order = [component.name for component in load_table().component]
    return make_plan(snapshot, targets_of(wanted, order), quota=quota_of(wanted), live=live)


def engine(api: KubeApi, path: Path, scope: str = "wave") -> Rollout:
    clock = WallClock()
    journal = Journal(path / "journal.jsonl", clock)
    return Rollout(api, clock, load_table(), journal, holder="test", gates=GATES, scope=scope)  # type: ignore[arg-type]


def roll(api: KubeApi, path: Path, wanted: list[dict], scope: str = "wave") -> object:
    return engine(api, path, scope).start(plan_for(api, wanted), wanted)  # type: ignore[arg-type]


def differs(api: KubeApi, wanted: list[dict]) -> list[str]:
    workloads = [m for m in wanted if m["kind"] in {"Deployment", "StatefulSet"}]
    return [m["metadata"]["name"] for m in workloads if not runs(api, m)]


def test_a_release_an_update_a_bad_one_and_the_way_back(api: KubeApi, tmp_path: Path) -> None:
    first = release(1)
    assert roll(api, tmp_path, first).outcome == "promoted"  # type: ignore[attr-defined]
    assert differs(api, first) == []
    assert judge(observe(api, WallClock()))[0] < Level.CRITICAL

    second = release(2)
    assert roll(api, tmp_path, second).outcome == "promoted"  # type: ignore[attr-defined]
    assert differs(api, second) == []

    third = release(3, bad={"business-hub": "bad-image"})
    result = roll(api, tmp_path, third)
    assert result.outcome == "rolled-back", result  # type: ignore[attr-defined]
    effective = records.newest(api)
    assert effective is not None
    assert differs(api, effective.manifests) == []
    hub = api.get("Deployment", "business-hub")
    assert hub["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v2")

    assert engine(api, tmp_path).roll_back("all").outcome == "rolled-back"
    assert differs(api, second) == []
    assert api.kubelet.highest <= 6656 * 2**20  # type: ignore[attr-defined]


def test_a_surge_without_room_becomes_a_replacement_on_a_real_quota(api: KubeApi, tmp_path: Path) -> None:
    sizes = {"ux-hub": (256, 512)}
    first, second = release(1, quota=5600, sizes=sizes), release(2, quota=5600, sizes=sizes)
    assert roll(api, tmp_path, first).outcome == "promoted"  # type: ignore[attr-defined]
    plan = plan_for(api, second)
    assert {step.mode for step in plan.steps if step.workload == "ux-hub"} == {"replace"}  # type: ignore[attr-defined]
    assert engine(api, tmp_path).start(plan, second).outcome == "promoted"  # type: ignore[arg-type]
    assert differs(api, second) == []
    assert api.get("Deployment", "ux-hub")["spec"]["strategy"]["type"] == "RollingUpdate"
    assert api.kubelet.highest <= 5600 * 2**20  # type: ignore[attr-defined]


def test_a_bad_stateful_revision_is_unstuck(api: KubeApi, tmp_path: Path) -> None:
    first = release(1, only={"postgresql", "redis"})
    assert roll(api, tmp_path, first).outcome == "promoted"  # type: ignore[attr-defined]
    bad = release(2, only={"postgresql", "redis"}, bad={"redis": "bad-crash"})
    assert roll(api, tmp_path, bad).outcome == "rolled-back"  # type: ignore[attr-defined]
    wait_for(lambda: differs(api, [m for m in first if m["metadata"]["name"] == "redis"]) == [])


def test_the_deadlock_of_a_full_node_is_seen_and_solved(api: KubeApi, tmp_path: Path) -> None:
    def database(request: int, version: str) -> dict:
        [manifest] = [
            m
            for m in release(1, sizes={"postgresql": (request, request)}, only={"postgresql"})
            if m["metadata"]["name"] == "postgresql"
        ]
        manifest["kind"] = "Deployment"
        manifest["spec"].pop("serviceName")
        manifest["spec"] |= {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        }
        manifest["spec"]["template"]["spec"]["containers"][0]["image"] = version
        return manifest

    filler = [
        m
        for m in release(1, sizes={"scraper": (6800, 6800)}, only={"scraper"})
        if m["metadata"]["name"] == "scraper"
    ]
    for manifest in [*filler, database(512, "v1")]:
        api.apply(manifest)
    wait_for(lambda: all(runs_now(api, name) for name in ("scraper", "postgresql")))
    api.apply(database(1024, "v2"))
    wait_for(lambda: any(p.place == "unscheduled" for p in observe(api, WallClock()).pods))
    from services.cluster.reasons import reasons_of

    snapshot = observe(api, WallClock())
    assert any(
        "deadlock" in reason.text and reason.workload == "postgresql" for reason in reasons_of(snapshot)
    )
    wanted = [database(1024, "v2")]
    plan = make_plan(snapshot, targets_of(wanted), live={})
    assert [s.mode for s in plan.steps if s.workload == "postgresql"] == ["replace"]
    assert engine(api, tmp_path).start(plan, wanted).outcome == "promoted"
    assert differs(api, wanted) == []


def runs_now(api: KubeApi, name: str) -> bool:
    status = api.get("Deployment", name).get("status", {})
    return int(status.get("availableReplicas") or 0) == 1


def test_the_port_means_what_it_says(api: KubeApi) -> None:
    with pytest.raises(ApiNotFound):
        api.get("Deployment", "nobody")
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"a": "1", "b": "2"},
    }
    created = api.apply(config)
    dropped = api.apply({**config, "data": {"a": "1"}})
    assert dropped["data"] == {"a": "1"}
    with pytest.raises(ApiConflict):
        api.replace({**created, "data": {"a": "3"}})
    with pytest.raises(ApiConflict):
        api.create(config)
    assert api.apply({**config, "data": {"a": "9"}}, dry_run=True)["data"]["a"] == "9"
    assert api.get("ConfigMap", "c")["data"] == {"a": "1"}
    _, version = api.read_all("ConfigMap")
    api.patch("ConfigMap", "c", {"data": {"a": "4", "b": None}})
    seen = next(iter(api.watch("ConfigMap", version, 10)))
    assert seen["data"] == {"a": "4"}
    with pytest.raises(ApiConflict):
        api.delete("ConfigMap", "c", uid="00000000-0000-0000-0000-000000000000")
    api.delete("ConfigMap", "c")
    assert api.may("patch", "Deployment")
    assert api.metrics() is None
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "q"},
            "spec": {"hard": {"count/configmaps": "0"}},
        }
    )
    wait_for(lambda: (api.get("ResourceQuota", "q").get("status") or {}).get("hard"))
    with pytest.raises(ApiForbidden, match="exceeded quota"):
        api.create({**config, "metadata": {"name": "more"}})


def test_the_lease_keeps_a_second_operator_out(api: KubeApi) -> None:
    first, second = Lease(api, WallClock(), "first"), Lease(api, WallClock(), "second")
    first.acquire()
    with pytest.raises(LeaseHeld, match="first"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_secrets_are_made_once_and_completed_with_the_same_passwords(api: KubeApi) -> None:
    created, kept = install(api, "ops@example.org")
    assert kept == []
    before = known_passwords(api)
    api.delete("Secret", "openpolicy-migrate")
    again, kept = install(api, "ops@example.org")
    assert again == ["openpolicy-migrate"]
    assert len(kept) == len(created) - 1
    assert known_passwords(api) == before


def test_every_object_of_the_small_overlay_is_accepted(plane: ControlPlane) -> None:
    from services.cluster.manifests import render

    connected = KubeApi.connect("openpolicy", "real", str(plane.kubeconfig))
    everything = render("8gi")
    for manifest in everything:
        if manifest["kind"] == "Namespace":
            connected.apply(manifest)
    until_service_account(connected)
    for manifest in everything:
        connected.apply(manifest, dry_run=True)


def test_a_command_that_is_killed_is_resumed_by_the_next(
    api: KubeApi, plane: ControlPlane, tmp_path: Path
) -> None:
    wanted = release(1)
    target = tmp_path / "release.yaml"
    target.write_text("\n---\n".join(json.dumps(manifest) for manifest in wanted))
    environment = {
        **os.environ,
        "OP_CLUSTER_DIR": str(tmp_path),
        "NO_COLOR": "1",
        "KUBECONFIG": str(plane.kubeconfig),
    }
    command = [
        sys.executable, "-c", "from services.cluster.app import app; app()", "rollout", "-n", api.namespace,
        "--kubeconfig", str(plane.kubeconfig), "--gates", "ready", "--soak", "1",
    ]  # fmt: skip

    def run(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*command, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    first = run("--target", str(target), "--yes")
    wait_for(lambda: api.read_all("Deployment")[0] or first.poll() is not None)
    first.send_signal(signal.SIGKILL)
    output, _ = first.communicate(timeout=30)
    assert first.returncode == -signal.SIGKILL, output
    left = records.newest(api)
    assert left is not None
    assert left.is_open
    # The killed command's lease runs out within a minute.
    lease = api.get("Lease", "openpolicy-rollout")
    lease["spec"]["renewTime"] = "2020-01-01T00:00:00.000000Z"
    api.replace(lease)
    second = run("--resume")
    output, _ = second.communicate(timeout=240)
    assert second.returncode == 0, output
    assert "promoted" in output
    assert differs(api, wanted) == []
