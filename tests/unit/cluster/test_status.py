"""Status tells how well a cluster is, by which rule, and why a workload is not healthy."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.cluster.dump import BadDump, load_dump, snapshot_of
from services.cluster.formats import FORMATS, bar, show_report
from services.cluster.levels import Level, counts_of, judge, sums_of
from services.cluster.objects import Snapshot
from services.cluster.quantity import MIB
from services.cluster.reasons import reasons_of
from services.cluster.report import make_report
from tests.unit.cluster import worlds


def snap(document: dict) -> Snapshot:
    return snapshot_of(document["items"], namespace="openpolicy", cluster="test", taken_at=worlds.NOW)


def rules(snapshot: Snapshot) -> str:
    return "; ".join(f"{rule.level.name} {rule.text}" for rule in judge(snapshot)[1])


def test_the_founding_crisis_is_critical_with_its_own_numbers() -> None:
    snapshot = snap(worlds.crisis())
    sums, counts = sums_of(snapshot), counts_of(snapshot)
    assert (sums.requests // MIB, sums.limits // MIB) == (7714, 15238)
    assert (counts.running, counts.pending, counts.stale) == (18, 8, 3)
    level, _ = judge(snapshot)
    assert level is Level.CRITICAL
    said = rules(snapshot)
    assert "CRITICAL limits are 194% of allocatable memory" in said
    assert "CRITICAL postgresql (infra) has 0 of 1 ready" in said
    assert "WARNING 8 pods are pending" in said
    assert "WARNING 3 pods are stale" in said
    text = show_report(make_report(snapshot), "table")
    assert "requests 98%" in text
    assert "limits 194%" in text


def test_pods_that_no_node_took_are_never_part_of_the_sums() -> None:
    snapshot = snap(worlds.crisis())
    assert sums_of(snapshot).pending == sum(request for request, _ in worlds.PENDING.values()) * MIB
    assert sums_of(snapshot).requests < snapshot.allocatable


def test_without_metrics_the_level_comes_from_requests_and_says_so() -> None:
    snapshot = snap(worlds.healthy(measured=False))
    level, said = judge(snapshot)
    assert level >= Level.HEALTHY
    assert any("(by requests)" in rule.text for rule in said)
    assert sums_of(snapshot).used is None
    text = show_report(make_report(snapshot), "table")
    assert "usage unknown (by requests)" in text
    assert "[no metrics]" in text


def test_the_planned_platform_is_optimal() -> None:
    level, said = judge(snap(worlds.healthy()))
    assert level is Level.OPTIMAL, said
    assert make_report(snap(worlds.healthy())).reasons == ()


@pytest.mark.parametrize(
    ("used", "level"),
    [
        (2300, Level.OPTIMAL),
        (2400, Level.HEALTHY),
        (3900, Level.HEALTHY),
        (3920, Level.WARNING),
        (6300, Level.CRITICAL),
    ],
)
def test_use_decides_at_thirty_fifty_and_eighty_percent(used: int, level: Level) -> None:
    items = [worlds.node()]
    items += worlds.deployment("ux-hub", 500, 1000, tier="hub", kind="StatefulSet")
    items += worlds.pod("ux-hub", 500, 1000, used=used, kind="StatefulSet")
    assert judge(snap(worlds.dump(items)))[0] is level


def test_a_node_under_memory_pressure_is_critical() -> None:
    items = [worlds.node(pressure=True), *worlds.healthy()["items"][1:]]
    assert judge(snap(worlds.dump(items)))[0] is Level.CRITICAL


def test_too_little_room_for_a_rollout_is_a_warning() -> None:
    level, said = judge(snap(worlds.healthy(with_quota=5700)))
    assert level is Level.WARNING
    assert any("surge slack 196Mi is less than a rollout needs, 512Mi" in rule.text for rule in said)


def test_a_kill_for_want_of_memory_counts_for_an_hour() -> None:
    def killed(seconds_ago: float) -> Snapshot:
        ended = {"reason": "OOMKilled", "finishedAt": worlds.stamp(seconds_ago)}
        items = worlds.healthy()["items"]
        for item in items:
            if item["kind"] == "Pod" and "ux-hub" in item["metadata"]["name"]:
                item["status"]["containerStatuses"] = [
                    {"name": "main", "restartCount": 1, "lastState": {"terminated": ended}, "state": {}}
                ]
        return snap(worlds.dump(items))

    assert counts_of(killed(600)).oom_killed == 1
    assert judge(killed(600))[0] is Level.WARNING
    assert judge(killed(7200))[0] is Level.OPTIMAL


def test_the_deadlock_is_named_with_both_pods_and_numbers() -> None:
    [reason] = reasons_of(snap(worlds.deadlock()))
    assert reason.workload == "postgresql"
    assert "waits for 1,024Mi (584Mi free)" in reason.text
    assert "postgresql-695559f655-1 of the older revision holds 512Mi" in reason.text
    assert "evict --stale" in reason.advice


def test_a_quota_that_blocks_a_surge_is_explained_with_what_is_still_terminating() -> None:
    message = 'pods "ux-hub-1" is forbidden: exceeded quota: openpolicy, requested: limits.memory=256Mi'
    items = [worlds.node(), worlds.quota(1024)]
    items += worlds.deployment("ux-hub", 128, 256, tier="hub", blocked=message)
    items += worlds.pod("ux-hub", 128, 256, revision="old")
    items += worlds.pod("ux-hub", 128, 640, revision="older", place="terminating", number=2)
    [reason] = reasons_of(snap(worlds.dump(items)))
    assert "quota limits.memory: needs 256Mi, 128Mi free; 640Mi still terminating" in reason.text
    assert reason.advice.startswith("wait")


def test_resources_that_a_running_pod_does_not_have_yet_make_it_stale() -> None:
    items = [worlds.node(), *worlds.deployment("ux-hub", 256, 512, tier="hub")]
    items += worlds.pod("ux-hub", 256, 512)
    for item in items:
        if item["kind"] == "Pod":
            item["status"]["containerStatuses"] = [
                {"name": "main", "resources": worlds.resources(128, 256), "state": {"running": {}}}
            ]
    snapshot = snap(worlds.dump(items))
    assert counts_of(snapshot).stale == 1
    [reason] = reasons_of(snapshot)
    assert "runs with a limit of 256Mi; the template says 512Mi" in reason.text


@pytest.mark.parametrize("waiting", ["CrashLoopBackOff", "ImagePullBackOff", "CreateContainerConfigError"])
def test_a_pod_that_cannot_start_is_explained(waiting: str) -> None:
    items = [worlds.node(), *worlds.deployment("ux-hub", 128, 256, tier="hub", ready=0)]
    items += worlds.pod("ux-hub", 128, 256, place="crashing", waiting=waiting)
    [reason] = reasons_of(snap(worlds.dump(items)))
    assert f"is in {waiting} after 7 restarts" in reason.text
    assert judge(snap(worlds.dump(items)))[0] is Level.WARNING


def test_all_26_former_services_are_counted_by_the_workloads_that_carry_them() -> None:
    from services.cluster.table import load_table

    report = make_report(snap(worlds.healthy()), services=load_table().logical_services())
    assert (report.services_up, report.services_total) == (26, 26)
    less = [item for item in worlds.healthy()["items"] if "ux-hub" not in item["metadata"]["name"]]
    assert make_report(snap(worlds.dump(less)), services=load_table().logical_services()).services_up == 20


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("world", [worlds.crisis, worlds.healthy, worlds.deadlock])
def test_every_format_is_well_formed_and_holds_every_workload(form: str, world: object) -> None:
    snapshot = snap(world())  # type: ignore[operator]
    text = show_report(make_report(snapshot), form)  # type: ignore[arg-type]
    names = {workload.name for workload in snapshot.workloads}
    if form == "json":
        found = {row["workload"] for row in json.loads(text)["workloads"]}
    elif form == "yaml":
        found = {row["workload"] for row in yaml.safe_load(text)["workloads"]}
    elif form == "csv":
        found = {row["workload"] for row in csv.DictReader(io.StringIO(text))}
    elif form == "junit":
        suite = ET.fromstring(text)
        found = {case.get("name") for case in suite} & names
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
    else:
        found = {name for name in names if name in text}
    assert found == names


def test_a_report_tells_words_not_only_colours() -> None:
    assert "\x1b" not in show_report(make_report(snap(worlds.crisis())), "table")


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_bar_is_always_twenty_places(part: int, whole: int) -> None:
    assert len(bar(part, whole)) == 20


def test_a_dump_is_read_from_a_file_and_anything_else_is_refused(tmp_path: Path) -> None:
    good = tmp_path / "crisis.json"
    good.write_text(json.dumps(worlds.crisis()))
    assert load_dump(good).cluster == "docker-desktop"
    assert load_dump(good).taken_at == worlds.NOW
    for text in (
        "",
        "[]",
        "{}",
        '{"items": 3}',
        '{"items": [3]}',
        '{"items": [{"kind": "Node", "metadata": {}}]}',
        "\x00\xff",
    ):
        bad = tmp_path / "bad.json"
        bad.write_text(text)
        with pytest.raises(BadDump):
            load_dump(bad)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["kind", "metadata", "name", "spec", "status", "containers", "resources", "replicas"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_hostile_objects_are_read_or_refused_and_never_crash(item: object) -> None:
    try:
        snapshot = snapshot_of([item], namespace="openpolicy", cluster="x", taken_at=worlds.NOW)  # type: ignore[list-item]
    except BadDump:
        return
    judge(snapshot)


def test_an_empty_cluster_is_unknown_not_an_error() -> None:
    level, _ = judge(snap(worlds.dump([])))
    assert level is Level.UNKNOWN
