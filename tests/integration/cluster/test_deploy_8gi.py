"""The overlay for one node of 8 GiB, deployed by the commands: on a cluster of yours, or on a played node.

`OPENPOLICY_CLUSTER=<context>` names a cluster whose nodes can pull the images; its namespace must not exist yet
and is deleted at the end. `KUBEBUILDER_ASSETS` brings a control plane of its own: scheduler, quota, Pod
Security and volumes are real there, only the kubelet is played.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cluster.app import app
from services.cluster.clock import WallClock
from services.cluster.kube import KubeApi
from services.cluster.levels import Level, counts_of, judge
from services.cluster.manifests import render
from services.cluster.observe import observe
from services.cluster.port import ApiNotFound
from services.cluster.readiness import runs
from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable
from tests.integration.cluster.control_plane import ControlPlane, Kubelet, assets

NAMESPACE = "openpolicy"


@dataclass(frozen=True)
class Cluster:
    api: KubeApi
    words: tuple[str, ...]
    """Options of every command."""
    gates: str


def played() -> Iterator[Cluster]:
    try:
        assets()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    with ControlPlane() as plane:
        plane.add_node("node", "7830Mi", "16")
        for number in range(8):
            plane.add_volume(f"volume-{number}", "50Gi")
        kubelet = Kubelet(plane, NAMESPACE)
        kubelet.start()
        api = KubeApi.connect(NAMESPACE, "real", str(plane.kubeconfig))
        # Nobody answers for a played pod: nothing is asked of them.
        yield Cluster(api, ("--kubeconfig", str(plane.kubeconfig)), "ready")
        kubelet.stop()


def reachable() -> Iterator[Cluster]:
    context = os.environ.get("OPENPOLICY_CLUSTER")
    if not context:
        pytest.skip("OPENPOLICY_CLUSTER names no cluster to deploy to")
    api = KubeApi.connect(NAMESPACE, context)
    try:
        api.get("Namespace", NAMESPACE)
    except ApiNotFound:
        pass
    else:
        pytest.fail(f"{context} has a namespace {NAMESPACE} already: it is not touched")
    yield Cluster(api, ("--context", context), "full")
    api.delete("Namespace", NAMESPACE)


@pytest.fixture(params=[played, reachable], ids=["played", "reachable"])
def cluster(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        pytest.skip(str(reason))
    monkeypatch.setenv("OP_CLUSTER_DIR", str(tmp_path))
    monkeypatch.setenv("NO_COLOR", "1")
    yield from request.param()


def run(cluster: Cluster, command: str, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [command, *cluster.words, *words])
    return result.exit_code, result.output


def test_the_small_overlay_is_installed_rolled_out_and_has_nothing_left_to_do(cluster: Cluster) -> None:
    code, text = run(cluster, "init", "--contact", "ops@example.org")
    assert code == 0, text
    code, text = run(cluster, "plan")
    assert code == 2, text
    code, text = run(cluster, "rollout", "--yes", "--no-backup", "--gates", cluster.gates, "--soak", "5")
    assert code == 0, text
    assert "promoted" in text

    wanted = [m for m in render("8gi") if m["kind"] in {"Deployment", "StatefulSet"}]
    assert [m["metadata"]["name"] for m in wanted if not runs(cluster.api, m)] == []
    snapshot = observe(cluster.api, WallClock())
    counts = counts_of(snapshot)
    assert (counts.running, counts.wanted, counts.pending, counts.stale) == (14, 14, 0, 0)
    assert judge(snapshot)[0] < Level.CRITICAL
    assert "SERVICES 26/26" in run(cluster, "status")[1]
    code, text = run(cluster, "plan")
    assert code == 0, text
