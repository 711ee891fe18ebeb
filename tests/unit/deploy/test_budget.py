"""The budget: overlays agree with it, it fits, and compose gives a laptop the same limits."""

from pathlib import Path

import pytest
import yaml

from services.cluster.budget import Budget, budget_path, load_budget, record_measurements
from services.cluster.manifests import Manifest, pod_spec
from services.cluster.quantity import MIB, cpu, memory
from services.cluster.table import deploy_dir


@pytest.fixture(scope="module")
def budget() -> Budget:
    return load_budget()


def long_running(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {m["metadata"]["name"]: m for m in manifests if m["kind"] in {"Deployment", "StatefulSet"}}


@pytest.mark.parametrize("overlay", ["8gi", "local"])
def test_each_workload_asks_for_what_the_budget_gives(
    overlays: dict[str, list[Manifest]], budget: Budget, overlay: str
) -> None:
    found = {}
    for name, manifest in long_running(overlays[overlay]).items():
        [container] = pod_spec(manifest)["containers"]
        resources = container["resources"]
        assert manifest["spec"]["replicas"] == 1
        found[name] = (
            memory(resources["requests"]["memory"]) // MIB,
            memory(resources["limits"]["memory"]) // MIB,
            cpu(resources["requests"]["cpu"]),
        )
    assert found == {name: (part.request, part.limit, part.cpu) for name, part in budget.component.items()}


def test_limits_and_the_rollout_s_reserve_fit_the_quota(
    overlays: dict[str, list[Manifest]], budget: Budget
) -> None:
    assert budget.faults() == []
    [quota] = [m for m in overlays["8gi"] if m["kind"] == "ResourceQuota"]
    hard = quota["spec"]["hard"]
    assert memory(hard["limits.memory"]) == memory(hard["requests.memory"]) == budget.quota * MIB
    assert budget.limits + budget.reserved <= budget.quota <= budget.allocatable
    assert budget.requests <= budget.allocatable / 2


def test_the_expected_working_set_is_under_a_third_of_the_node(budget: Budget) -> None:
    assert budget.expected <= 0.30 * budget.node


def test_jobs_fit_what_is_reserved_for_them(overlays: dict[str, list[Manifest]], budget: Budget) -> None:
    limits = {
        m["metadata"]["name"]: memory(pod_spec(m)["containers"][0]["resources"]["limits"]["memory"]) // MIB
        for m in overlays["8gi"]
        if m["kind"] in {"Job", "CronJob"}
    }
    assert limits["migrate"] <= budget.reserve["migrate"]
    assert limits["backup"] <= budget.reserve["backup"]
    assert limits["restore-check"] <= budget.quota - budget.limits
    largest_surge = max(
        memory(pod_spec(m)["containers"][0]["resources"]["limits"]["memory"]) // MIB
        for m in long_running(overlays["8gi"]).values()
        if m["spec"].get("strategy", {}).get("type") == "RollingUpdate"
    )
    assert largest_surge <= budget.reserve["surge"]
    assert largest_surge <= budget.reserve["terminating"]


def test_three_nodes_hold_what_the_large_overlay_asks_for(overlays: dict[str, list[Manifest]]) -> None:
    total = 0
    scaled = {
        m["spec"]["scaleTargetRef"]["name"]: m["spec"]["maxReplicas"]
        for m in overlays["ha"]
        if m["kind"] == "HorizontalPodAutoscaler"
    }
    for name, manifest in long_running(overlays["ha"]).items():
        replicas = scaled.get(name, manifest["spec"]["replicas"])
        total += replicas * sum(
            memory(container["resources"]["limits"]["memory"])
            for container in pod_spec(manifest)["containers"]
        )
    [cluster] = [m for m in overlays["ha"] if m["kind"] == "Cluster"]
    total += cluster["spec"]["instances"] * memory(cluster["spec"]["resources"]["limits"]["memory"])
    [quota] = [m for m in overlays["ha"] if m["kind"] == "ResourceQuota"]
    assert total < memory(quota["spec"]["hard"]["limits.memory"])


def test_compose_gives_the_same_limits_commands_and_hardening(budget: Budget) -> None:
    compose = yaml.safe_load((deploy_dir() / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    limits = {name: int(entry["mem_limit"].removesuffix("m")) for name, entry in services.items()}
    requests = {name: int(entry["mem_reservation"].removesuffix("m")) for name, entry in services.items()}
    assert limits.pop("migrate") == budget.reserve["migrate"]
    requests.pop("migrate")
    assert limits == {name: part.limit for name, part in budget.component.items()}
    assert requests == {name: part.request for name, part in budget.component.items()}
    for name, entry in services.items():
        assert entry["read_only"] is True, name
        assert entry["cap_drop"] == ["ALL"], name
        assert set(entry["profiles"]) <= {"core", "scrape", "full"}
        assert "build" not in entry
    core = sum(int(e["mem_limit"].removesuffix("m")) for e in services.values() if "core" in e["profiles"])
    assert core <= 3_328


def test_compose_runs_the_images_and_settings_of_the_small_overlay(
    overlays: dict[str, list[Manifest]],
) -> None:
    compose = yaml.safe_load((deploy_dir() / "compose.yaml").read_text(encoding="utf-8"))["services"]
    [platform] = [
        m["data"]
        for m in overlays["8gi"]
        if m["kind"] == "ConfigMap" and m["metadata"]["name"].startswith("platform-")
    ]
    for name, manifest in long_running(overlays["8gi"]).items():
        [container] = pod_spec(manifest)["containers"]
        assert compose[name]["image"] == container["image"], name
        environment = compose[name].get("environment", {})
        if "OP_ENVIRONMENT" in environment:
            assert {key: environment.get(key) for key in platform if key != "OP_OPA__URL"} == {
                key: value for key, value in platform.items() if key != "OP_OPA__URL"
            }


def test_measurements_are_written_beside_the_numbers_they_explain(tmp_path: Path) -> None:
    copy = tmp_path / "budget.toml"
    before = budget_path().read_text(encoding="utf-8")
    copy.write_text(before, encoding="utf-8")
    after = record_measurements({"ux-hub": (88.24, 131.0), "opa": (31.0, 44.4)}, 'today "here"', copy)
    assert (after.component["ux-hub"].idle, after.component["ux-hub"].loaded) == (88.2, 131.0)
    assert after.component["opa"].loaded == 44.4
    assert after.measured_at == "today here"
    assert after.component["redis"] == load_budget().component["redis"]
    assert len(copy.read_text().splitlines()) == len(before.splitlines())
    with pytest.raises(KeyError):
        record_measurements({"nobody": (1, 2)}, "today", copy)


def test_a_budget_that_does_not_fit_says_what_and_by_how_much() -> None:
    budget = load_budget()
    fat = budget.model_copy(
        update={
            "quota": 6_000,
            "component": {
                **budget.component,
                "ux-hub": budget.component["ux-hub"].model_copy(update={"loaded": 240.0, "request": 300}),
            },
        }
    )
    words = " ".join(fat.faults())
    assert "exceed the quota 6000" in words
    assert "request 300 over limit 256" in words
    assert "240 Mi measured is over 85 %" in words
