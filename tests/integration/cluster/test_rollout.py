"""Rollouts on a fake cluster: waves behind gates, memory kept, failures taken back, interruptions resumed."""

import threading
from pathlib import Path

import pytest

from services.cluster import release as records
from services.cluster.gates import GateSettings
from services.cluster.journal import Journal
from services.cluster.lease import Lease, LeaseHeld
from services.cluster.release import BadRelease
from services.cluster.rollout import Refused, Result, Rollout
from services.cluster.table import load_table
from tests.unit.cluster.fake_api import FakeApi
from tests.unit.cluster.fake_cluster import FakeCluster, Faults
from tests.unit.cluster.platforms import manifests, plan_for, runs

QUICK = GateSettings(soak_s=15, sample_s=5)


def rollout(
    world: FakeCluster, path: Path, *, api: FakeApi | None = None, scope: str = "wave", **more: object
) -> Rollout:
    said: list[str] = more.pop("said", [])  # type: ignore[assignment]
    return Rollout(
        api or FakeApi(world),
        world.clock,
        load_table(),
        Journal(path / "journal.jsonl", world.clock),
        holder=str(more.pop("holder", "test")),
        gates=more.pop("gates", QUICK),  # type: ignore[arg-type]
        scope=scope,  # type: ignore[arg-type]
        tell=said.append,
        **more,  # type: ignore[arg-type]
    )


def installed(path: Path, version: int = 1, **more: object) -> FakeCluster:
    world = FakeCluster(Faults())
    release = manifests(version, **more)  # type: ignore[arg-type]
    result = rollout(world, path).start(plan_for(world, release), release)
    assert result.outcome == "promoted", result
    assert runs(world, release) == []
    return world


def change(world: FakeCluster, path: Path, release: list, **more: object) -> Result:
    return rollout(world, path, **more).start(plan_for(world, release), release)  # type: ignore[arg-type]


def test_a_first_install_brings_every_workload_up_within_the_quota(tmp_path: Path) -> None:
    world = installed(tmp_path)
    assert world.broken_rules == []
    events = [entry["event"] for entry in Journal(tmp_path / "journal.jsonl", world.clock).entries()]
    assert events[0] == "begin"
    assert events[-1] == "promoted"


def test_an_update_goes_in_waves_and_the_gateway_last(tmp_path: Path) -> None:
    world = installed(tmp_path)
    said: list[str] = []
    release = manifests(2)
    assert change(world, tmp_path, release, said=said).outcome == "promoted"
    order = [line.split()[3] for line in said if " apply " in line]
    assert order.index("postgresql") < order.index("redis") < order.index("rabbitmq") < order.index("scraper")
    assert order.index("migrate") < order.index("security-hub") < order.index("data-hub")
    assert order[-1] == "ux-hub"
    assert runs(world, release) == []
    assert world.broken_rules == []


def test_rolling_out_the_same_again_changes_nothing(tmp_path: Path) -> None:
    world = installed(tmp_path)
    plan = plan_for(world, manifests(1))
    assert [step.workload for step in plan.steps if step.action == "apply"] in ([], ["migrate"])


@pytest.mark.parametrize("fault", ["crash", "image", "never", "errors", "slow-answers", "hungry", "flaky"])
def test_a_bad_hub_is_taken_back_and_the_waves_before_it_stay(tmp_path: Path, fault: str) -> None:
    world = installed(tmp_path)
    world.faults.images["bad"] = fault
    said: list[str] = []
    release = manifests(2, bad={"business-hub": "bad"})
    result = change(world, tmp_path, release, said=said)
    assert (result.outcome, result.exit_code) == ("rolled-back", 2)
    effective = records.newest(FakeApi(world)).manifests  # type: ignore[union-attr]
    world.clock.sleep(30)
    assert runs(world, effective) == []
    images = {
        m["metadata"]["name"]: m["spec"]["template"]["spec"]["containers"][0]["image"]
        for m in effective
        if m["kind"] in {"Deployment", "StatefulSet"}
    }
    assert images["business-hub"].endswith(":v1")
    assert images["security-hub"].endswith(":v2")
    assert images["ux-hub"].endswith(":v1")
    assert world.broken_rules == []


