"""Make the plan: liberate memory, then wave by wave; every step simulated, none that does not fit.

Order: clear finished pods; withdraw what only waits; scale duplicates down; lower what shrinks, largest
decrease first; guardrails; then waves. A step that does not fit waits for one of its wave that frees memory;
then former services end before their hub takes over; then later waves that free memory go first; when nothing
is left the plan refuses and says how much is missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.cluster.objects import Ask, Snapshot, Workload
from services.cluster.plan import Action, Mode, Plan, Refusal, Step
from services.cluster.simulate import (
    Peak,
    Room,
    State,
    fits,
    initial_state,
    missing,
    replace,
    rolling_replace,
    surge,
)
from services.cluster.targets import Target, absorbed_by

# Seconds without an answer when a pod is replaced: drain, start, first readiness; measured start times of the
# processes, rounded up. Printed as an estimate, never used to decide.
DOWNTIME_S = {"hub": 12, "worker": 10, "infra": 20, "job": 0}


@dataclass
class _Draft:
    """The plan while it grows."""

    snapshot: Snapshot
    room: Room
    state: State
    usage: dict[str, int | None]
    steps: list[Step] = field(default_factory=list)

    def add(
        self,
        action: Action,
        workload: str,
        peak: Peak,
        *,
        wave: int = 0,
        phase: int = 1,
        mode: Mode = "none",
        downtime_s: int = 0,
        replaces: tuple[str, ...] = (),
        note: str = "",
    ) -> None:
        self.steps.append(
            Step(
                number=len(self.steps) + 1,
                action=action,
                workload=workload,
                wave=wave,
                phase=phase,
                mode=mode,
                limits_before=self.state.limits,
                limits_peak=peak.limits,
                limits_after=peak.limits_after,
                requests_before=self.state.requests,
                requests_peak=peak.requests,
                requests_after=peak.requests_after,
                usage_after=None,
                downtime_s=downtime_s,
                replaces=replaces,
                note=note,
            )
        )

    def settle(self, held: Mapping[str, list[Ask]]) -> None:
        """Take a step's outcome over and note the use that is expected after it."""
        from dataclasses import replace as changed

        for name, asks in held.items():
            self.state.set(name, asks)
        known = [self.usage.get(name) for name in self.state.held]
        use = None if any(one is None for one in known) else sum(one or 0 for one in known)
        self.steps[-1] = changed(self.steps[-1], usage_after=use)

    def unchanged(self) -> Peak:
        """Return the peak of a step that makes and ends no pod."""
        return Peak(self.state.limits, self.state.requests, self.state.limits, self.state.requests)


def make_plan(
    snapshot: Snapshot,
    targets: Iterable[Target],
    *,
    quota: int | None = None,
    expected: Mapping[str, int] | None = None,
    live: Mapping[str, str] | None = None,
    target_digest: str = "",
    phases: Iterable[int] = (1, 2, 3, 4),
    force: bool = False,
) -> Plan:
    """Return the plan from a snapshot to targets.

    quota: bytes that the guardrails will allow, where the cluster has no quota yet. expected: bytes that each
    workload is expected to use, for those not measured. live: digest of each running workload's manifest;
    equal ones need no step unless ``force``.
    """
    everything = list(targets)
    wanted = [target for target in everything if target.phase in set(phases)]
    enforced = snapshot.quota.limits if snapshot.quota else None
    room = Room(
        # A user who may not see the nodes plans by the quota alone.
        limits=enforced if enforced is not None else quota or snapshot.allocatable,
        requests=max(0, snapshot.allocatable - snapshot.elsewhere) if snapshot.nodes else sys.maxsize,
        is_enforced=enforced is not None,
    )
    draft = _Draft(snapshot, room, initial_state(snapshot), _usage(snapshot, wanted, expected or {}))
    begins_within = draft.state.limits <= room.limits
    absorbed = absorbed_by(snapshot, everything)
    _liberate(draft, wanted, absorbed)
    pending = [t for t in wanted if force or _needs_step(draft, t, live or {}, absorbed)]
    refusal = _waves(draft, pending, everything, absorbed, quota)
    return Plan(
        cluster=snapshot.cluster,
        namespace=snapshot.namespace,
        room_limits=room.limits,
        allocatable=snapshot.allocatable,
        target_digest=target_digest,
        steps=tuple(draft.steps),
        sizes={t.name: (t.ask.request, t.ask.charge, t.replicas) for t in wanted if t.kind != "Job"},
        refusal=refusal,
        keeps_quota=begins_within,
    )


def _usage(
    snapshot: Snapshot, targets: Iterable[Target], expected: Mapping[str, int]
) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for pod in snapshot.pods:
        if pod.is_counted:
            name = pod.owner or pod.name
            known = found.get(name, 0)
            found[name] = None if pod.use is None or known is None else known + pod.use.memory
    for target in targets:
        if target.name in expected:
            found[target.name] = expected[target.name] * target.replicas
        elif target.name not in found:
            found[target.name] = None
    return found


