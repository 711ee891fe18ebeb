"""Status and plan on clusters that are not as in the book: nodes away, measurements missing, rights missing."""

import copy
import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from services.cluster.asks import ask_of
from services.cluster.clock import WallClock
from services.cluster.dump import BadDump, load_dump, snapshot_of
from services.cluster.formats import show_report
from services.cluster.levels import Level, counts_of, judge, sums_of
from services.cluster.objects import Snapshot
from services.cluster.observe import observe
from services.cluster.port import ApiForbidden
from services.cluster.quantity import MIB
from services.cluster.reasons import reasons_of
from services.cluster.report import make_report
from tests.unit.cluster import worlds
from tests.unit.cluster.worlds import resources


def snap(items: list[dict], namespace: str = "openpolicy") -> Snapshot:
    return snapshot_of(items, namespace=namespace, cluster="test", taken_at=worlds.NOW)


def said(snapshot: Snapshot) -> str:
    return "; ".join(f"{rule.level.name} {rule.text}" for rule in judge(snapshot)[1])


def second_node(ready: str = "True", name: str = "node-b", **spec: bool) -> dict:
    node = copy.deepcopy(worlds.node())
    node["metadata"]["name"] = name
    node["spec"] = spec
    node["status"]["conditions"].append({"type": "Ready", "status": ready})
    return node


@pytest.mark.parametrize("ready", ["False", "Unknown"])
def test_a_node_that_is_not_ready_is_critical_and_its_memory_does_not_count(ready: str) -> None:
    snapshot = snap([*worlds.healthy()["items"], second_node(ready)])
    assert judge(snapshot)[0] is Level.CRITICAL
    assert "CRITICAL node node-b is not ready" in said(snapshot)
    assert snapshot.allocatable == 7830 * MIB
    assert "node node-b is not ready: its memory does not count" in snapshot.warnings


def test_the_only_node_not_ready_is_critical_with_the_pods_that_are_on_it() -> None:
    items = worlds.healthy()["items"]
    items[0]["status"]["conditions"].append({"type": "Ready", "status": "Unknown"})
    assert "CRITICAL node docker-desktop is not ready: 14 pods are on it" in said(snap(items))


def test_a_cordoned_node_is_a_warning() -> None:
    snapshot = snap([*worlds.healthy()["items"], second_node(unschedulable=True)])
    assert "WARNING node node-b takes no new pods (cordoned)" in said(snapshot)


def test_what_two_nodes_have_left_together_is_no_room_for_one_pod() -> None:
    items = [worlds.node("2048Mi"), second_node()]
    items[1]["status"]["allocatable"]["memory"] = "2Gi"
    for name, node in (("data-hub", "docker-desktop"), ("ux-hub", "node-b")):
        items += worlds.deployment(name, 1400, 1400, tier="hub")
        [pod] = worlds.pod(name, 1400, 1400)
        pod["spec"]["nodeName"] = node
        items.append(pod)
    items += worlds.deployment("scraper", 1024, 1024, ready=0, tier="worker")
    items += worlds.pod("scraper", 1024, 1024, place="pending")
    [reason] = reasons_of(snap(items))
    assert "no node has 1,024Mi of requests left (648Mi free on the emptiest of them)" in reason.text


def test_pods_that_nobody_measured_count_as_what_they_request() -> None:
    items = worlds.healthy()["items"]
    for item in [item for item in items if item["kind"] == "PodMetrics"][:7]:
        items.remove(item)
    snapshot = snap(items)
    sums = sums_of(snapshot)
    assert sums.unmeasured == 7
    assert (sums.used, sums.at_most) == (695 * MIB, (695 + 2944) * MIB)
    assert judge(snapshot)[0] is Level.HEALTHY
    assert "7 pods are not measured and count as what they request; usage 46%" in said(snapshot)
    assert "usage at least 8%" in show_report(make_report(snapshot), "table")


def test_pods_that_a_node_evicted_are_a_warning_until_they_are_cleared() -> None:
    items = worlds.healthy()["items"]
    for number in (1, 2, 3):
        items += worlds.pod("etl", 256, 256, place="failed", number=number)
    assert judge(snap(items))[0] is Level.WARNING
    assert "WARNING 3 pods are evicted: a node ran short" in said(snap(items))
    assert reasons_of(snap(items))[0].advice == "openpolicy cluster evict --failed"


