"""Plans: memory is simulated at every step, and no step goes beyond the quota."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cluster.budget import load_budget
from services.cluster.dump import snapshot_of
from services.cluster.formats import FORMATS, show_plan
from services.cluster.objects import Ask, Snapshot
from services.cluster.plan import BadPlan, Plan, load_plan
from services.cluster.planning import make_plan
from services.cluster.quantity import MIB
from services.cluster.table import load_table
from services.cluster.targets import Target, former_service
from tests.unit.cluster import worlds


def snap(document: dict) -> Snapshot:
    return snapshot_of(document["items"], namespace="openpolicy", cluster="test", taken_at=worlds.NOW)


def platform(**changed: tuple[int, int]) -> list[Target]:
    """Return the platform of the table, sized by the budget (request, limit in Mi)."""
    budget = load_budget().component
    found = []
    for component in load_table().component:
        if component.kind in {"CronJob"}:
            continue
        size = budget.get(component.name)
        request, limit = changed.get(
            component.name.replace("-", "_"), (size.request, size.limit) if size else (128, 256)
        )
        found.append(
            Target(
                kind=component.kind, name=component.name, tier=component.tier, wave=component.wave,
                phase=component.phase, replicas=1, ask=Ask(request * MIB, limit * MIB, 100),
                surges=component.strategy == "surge", services=component.services, digest=f"d-{component.name}",
            )
        )  # fmt: skip
    return sorted(found, key=lambda target: target.wave)


def expected() -> dict[str, int]:
    return {name: part.expected * MIB for name, part in load_budget().component.items()}


def crisis_plan() -> Plan:
    return make_plan(snap(worlds.crisis()), platform(), quota=6656 * MIB, expected=expected())


def test_the_founding_crisis_gets_a_plan_under_eighty_fifty_and_thirty_percent() -> None:
    plan = crisis_plan()
    assert plan.refusal is None
    reached = {(what, bound): step for what, bound, step in plan.milestones()}
    assert reached["requests", 0.80] <= 6
    assert reached["requests", 0.50] <= len(plan.steps)
    assert ("usage", 0.30) in reached
    last = plan.steps[-1]
    assert last.requests_after / plan.allocatable < 0.50
    assert last.usage_after is not None
    assert last.usage_after / plan.allocatable < 0.30
    assert last.limits_after <= 6656 * MIB


def test_the_crisis_plan_frees_before_it_takes_and_ends_with_the_whole_platform() -> None:
    plan = crisis_plan()
    assert [step.action for step in plan.steps[:2]] == ["clear", "withdraw"]
    objects = next(step for step in plan.steps if step.action == "objects")
    assert objects.limits_after <= 6656 * MIB
    for step in plan.steps:
        assert step.limits_peak <= max(step.limits_before, 6656 * MIB)
        if step.number < objects.number:
            assert step.limits_after <= step.limits_before
        else:
            assert step.limits_peak <= 6656 * MIB
    applied = [step.workload for step in plan.steps if step.action in {"apply", "absorb"}]
    assert applied.index("postgresql") < applied.index("redis") < applied.index("rabbitmq")
    assert applied.index("migrate") < applied.index("security-hub") < applied.index("data-hub")
    assert applied[-1] == "ux-hub"
    assert set(applied) == {target.name for target in platform()}


def test_every_former_service_ends_or_is_the_platform_s_own_in_the_crisis_plan() -> None:
    plan = crisis_plan()
    gone = {step.workload for step in plan.steps if step.action == "retire"}
    gone |= {name for step in plan.steps for name in step.replaces}
    kept = {target.name for target in platform()}
    assert {*worlds.RUNNING} - kept <= gone


def test_the_deadlocked_workload_is_replaced_not_surged() -> None:
    world = worlds.deadlock(with_quota=None)
    target = Target(
        "Deployment", "postgresql", "infra", 1, 1, 1, Ask(1024 * MIB, 1024 * MIB, 500), True, (), "d"
    )
    plan = make_plan(snap(world), [target])
    step = next(step for step in plan.steps if step.workload == "postgresql")
    assert step.mode == "replace"
    assert step.downtime_s > 0


def test_a_full_quota_refuses_and_says_how_much_is_missing_and_what_would_free_it() -> None:
    targets = platform(ux_hub=(512, 1024), data_hub=(512, 1024))
    plan = make_plan(snap(worlds.healthy(with_quota=5600)), targets)
    assert plan.refusal is not None
    assert plan.refusal.missing > 0
    assert "does not fit" in plan.refusal.words()
    assert plan.refusal.freed_by


def test_a_surge_that_does_not_fit_becomes_a_replacement() -> None:
    wanted = platform(ux_hub=(129, 256))
    roomy = make_plan(
        snap(worlds.healthy()), wanted, live={t.name: t.digest for t in wanted if t.name != "ux-hub"}
    )
    tight = make_plan(
        snap(worlds.healthy(with_quota=5600)),
        wanted,
        live={t.name: t.digest for t in wanted if t.name != "ux-hub"},
    )
    assert [step.mode for step in roomy.steps if step.workload == "ux-hub"] == ["surge"]
    assert [step.mode for step in tight.steps if step.workload == "ux-hub"] == ["replace"]


def test_a_decrease_goes_first_when_another_needs_its_memory() -> None:
    targets = platform(security_hub=(128, 640), data_hub=(64, 128), business_hub=(64, 128))
    plan = make_plan(snap(worlds.healthy(with_quota=5632)), targets)
    order = [step.workload for step in plan.steps if step.action == "apply"]
    assert plan.refusal is None
    assert order.index("data-hub") < order.index("security-hub")


def test_equal_manifests_need_no_step() -> None:
    targets = platform()
    plan = make_plan(snap(worlds.healthy()), targets, live={t.name: t.digest for t in targets})
    assert plan.is_empty
    assert "nothing to do" in show_plan(plan, "table")


def test_only_the_asked_phases_are_planned() -> None:
    plan = make_plan(snap(worlds.crisis()), platform(), quota=6656 * MIB, phases=[1])
    applied = {step.workload for step in plan.steps if step.action in {"apply", "absorb"}}
    assert applied == {"postgresql", "redis", "rabbitmq", "scraper"}


def test_a_saved_plan_is_the_same_plan(tmp_path: Path) -> None:
    plan = crisis_plan()
    plan.save(tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    "text", ["", "{}", '{"version": 1}', '{"version": 2}', '{"version": 1, "steps": [{}], "sizes": {}}']
)
def test_a_damaged_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(BadPlan):
        load_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("form", FORMATS)
def test_a_plan_is_shown_in_every_format(form: str) -> None:
    text = show_plan(crisis_plan(), form)  # type: ignore[arg-type]
    assert "security-hub" in text
    if form == "json":
        assert json.loads(text)["steps"][0]["number"] == 1


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("auth-service", "auth"),
        ("openpolicy-etl", "etl"),
        ("api-gateway", "api-gateway"),
        ("mobile", "mobile-api"),
    ],
)
def test_former_services_are_known_by_their_names(name: str, service: str) -> None:
    assert former_service(name) == service


# ---- properties

asks = st.builds(
    lambda request, more: Ask(request * MIB, (request + more) * MIB, 10),
    st.integers(32, 512),
    st.integers(0, 512),
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Snapshot, list[Target], int, bool]:
    """Return a cluster, what it should become, a quota in bytes, and whether the cluster enforces it already."""
    names = [f"w{number}" for number in range(draw(st.integers(1, 7)))]
    enforced = draw(st.booleans())
    items, targets = [worlds.node("8192Mi")], []
    held = 0
    for number, name in enumerate(names):
        kind = draw(st.sampled_from(["Deployment", "StatefulSet"]))
        if draw(st.integers(0, 3)):
            ask, count = draw(asks), draw(st.integers(1, 3))
            request, limit = ask.request // MIB, (ask.limit or 0) // MIB
            items += worlds.deployment(name, request, limit, replicas=count, ready=count, kind=kind)
            for index in range(count):
                items += worlds.pod(
                    name, request, limit, kind=kind, number=index, used=draw(st.integers(1, 100))
                )
                held += limit
        if draw(st.integers(0, 3)):
            targets.append(
                Target(kind, name, "hub", 1 + number % 3, 1, draw(st.integers(1, 3)), draw(asks),
                       draw(st.booleans()) and kind == "Deployment", (), f"new-{name}")
            )  # fmt: skip
    quota = max(held, draw(st.integers(256, 6000))) if enforced else draw(st.integers(256, 6000))
    if enforced:
        items.append(worlds.quota(quota))
    return snap(worlds.dump(items)), targets, quota * MIB, enforced


@settings(max_examples=200, deadline=None)
@given(changes())
def test_no_step_of_any_plan_exceeds_the_quota(change: tuple[Snapshot, list[Target], int, bool]) -> None:
    snapshot, targets, quota, enforced = change
    plan = make_plan(snapshot, targets, quota=quota)
    held = sum(pod.ask.charge for pod in snapshot.pods if pod.is_counted)
    for step in plan.steps:
        assert step.limits_before == held
        assert step.limits_peak >= max(step.limits_before, step.limits_after)
        if enforced or step.limits_before <= quota:
            assert step.limits_peak <= quota
        else:
            assert step.limits_peak <= step.limits_before
        assert step.requests_peak <= max(step.requests_before, snapshot.allocatable)
        held = step.limits_after


@settings(max_examples=200, deadline=None)
@given(changes())
def test_a_plan_reaches_every_target_or_refuses(change: tuple[Snapshot, list[Target], int, bool]) -> None:
    snapshot, targets, quota, _ = change
    plan = make_plan(snapshot, targets, quota=quota)
    held = {}
    for pod in snapshot.pods:
        held[pod.owner] = held.get(pod.owner, 0) + pod.ask.charge
    wanted = {target.name: target.ask.charge * target.replicas for target in targets}
    assert plan.sizes == {t.name: (t.ask.request, t.ask.charge, t.replicas) for t in targets}
    if plan.refusal is not None:
        assert plan.refusal.missing > 0
        assert plan.refusal.workload in wanted
        return
    after = plan.steps[-1].limits_after if plan.steps else sum(held.values())
    assert after == sum({**held, **wanted}.values())


@settings(max_examples=100, deadline=None)
@given(changes())
def test_planning_again_after_the_plan_finds_nothing_to_do(
    change: tuple[Snapshot, list[Target], int, bool],
) -> None:
    _, targets, _, _ = change
    items = [worlds.node("8192Mi")]
    for target in targets:
        request, limit = target.ask.request // MIB, (target.ask.limit or 0) // MIB
        items += worlds.deployment(target.name, request, limit, replicas=target.replicas, kind=target.kind)
        for index in range(target.replicas):
            items += worlds.pod(target.name, request, limit, kind=target.kind, number=index)
    for item in items:
        if item["kind"] == "Pod":
            item["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "10m"
    assert make_plan(snap(worlds.dump(items)), targets).is_empty