def _needs_step(
    draft: _Draft, target: Target, live: Mapping[str, str], absorbed: Mapping[str, list[Workload]]
) -> bool:
    held = draft.state.of(target.name)
    if target.kind == "Job":
        return live.get(target.name) != target.digest
    if any(draft.state.of(workload.name) for workload in absorbed.get(target.name, [])):
        return True
    if target.name in live:
        return live[target.name] != target.digest or len(held) != target.replicas
    return held != [target.ask] * target.replicas


# ---- liberate


def _liberate(draft: _Draft, targets: list[Target], absorbed: Mapping[str, list[Workload]]) -> None:
    snapshot = draft.snapshot
    finished = [pod for pod in snapshot.pods if pod.phase == "Failed"]
    if finished:
        draft.add("clear", "", draft.unchanged(), note=f"{len(finished)} pods")
        draft.settle({})
    by_name = {target.name: target for target in targets}
    leaving = {workload.name for workloads in absorbed.values() for workload in workloads}
    _withdraw(draft, by_name, leaving)
    for workload in snapshot.workloads:
        if workload.is_long_running and (workload.name in by_name or workload.name in leaving):
            _scale_down(draft, workload, by_name.get(workload.name))
    _shrink(draft, by_name)


def _withdraw(draft: _Draft, by_name: Mapping[str, Target], leaving: set[str]) -> None:
    """What only waits would take every byte that is freed: it is taken back first."""
    waiting = []
    for workload in draft.snapshot.workloads:
        pods = draft.snapshot.pods_of(workload)
        ours = workload.name in by_name or workload.name in leaving
        if ours and workload.is_long_running and any(p.place == "unscheduled" for p in pods):
            waiting.append(workload.name)
    if waiting:
        peak = draft.unchanged()
        draft.add("withdraw", "", peak, replaces=tuple(waiting), note=f"{len(waiting)} workloads")
        draft.settle({})


def _scale_down(draft: _Draft, workload: Workload, target: Target | None) -> None:
    held = draft.state.of(workload.name)
    wanted = target.replicas if target else 1
    if len(held) <= wanted:
        return
    # Stale pods and the largest go first; what stays is what the newest template says, where there is one.
    kept = sorted(held, key=lambda ask: (ask != workload.ask, ask.charge))[:wanted]
    gone = sum(a.charge for a in held) - sum(a.charge for a in kept)
    gone_requests = sum(a.request for a in held) - sum(a.request for a in kept)
    state = draft.state
    peak = Peak(state.limits, state.requests, state.limits - gone, state.requests - gone_requests)
    note = f"{len(held)} pods to {wanted}"
    use = draft.usage.get(workload.name)
    draft.usage[workload.name] = None if use is None else use * wanted // len(held)
    draft.add("scale", workload.name, peak, wave=0, phase=1, note=note)
    draft.settle({workload.name: kept})


def _shrink(draft: _Draft, by_name: Mapping[str, Target]) -> None:
    # Below the quota there is nothing to liberate: each workload shrinks in its own wave, behind its gates.
    if draft.state.limits <= draft.room.limits:
        return
    candidates = []
    for name, target in by_name.items():
        held = draft.state.of(name)
        less = sum(a.charge for a in held) - len(held) * target.ask.charge
        if held and less > 0 and target.tier != "infra":
            candidates.append((less, name))
    for _, name in sorted(candidates, reverse=True):
        target = by_name[name]
        new = [target.ask] * len(draft.state.of(name))
        peak = replace(draft.state, [], name, new)
        if fits(draft.state, peak, draft.room, creates=True):
            draft.add("resize", name, peak, mode="replace", downtime_s=_downtime(target))
            draft.settle({name: new})


# ---- waves


def _waves(
    draft: _Draft,
    pending: list[Target],
    everything: list[Target],
    absorbed: Mapping[str, list[Workload]],
    quota: int | None,
) -> Refusal | None:
    # Former services of later phases too: where memory is short they wait for their hub without running.
    leaving = [
        (workload, target)
        for target in everything
        for workload in absorbed.get(target.name, [])
        if draft.state.of(workload.name)
    ]
    bound = quota if quota is not None else draft.room.limits
    if draft.state.limits > bound:
        _retire_until(draft, leaving, bound)
    if pending:
        draft.add("objects", "", draft.unchanged(), wave=0, phase=1)
        draft.settle({})
    if quota is not None:
        # From here on the quota is in force.
        draft.room = Room(min(quota, draft.room.limits), draft.room.requests, is_enforced=True)
    queue = list(pending)
    while queue:
        first = queue[0]
        target: Target | None = first
        if _mode(draft, first, absorbed) is None:
            same_wave = [other for other in queue[1:] if other.wave == first.wave]
            target = _freeing(draft, same_wave, absorbed)
            rest = [pair for pair in leaving if draft.state.of(pair[0].name)]
            if target is None and rest:
                _retire_until(draft, rest, draft.state.limits - 1)
                continue
            target = target or _freeing(draft, queue[1:], absorbed)
        if target is None:
            return _refuse(draft, queue, everything, absorbed)
        queue.remove(target)
        _take(draft, target, absorbed)
    return None


