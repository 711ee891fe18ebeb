"""Sizing: KRR's arithmetic with a floor for small pods, honest about how little was seen."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cluster.dump import snapshot_of
from services.cluster.history import add_sample, history_path, read_history
from services.cluster.objects import Ask, Snapshot, Workload
from services.cluster.overlay import CannotWrite, size_patches, write_overlay
from services.cluster.quantity import MIB
from services.cluster.sizing import FLOOR, Sample, propose, severity
from tests.unit.cluster import worlds


def hub(request: int = 128, limit: int = 256, tier: str = "hub") -> Workload:
    return Workload("Deployment", "ux-hub", 1, Ask(request * MIB, limit * MIB, 100), tier=tier)


def samples(*sizes: int, hours: float = 4.0, peak: int | None = None) -> list[Sample]:
    step = hours / max(1, len(sizes) - 1)
    return [
        Sample(worlds.NOW + timedelta(hours=step * n), size * MIB, (peak or size) * MIB)
        for n, size in enumerate(sizes)
    ]


def test_the_request_follows_steady_use_and_the_limit_the_peak() -> None:
    found = propose(hub(), samples(100, 100, 100, 104, peak=140))
    assert found.proposed == Ask(120 * MIB, 210 * MIB, 100)
    assert found.is_sure
    assert "steady 104Mi x 1.15, peak 140Mi x 1.5" in found.reason


def test_nothing_measured_gives_no_number() -> None:
    found = propose(hub(), [])
    assert (found.proposed, found.severity, found.is_sure) == (None, "unknown", False)


def test_one_look_is_not_enough_to_act_on() -> None:
    found = propose(hub(), samples(100))
    assert found.proposed is not None
    assert not found.is_sure


def test_small_pods_are_not_clamped_to_a_hundred_megabytes() -> None:
    found = propose(hub(64, 128), samples(20, 20, 20))
    assert found.proposed is not None
    assert found.proposed.request == FLOOR == 32 * MIB


def test_a_kill_for_want_of_memory_raises_the_limit_beyond_where_it_was() -> None:
    found = propose(hub(128, 128), samples(100, 127, 127), was_oom_killed=True)
    assert found.proposed is not None
    assert found.proposed.limit == 240 * MIB


def test_servers_with_a_configured_memory_are_left_alone() -> None:
    found = propose(hub(1024, 1024, tier="infra"), samples(400, 410))
    assert found.proposed is None
    assert found.severity == "good"


@pytest.mark.parametrize(
    ("request_mi", "limit_mi", "word"),
    [(128, 256, "good"), (140, 256, "good"), (150, 256, "ok"), (128, 340, "warning"), (256, 256, "critical")],
)
def test_severity_is_relative_to_what_is_asked_for(request_mi: int, limit_mi: int, word: str) -> None:
    assert severity(Ask(128 * MIB, 256 * MIB), Ask(request_mi * MIB, limit_mi * MIB)) == word


def test_a_pod_without_a_limit_is_always_critical() -> None:
    assert severity(Ask(128 * MIB, None), Ask(128 * MIB, 256 * MIB)) == "critical"


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=30))
def test_what_is_proposed_always_holds_what_was_seen(sizes: list[int]) -> None:
    found = propose(hub(), samples(*sizes))
    assert found.proposed is not None
    assert found.proposed.limit is not None
    assert found.proposed.limit >= max(sizes) * MIB
    assert FLOOR <= found.proposed.request <= found.proposed.limit


def world() -> Snapshot:
    return snapshot_of(worlds.healthy()["items"], namespace="openpolicy", cluster="a/b", taken_at=worlds.NOW)


def test_samples_are_kept_once_per_measurement_and_forgotten_after_a_fortnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OP_CLUSTER_DIR", str(tmp_path))
    path = history_path("a/b")
    assert path.parent == tmp_path
    assert add_sample(path, world())
    assert not add_sample(path, world())
    with path.open("a") as file:
        file.write('not json\n{"at": "2026-03-01T00:00:00+00:00", "used": 3}\n')
    found = read_history(path, worlds.NOW)
    assert [sample.memory for sample in found["postgresql"]] == [400 * MIB]
    assert read_history(path, worlds.NOW + timedelta(days=15)) == {}


def test_an_overlay_holds_only_the_sizes_that_differ_and_replaces_only_its_own(tmp_path: Path) -> None:
    manifests = [
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"template": {"spec": {"containers": [{"name": "hub"}]}}},
        }
        for name in ("ux-hub", "ops-hub")
    ]  # fmt: skip
    patches = size_patches(manifests, {"ux-hub": Ask(120 * MIB, 1024 * MIB)})
    assert [patch["metadata"]["name"] for patch in patches] == ["ux-hub"]
    resources = patches[0]["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert resources == {"requests": {"memory": "120Mi"}, "limits": {"memory": "1Gi"}}
    for _ in range(2):
        write_overlay(tmp_path / "mine", "../8gi", patches, "openpolicy")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "kustomization.yaml").write_text("resources: []\n")
    with pytest.raises(CannotWrite):
        write_overlay(tmp_path / "theirs", "../8gi", patches, "openpolicy")
