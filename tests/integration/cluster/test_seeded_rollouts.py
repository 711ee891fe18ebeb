"""Seeded rollouts with injected faults: each ends promoted or cleanly rolled back, within the quota.

Forty of them by default; `OPENPOLICY_ROLLOUTS=200` runs two hundred, or as many as it says.
"""

import os
from pathlib import Path
from random import Random

import pytest

from services.cluster import release as records
from services.cluster.gates import GateSettings
from services.cluster.journal import Journal
from services.cluster.manifests import Manifest, digest
from services.cluster.rollout import Refused, Rollout
from services.cluster.table import load_table
from tests.unit.cluster.fake_api import CalmApi, FakeApi, Killed
from tests.unit.cluster.fake_cluster import FakeCluster, Faults
from tests.unit.cluster.platforms import SIZES, live_digests, manifests, plan_for, runs

SEEDS = int(os.environ.get("OPENPOLICY_ROLLOUTS", "40"))
CHUNKS = max(1, SEEDS // 20)
GATES = GateSettings(soak_s=15, sample_s=5)
TABLE = load_table()
FAULTS = ["crash", "image", "never", "errors", "hungry", "flaky", "slow-answers"]


def engine(world: FakeCluster, path: Path, scope: str, kill_at: int | None = None) -> Rollout:
    journal = Journal(path / "journal.jsonl", world.clock)
    return Rollout(
        FakeApi(world, kill_at=kill_at), world.clock, TABLE, journal, holder="operator", gates=GATES, scope=scope,  # type: ignore[arg-type]
    )  # fmt: skip


def to_the_end(world: FakeCluster, path: Path, scope: str, release: list, rng: Random) -> list[str]:
    """Roll out, with kills and pauses answered by resuming, as an operator would; return the outcomes."""
    outcomes: list[str] = []
    kills = rng.choice([0, 0, 1, 2, 3])
    begun = False
    for _ in range(12):
        kill_at = rng.randrange(5, 900) if kills else None
        kills -= 1 if kills else 0
        run = engine(world, path, scope, kill_at)
        try:
            if begun:
                result = run.resume()
            else:
                begun_before = len(records.numbers(CalmApi(world)))
                result = run.start(plan_for(world, release), release)
        except Killed:
            # The lease of the killed command runs out; then the operator comes back.
            world.clock.sleep(61)
            newest = records.newest(CalmApi(world))
            begun = begun or (newest is not None and len(records.numbers(CalmApi(world))) > begun_before)
            outcomes.append("killed")
            continue
        except Refused:
            # Killed after the end was recorded: nothing is left to resume.
            newest = records.newest(CalmApi(world))
            assert newest is not None
            outcomes.append(newest.status)
            return outcomes
        begun = True
        outcomes.append(result.outcome)
        if result.outcome != "paused":
            return outcomes
        world.clock.sleep(30)
    return outcomes


def one(seed: int, path: Path) -> tuple[list[str], list[str]]:
    rng = Random(seed)
    quota = rng.choice([5300, 5632, 6016, 6656])
    world = FakeCluster(Faults(rng=Random(seed + 1)))
    base = manifests(1, quota=quota)
    before: list[Manifest] = []
    if rng.random() < 0.8:
        before = base
        installed = engine(world, path, "wave").start(plan_for(world, base), base)
        assert installed.outcome == "promoted", (seed, installed)
    bad: dict[str, str] = {}
    for name in rng.sample(sorted(SIZES), rng.choice([0, 0, 1, 1, 2])):
        bad[name] = f"bad-{name}"
        world.faults.images[bad[name]] = rng.choice(FAULTS if name.endswith("-hub") else FAULTS[:3])
    for name in rng.sample(sorted(SIZES), rng.choice([0, 1, 2])):
        world.faults.images[f"openpolicy/{name}:v2"] = "slow"
    now = world.clock.seconds
    for _ in range(rng.choice([0, 0, 1, 2])):
        start = now + rng.uniform(0, 600)
        world.faults.away.append((start, start + rng.choice([3, 20, 60, 200])))
    world.faults.lost_answers = rng.choice([0, 0, 0.01])
    sizes = {
        name: rng.choice([SIZES[name], (128, 128), (192, 320)]) for name in ("ux-hub", "data-hub", "ops-hub")
    }
    release = manifests(2, quota=quota, bad=bad, sizes=sizes)
    scope = rng.choice(["wave", "all"])
    outcomes = to_the_end(world, path, scope, release, rng)
    world.faults.away = []
    world.clock.sleep(60)
    newest = records.newest(CalmApi(world))
    assert newest is not None, seed
    faults = runs(world, newest.manifests)
    faults += [] if newest.status == outcomes[-1] else [f"{outcomes[-1]}, recorded as {newest.status}"]
    if outcomes[-1] == "promoted":
        faults += ["promoted, but not what was asked for"] if newest.manifests != release else []
        faults += [f"promoted with {bad}"] if bad else []
    elif outcomes[-1] == "rolled-back":
        faults += [] if bad else ["rolled back without a fault"]
        faults += left_behind(world, before, release, set(bad), scope)
    else:
        faults.append(f"ended as {outcomes}")
    # A plan that fits never makes a controller ask for a pod that the quota refuses.
    faults += world.broken_rules + [f"refused: {text}" for text in world.store.refused]
    return outcomes, [f"seed {seed}: {fault}" for fault in faults]


def left_behind(
    world: FakeCluster, before: list[Manifest], release: list[Manifest], bad: set[str], scope: str
) -> list[str]:
    """Return in words what a rollback left that is neither the release before nor, of its good waves, the new one."""
    earlier = {m["metadata"]["name"]: digest(m) for m in before}
    wanted = {m["metadata"]["name"]: digest(m) for m in release}
    live = live_digests(world)
    if scope == "all":
        faults = [] if live == {name: earlier[name] for name in SIZES if before} else [f"{sorted(live)} run"]
    else:
        faults = [
            f"{name} is of no release"
            for name in SIZES
            if live.get(name) not in {earlier.get(name), wanted[name]}
        ]
    return faults + [f"{name} is still the bad one" for name in bad if live.get(name) == wanted[name]]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_each_ends_promoted_or_cleanly_rolled_back(tmp_path: Path, chunk: int) -> None:
    ends: dict[str, int] = {}
    faults: list[str] = []
    kills = 0
    for seed in range(chunk * SEEDS // CHUNKS, (chunk + 1) * SEEDS // CHUNKS):
        path = tmp_path / str(seed)
        outcomes, found = one(seed, path)
        ends[outcomes[-1]] = ends.get(outcomes[-1], 0) + 1
        kills += outcomes.count("killed")
        faults += found
    assert faults == []
    assert set(ends) <= {"promoted", "rolled-back"}
    assert len(ends) == 2, "a chunk in which nothing fails, or everything, proves little"
    assert kills, "a chunk in which no command is killed proves little"