def _retire_until(draft: _Draft, leaving: list[tuple[Workload, Target]], bound: int) -> None:
    """End former services, the largest first, until the guardrails can be raised above what is held."""
    order = sorted(leaving, key=lambda pair: -sum(a.charge for a in draft.state.of(pair[0].name)))
    for workload, target in order:
        if draft.state.limits <= bound:
            return
        peak = replace(draft.state, [], workload.name, [])
        note = f"until {target.name} takes over"
        draft.add("retire", workload.name, peak, phase=target.phase, downtime_s=0, note=note)
        draft.settle({workload.name: []})


def _freeing(draft: _Draft, queue: list[Target], absorbed: Mapping[str, list[Workload]]) -> Target | None:
    """Return the target of the queue that fits and frees the most, or None."""
    found = []
    for target in queue:
        chosen = _mode(draft, target, absorbed)
        if chosen is not None and chosen[1].limits_after < draft.state.limits:
            found.append((draft.state.limits - chosen[1].limits_after, target))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _mode(draft: _Draft, target: Target, absorbed: Mapping[str, list[Workload]]) -> tuple[Mode, Peak] | None:
    state, room = draft.state, draft.room
    new = [target.ask] * target.replicas
    old = state.of(target.name)
    former = [w.name for w in absorbed.get(target.name, []) if state.of(w.name)]
    if target.kind == "Job":
        beside = surge(state, target.name, new)
        beside = Peak(beside.limits, beside.requests, state.limits, state.requests)
        return ("create", beside) if fits(state, beside, room, creates=True) else None
    if not old:
        beside = surge(state, target.name, new)
        if fits(state, beside, room, creates=True):
            return "create", beside
    elif target.surges:
        beside = surge(state, target.name, new)
        if fits(state, beside, room, creates=True):
            return "surge", beside
    if target.kind == "StatefulSet" and old:
        in_turn = rolling_replace(state, target.name, new)
        if fits(state, in_turn, room, creates=True):
            return "rolling", in_turn
    instead = replace(state, [] if old else former, target.name, new)
    if (old or former) and fits(state, instead, room, creates=True):
        return "replace", instead
    if old and former:
        instead = replace(state, former, target.name, new)
        if fits(state, instead, room, creates=True):
            return "replace", instead
    return None


def _take(draft: _Draft, target: Target, absorbed: Mapping[str, list[Workload]]) -> None:
    chosen = _mode(draft, target, absorbed)
    assert chosen is not None
    mode, peak = chosen
    former = tuple(w.name for w in absorbed.get(target.name, []) if draft.state.of(w.name))
    new = [target.ask] * target.replicas
    downtime = _downtime(target) if mode in {"replace", "rolling"} else 0
    note = f"about {downtime} s without it" if downtime else ""
    expected_limits = draft.state.limits - sum(a.charge for a in draft.state.of(target.name))
    # In replace mode the simulation may already have ended the former services to make room.
    ends_first = mode == "replace" and peak.limits_after < expected_limits + sum(a.charge for a in new)
    draft.add(
        "absorb" if former else "apply",
        target.name,
        peak,
        wave=target.wave,
        phase=target.phase,
        mode=mode,
        downtime_s=downtime,
        replaces=former if ends_first else (),
        note=note,
    )
    outcome: dict[str, list[Ask]] = {} if target.kind == "Job" else {target.name: new}
    if ends_first:
        outcome |= {name: [] for name in former}
    draft.settle(outcome)
    for name in former if not ends_first else ():
        gone = replace(draft.state, [], name, [])
        draft.add("retire", name, gone, wave=target.wave, phase=target.phase, note=f"{target.name} has it")
        draft.settle({name: []})


def _refuse(
    draft: _Draft, queue: list[Target], everything: list[Target], absorbed: Mapping[str, list[Workload]]
) -> Refusal:
    target = queue[0]
    new = [target.ask] * target.replicas
    former = [w.name for w in absorbed.get(target.name, [])]
    lacking = missing(draft.state, replace(draft.state, former, target.name, new), draft.room)
    queued, ours = {other.name for other in queue}, {other.name for other in everything}
    others = [
        (sum(ask.charge for ask in asks), name)
        for name, asks in draft.state.held.items()
        if name not in queued
    ]
    # What is no part of the platform goes first.
    others = [pair for pair in others if pair[1] not in ours] or others
    enough = [name for size, name in sorted(others) if size >= lacking]
    largest = [name for _, name in sorted(others, reverse=True)[:2]]
    return Refusal(target.name, lacking, tuple(enough[:1] or largest))


def _downtime(target: Target) -> int:
    return DOWNTIME_S.get(target.tier, 10)