def test_with_the_whole_scope_everything_is_as_it_was(tmp_path: Path) -> None:
    world = installed(tmp_path)
    world.faults.images["bad"] = "crash"
    result = change(world, tmp_path, manifests(2, bad={"ux-hub": "bad"}), scope="all")
    assert result.outcome == "rolled-back"
    world.clock.sleep(30)
    assert runs(world, manifests(1)) == []


def test_a_failed_first_install_leaves_no_broken_workload_behind(tmp_path: Path) -> None:
    world = FakeCluster(Faults(images={"bad": "crash"}))
    release = manifests(1, bad={"data-hub": "bad"})
    result = change(world, tmp_path, release)
    assert result.outcome == "rolled-back"
    world.clock.sleep(30)
    assert runs(world, records.newest(FakeApi(world)).manifests) == []  # type: ignore[union-attr]
    assert ("Deployment", "data-hub") not in world.store.objects
    assert ("StatefulSet", "postgresql") in world.store.objects


def test_the_crashing_pod_s_last_words_are_told(tmp_path: Path) -> None:
    world = installed(tmp_path)
    world.faults.images["bad"] = "crash"
    said: list[str] = []
    change(world, tmp_path, manifests(2, bad={"ops-hub": "bad"}), said=said)
    assert any("the last words of ops-hub" in line for line in said)


def test_the_pod_of_a_bad_stateful_revision_is_deleted_by_the_rollback(tmp_path: Path) -> None:
    world = installed(tmp_path)
    world.faults.images["bad"] = "crash"
    said: list[str] = []
    result = change(world, tmp_path, manifests(2, bad={"redis": "bad"}), said=said)
    assert result.outcome == "rolled-back"
    assert any("deleted redis-0 of the bad revision" in line for line in said)
    world.clock.sleep(30)
    assert runs(world, records.newest(FakeApi(world)).manifests) == []  # type: ignore[union-attr]