def test_a_unit_that_slipped_is_a_warning() -> None:
    items = [worlds.node(), *worlds.deployment("ux-hub", 128, 256, tier="hub")]
    items[1]["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"memory": "100m"}}
    assert "ux-hub asks for less than 1 MiB of memory: a slip of its unit" in said(snap(items))


def test_a_namespace_without_anything_is_unknown_and_says_where_pods_are() -> None:
    items = worlds.crisis()["items"]
    for item in items:
        if "namespace" in item["metadata"]:
            item["metadata"]["namespace"] = "openparliament"
    snapshot = snap(items)
    assert judge(snapshot)[0] is Level.UNKNOWN
    assert snapshot.warnings == (
        "namespace openpolicy holds nothing; pods are in openparliament (28): see -n",
    )
    assert judge(snap(items, "openparliament"))[0] is Level.CRITICAL


def test_without_replica_sets_the_youngest_pod_tells_which_are_stale() -> None:
    items = [item for item in worlds.deadlock()["items"] if item["kind"] != "ReplicaSet"]
    snapshot = snap(items)
    assert counts_of(snapshot).stale == 1
    assert "deadlock" in reasons_of(snapshot)[0].text
    assert any("no ReplicaSets" in warning for warning in snapshot.warnings)


def test_what_a_limit_range_filled_in_does_not_make_a_pod_stale() -> None:
    items = [
        worlds.node(),
        *worlds.deployment("ux-hub", 128, 256, tier="hub"),
        *worlds.pod("ux-hub", 128, 256),
    ]
    items[1]["spec"]["template"]["spec"]["containers"][0].pop("resources")
    items[-1]["status"]["containerStatuses"] = [{"name": "main", "resources": resources(128, 256)}]
    assert counts_of(snap(items)).stale == 0


def test_a_large_init_container_does_not_make_a_pod_stale() -> None:
    first = [{"name": "first", "resources": resources(400, 400)}]
    items = [
        worlds.node(),
        *worlds.deployment("ux-hub", 128, 256, tier="hub"),
        *worlds.pod("ux-hub", 128, 256),
    ]
    items[1]["spec"]["template"]["spec"]["initContainers"] = first
    items[-1]["spec"]["initContainers"] = first
    items[-1]["status"]["containerStatuses"] = [{"name": "main", "resources": resources(128, 256)}]
    assert counts_of(snap(items)).stale == 0


def test_sidecars_run_beside_the_containers_and_overhead_comes_on_top() -> None:
    spec = {
        "initContainers": [
            {"restartPolicy": "Always", "resources": resources(50, 60)},
            {"resources": resources(100, 100)},
        ],
        "containers": [{"resources": resources(64, 128)}],
    }
    assert (ask_of(spec).request, ask_of(spec).limit) == (150 * MIB, 188 * MIB)
    over = {"containers": spec["containers"], "overhead": {"memory": "20Mi", "cpu": "10m"}}
    assert (ask_of(over).request, ask_of(over).limit, ask_of(over).cpu) == (84 * MIB, 148 * MIB, 110)


def test_the_tightest_quota_counts_and_a_scoped_one_does_not() -> None:
    small, scoped = worlds.quota(5800), worlds.quota(100)
    scoped["spec"]["scopes"] = ["Terminating"]
    assert snap([*worlds.healthy()["items"], small, scoped]).ceiling == 5800 * MIB


def test_a_list_of_one_kind_yaml_and_standard_input_are_dumps_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = [item for item in worlds.crisis()["items"] if item["kind"] == "Pod"]
    bare = [{key: value for key, value in pod.items() if key != "kind"} for pod in pods]
    path = tmp_path / "pods.json"
    path.write_text(json.dumps({"kind": "PodList", "items": bare}))
    assert len(load_dump(path).pods) == 28
    path.write_text(yaml.safe_dump(worlds.crisis()))
    assert counts_of(load_dump(path)).pending == 8
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(worlds.crisis()).encode())))
    assert counts_of(load_dump(Path("-"))).pending == 8
    for text in ("a: [", "[" * 100_000, '{"items": [], "openpolicy": {"takenAt": "soon"}}'):
        path.write_text(text)
        with pytest.raises(BadDump):
            load_dump(path)


class Guarded:
    """A cluster whose user may list some kinds only."""

    namespace, cluster = "openpolicy", "guarded"

    def __init__(self, forbidden: set[str]) -> None:
        self.forbidden = forbidden

    def read_all(self, kind: str, selector: str = "") -> tuple[list[dict], str]:
        if kind in self.forbidden:
            raise ApiForbidden(f"you may not list {kind}")
        return [item for item in worlds.healthy()["items"] if item["kind"] == kind], "1"

    def metrics(self) -> None:
        return None


def test_what_the_user_may_not_list_is_named_and_the_rest_is_judged() -> None:
    forbidden = {"Node", "ResourceQuota", "Job", "PodElsewhere"}
    snapshot = observe(Guarded(forbidden), WallClock())  # type: ignore[arg-type]
    assert len(snapshot.pods) == 14
    assert snapshot.warnings[-1] == (
        "you may not list Nodes, Jobs, ResourceQuotas, pods of other namespaces: what they would show is "
        "missing here"
    )
    with pytest.raises(ApiForbidden):
        observe(Guarded({"Pod"}), WallClock())  # type: ignore[arg-type]
