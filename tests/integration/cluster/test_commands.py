"""The commands as an operator calls them, on saved dumps: what they print, and their exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cluster.app import app
from services.cluster.clock import WallClock
from services.cluster.dump import snapshot_of
from services.cluster.evicting import evict, failed_pods, stale_pods
from services.cluster.preflight import preflight
from shared.testing.kustomize import ensure_kustomize
from shared.testing.packages import Unobtainable
from tests.unit.cluster import worlds
from tests.unit.cluster.fake_api import CalmApi
from tests.unit.cluster.fake_cluster import FakeCluster
from tests.unit.cluster.platforms import manifests, plan_for


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OP_CLUSTER_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def rendered() -> None:
    try:
        ensure_kustomize()
    except Unobtainable as reason:
        pytest.skip(str(reason))


def saved(tmp_path: Path, world: dict) -> str:
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(world))
    return str(path)


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize(
    ("world", "code", "word"),
    [
        (worlds.crisis(), 2, "CRITICAL"),
        (worlds.healthy(), 0, "OPTIMAL"),
        (worlds.deadlock(), 1, "WARNING"),
        (worlds.dump([]), 3, "UNKNOWN"),
    ],
)
def test_status_answers_with_the_code_that_monitoring_knows(
    tmp_path: Path, world: dict, code: int, word: str
) -> None:
    dump = saved(tmp_path, world)
    assert run("status", "--from", dump)[0] == 0
    got, text, _ = run("status", "--from", dump, "--exit-code")
    assert got == code
    assert word in text
    assert json.loads(run("status", "--from", dump, "-o", "json")[1])["level"] == word


def test_the_command_s_help_names_the_group_without_loading_the_kubernetes_client() -> None:
    script = (
        "import sys; sys.argv = ['openpolicy', '--help']\nfrom services.cli.main import main\ntry: main()\n"
    )
    script += "finally: print('kubernetes' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert any("cluster" in line and "Kubernetes" in line for line in done.stdout.splitlines()), done.stdout
    assert done.stdout.splitlines()[-1] == "False"


def test_status_counts_all_26_former_services(tmp_path: Path) -> None:
    assert (
        "SERVICES 26/26 logical   PODS 14/14" in run("status", "--from", saved(tmp_path, worlds.healthy()))[1]
    )


def test_watching_looks_again_until_it_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def interrupted_the_second_time(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("services.cluster.commands.time.sleep", interrupted_the_second_time)
    code, text, _ = run("status", "--from", saved(tmp_path, worlds.healthy()), "--watch", "--every", "7")
    assert code == 0
    assert waits == [7, 7]
    assert text.count("PODS 14/14") == 2


def test_a_file_that_is_no_dump_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "dump.json").write_text("{}")
    code, _, error = run("status", "--from", str(tmp_path / "dump.json"), "--exit-code")
    assert code == 3
    assert "has no list of items" in error


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    _, _, error = run("status", "--from", saved(tmp_path, worlds.healthy()), "-o", "xml")
    assert "table, json, yaml, csv, md, junit" in error


def test_without_a_kubeconfig_it_says_so(tmp_path: Path) -> None:
    code, _, error = run("status", "--kubeconfig", str(tmp_path / "none"), "--exit-code")
    assert code == 3
    assert "no usable kubeconfig" in error


@pytest.mark.usefixtures("rendered")
def test_plan_for_the_crisis_lists_steps_under_eighty_fifty_and_thirty_percent(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    code, text, _ = run("plan", "--from", saved(tmp_path, worlds.crisis()), "--save", str(plan))
    assert code == 2
    assert "requests 98% → 49%" in text
    assert "limits 194% → 70%" in text
    for words in ("requests under 80%", "requests under 50%", "usage under 30%"):
        assert words in text
    assert json.loads(plan.read_text())["steps"]


@pytest.mark.usefixtures("rendered")
def test_plan_without_nodes_goes_by_the_quota_alone_and_says_so(tmp_path: Path) -> None:
    unseen = [item for item in worlds.healthy()["items"] if item["kind"] != "Node"]
    code, text, error = run("plan", "--from", saved(tmp_path, worlds.dump(unseen)))
    assert code == 2
    assert "requests ? → ?" in text
    assert "no nodes were seen" in error


@pytest.mark.usefixtures("rendered")
def test_plan_explains_one_workload(tmp_path: Path) -> None:
    code, text, _ = run("plan", "--from", saved(tmp_path, worlds.crisis()), "--explain", "postgresql")
    assert code == 0
    assert "deadlock" in text
    assert "replace" in text
    assert run("plan", "--from", saved(tmp_path, worlds.crisis()), "--explain", "nobody")[0] == 1


@pytest.mark.usefixtures("rendered")
def test_plan_for_a_quota_that_is_too_small_answers_three(tmp_path: Path) -> None:
    code, text, _ = run("plan", "--from", saved(tmp_path, worlds.healthy(with_quota=5504)), "--target", "8gi")
    assert code == 3
    assert "DOES NOT FIT" in text
    assert "migrate" in text


@pytest.mark.usefixtures("rendered")
def test_plan_writes_an_overlay_only_from_hours_of_samples(tmp_path: Path) -> None:
    code, _, error = run(
        "plan", "--from", saved(tmp_path, worlds.healthy()), "--write", str(tmp_path / "overlay")
    )
    assert code == 1
    assert "less than 3 h were seen" in error


def test_init_writes_files_for_compose_and_needs_a_contact(tmp_path: Path) -> None:
    assert run("init", "--compose", str(tmp_path / "secrets"))[0] == 1
    code, text, _ = run("init", "--compose", str(tmp_path / "secrets"), "--contact", "ops@example.org")
    assert code == 0
    password = (tmp_path / "secrets/openpolicy-postgresql/password").read_text()
    assert password not in text
    assert run("init", "--compose", str(tmp_path / "secrets"), "--contact", "ops@example.org")[0] == 1


# ---- the parts behind commands that need a cluster


def test_only_stale_pods_whose_successor_waits_may_be_evicted() -> None:
    snapshot = snapshot_of(worlds.crisis()["items"], namespace="openpolicy", cluster="x", taken_at=worlds.NOW)
    assert sorted(pod.owner for pod in stale_pods(snapshot)) == ["postgresql", "rabbitmq", "redis"]
    assert sorted(pod.owner for pod in failed_pods(snapshot)) == ["etl", "health"]
    items = [
        worlds.node(),
        *worlds.deployment("ux-hub", 128, 256),
        *worlds.pod("ux-hub", 128, 256, revision="old"),
    ]
    alone = snapshot_of(items, namespace="openpolicy", cluster="x", taken_at=worlds.NOW)
    assert stale_pods(alone) == []


def test_a_dry_run_evicts_nobody_and_a_budget_s_refusal_is_told() -> None:
    from services.cluster.port import ApiBusy

    class Refusing(CalmApi):
        def evict(self, name: str) -> None:
            raise ApiBusy("Cannot evict pod as it would violate the pod's disruption budget.")

    snapshot = snapshot_of(worlds.crisis()["items"], namespace="openpolicy", cluster="x", taken_at=worlds.NOW)
    api = Refusing(FakeCluster())
    assert all(
        not one.done and "would go" in one.text for one in evict(api, stale_pods(snapshot), dry_run=True)
    )
    refused = evict(api, stale_pods(snapshot), dry_run=False)
    assert all("disruption budget refuses" in one.text for one in refused)


def test_preflight_names_missing_secrets_rights_and_a_backup_that_is_too_old() -> None:
    world = FakeCluster()

    class Guest(CalmApi):
        def may(self, verb: str, kind: str) -> bool:
            return kind != "Deployment"

    release = manifests(1)
    release[-1]["spec"]["template"]["spec"]["volumes"] = [
        {"name": "s", "secret": {"secretName": "openpolicy-ux-hub"}}
    ]
    world.store.add(
        {
            "kind": "CronJob",
            "metadata": {"name": "backup"},
            "status": {"lastSuccessfulTime": "2026-01-01T00:00:00Z"},
        }
    )
    snapshot = snapshot_of([], namespace="openpolicy", cluster="x", taken_at=worlds.NOW)
    found = preflight(Guest(world), world.clock, snapshot, plan_for(world, release), release)
    words = " | ".join(finding.text for finding in found)
    assert "you may not patch Deployments here" in words
    assert "you may not list Deployments here" in words
    assert "you may not list Deployments here" in words
    assert "secrets are missing (openpolicy-ux-hub): openpolicy cluster init" in words
    assert "the last backup is 1416 h old" in words
    assert [finding.is_fatal for finding in found] == [True, True, True, False]


def test_preflight_stops_at_a_critical_cluster_unless_it_is_overruled() -> None:
    world = FakeCluster()
    snapshot = snapshot_of(worlds.crisis()["items"], namespace="openpolicy", cluster="x", taken_at=worlds.NOW)
    found = preflight(CalmApi(world), world.clock, snapshot, plan_for(world, manifests(1)), manifests(1))
    assert any("the cluster is CRITICAL" in finding.text and not finding.is_fatal for finding in found)


def test_the_wall_clock_tells_utc() -> None:
    assert WallClock().now().utcoffset().total_seconds() == 0  # type: ignore[union-attr]