def test_a_failed_migration_stops_before_any_hub(tmp_path: Path) -> None:
    world = installed(tmp_path)
    world.faults.images["openpolicy/migrate:v2"] = "crash"
    result = change(world, tmp_path, manifests(2))
    assert result.outcome == "rolled-back"
    hub = world.store.objects["Deployment", "security-hub"]
    assert hub["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":v1")


def test_a_surge_without_room_is_a_replacement_that_ends_with_the_declared_strategy(tmp_path: Path) -> None:
    tight = {"quota": 5600, "sizes": {"ux-hub": (256, 512)}}
    world = installed(tmp_path, **tight)
    release = manifests(2, **tight)  # type: ignore[arg-type]
    plan = plan_for(world, release)
    assert {s.mode for s in plan.steps if s.workload == "ux-hub"} == {"replace"}
    assert rollout(world, tmp_path).start(plan, release).outcome == "promoted"
    assert runs(world, release) == []
    assert world.broken_rules == []


def test_a_plan_that_does_not_fit_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    world = installed(tmp_path)
    before = dict(world.store.objects)
    release = manifests(2, sizes=dict.fromkeys(("security-hub", "data-hub", "ux-hub"), (1024, 1024)))
    with pytest.raises(Refused, match="do.* fit: .*Mi are missing"):
        change(world, tmp_path, release)
    assert {k: v for k, v in world.store.objects.items() if k[0] != "Lease"} == {
        k: v for k, v in before.items() if k[0] != "Lease"
    }


def test_too_few_requests_pause_and_resuming_goes_on(tmp_path: Path) -> None:
    world = installed(tmp_path)
    strict = GateSettings(soak_s=15, sample_s=5, min_requests=10_000)
    release = manifests(2)
    result = change(world, tmp_path, release, gates=strict)
    assert (result.outcome, result.exit_code) == ("paused", 4)
    assert rollout(world, tmp_path).resume().outcome == "promoted"
    assert runs(world, release) == []


def test_ctrl_c_pauses_after_the_current_step(tmp_path: Path) -> None:
    world = installed(tmp_path)
    stop = threading.Event()
    said: list[str] = []

    class Stopping(list):
        def append(self, text: str) -> None:
            super().append(text)
            if " apply security-hub" in text:
                stop.set()

    said = Stopping()
    release = manifests(2)
    result = change(world, tmp_path, release, stop=stop, said=said)
    assert result.outcome == "paused"
    assert not any(" apply data-hub" in line for line in said)
    assert rollout(world, tmp_path).resume().outcome == "promoted"
    assert runs(world, release) == []


def test_an_api_server_that_is_away_for_a_minute_is_waited_for(tmp_path: Path) -> None:
    world = installed(tmp_path)
    now = world.clock.seconds
    world.faults.away = [(now + 30, now + 90)]
    release = manifests(2)
    assert change(world, tmp_path, release).outcome == "promoted"
    assert runs(world, release) == []


def test_an_api_server_that_stays_away_pauses_the_rollout(tmp_path: Path) -> None:
    world = installed(tmp_path)
    now = world.clock.seconds
    world.faults.away = [(now + 30, now + 900)]
    release = manifests(2)
    assert change(world, tmp_path, release).outcome == "paused"
    world.faults.away = []
    assert rollout(world, tmp_path).resume().outcome == "promoted"
    assert runs(world, release) == []


def test_two_operators_do_not_roll_out_at_once(tmp_path: Path) -> None:
    world = installed(tmp_path)
    Lease(FakeApi(world), world.clock, "somebody").acquire()
    with pytest.raises(LeaseHeld, match="somebody"):
        change(world, tmp_path, manifests(2))
    world.clock.sleep(61)
    assert change(world, tmp_path, manifests(2)).outcome == "promoted"


def test_an_open_release_is_resumed_or_rolled_back_before_another_begins(tmp_path: Path) -> None:
    world = installed(tmp_path)
    change(world, tmp_path, manifests(2), gates=GateSettings(soak_s=15, min_requests=10_000))
    with pytest.raises(Refused, match="release 2 is paused"):
        change(world, tmp_path, manifests(3))
    assert rollout(world, tmp_path).roll_back("all").outcome == "rolled-back"
    world.clock.sleep(30)
    assert runs(world, manifests(1)) == []
    assert change(world, tmp_path, manifests(3)).outcome == "promoted"


def test_rolling_back_a_promoted_release_applies_the_one_before(tmp_path: Path) -> None:
    world = installed(tmp_path)
    change(world, tmp_path, manifests(2))
    assert rollout(world, tmp_path).roll_back("all").outcome == "rolled-back"
    world.clock.sleep(30)
    assert runs(world, manifests(1)) == []


def test_a_rollback_that_does_not_fit_stops_and_says_what_is_missing(tmp_path: Path) -> None:
    world = installed(tmp_path, sizes={"business-hub": (512, 1024)})
    assert change(world, tmp_path, manifests(2)).outcome == "promoted"
    # Somebody else took the memory that the smaller release freed.
    quota = world.store.objects["ResourceQuota", "openpolicy"]
    quota["spec"]["hard"]["limits.memory"] = "5312Mi"
    found = records.newest(FakeApi(world))
    assert found is not None
    earlier = records.load(FakeApi(world), 1)
    assert earlier is not None
    for manifest in earlier.manifests:
        if manifest["kind"] == "ResourceQuota":
            manifest["spec"]["hard"]["limits.memory"] = "5312Mi"
    records.save(FakeApi(world), earlier)
    result = rollout(world, tmp_path).roll_back("all")
    assert (result.outcome, result.exit_code) == ("rollback-failed", 3)
    assert "business-hub does not fit back" in result.text


def test_only_five_releases_and_their_configuration_are_kept(tmp_path: Path) -> None:
    world = installed(tmp_path)
    for version in range(2, 9):
        assert change(world, tmp_path, manifests(version)).outcome == "promoted"
    assert records.numbers(FakeApi(world)) == [4, 5, 6, 7, 8]
    configs = {
        name for kind, name in world.store.objects if kind == "ConfigMap" and name.startswith("platform")
    }
    assert configs == {f"platform-v{version}" for version in range(4, 9)}


def test_a_damaged_record_is_said_to_be_damaged(tmp_path: Path) -> None:
    world = installed(tmp_path)
    world.store.objects["ConfigMap", "openpolicy-release-1"]["data"]["release"] = "bm9uc2Vuc2U="
    with pytest.raises(BadRelease, match="damaged"):
        rollout(world, tmp_path).resume()


def test_a_journal_that_was_cut_short_is_still_read_and_written(tmp_path: Path) -> None:
    world = FakeCluster()
    journal = Journal(tmp_path / "journal.jsonl", world.clock)
    journal.note("begin", release=1)
    with journal.path.open("ab") as file:
        file.write(b'{"event": "st')
    journal.note("step", step=2)
    assert [entry["event"] for entry in journal.entries()] == ["begin", "step"]
