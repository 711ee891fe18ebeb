"""Memory at every moment of a change: what runs, what is new, what still ends, against quota and node."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.cluster.objects import Ask, Snapshot

HubAsks = dict[str, list[Ask]]


@dataclass(frozen=True)
class Room:
    """What may be taken: bytes of limits under the quota, bytes of requests that the scheduler can place."""

    limits: int
    requests: int
    is_enforced: bool = True
    """Whether a ResourceQuota refuses pods now, or only our own promise does."""


@dataclass
class State:
    """The pods that hold memory, by workload."""

    held: HubAsks = field(default_factory=dict)

    @property
    def limits(self) -> int:
        """Return the bytes of limits that are held."""
        return sum(ask.charge for asks in self.held.values() for ask in asks)

    @property
    def requests(self) -> int:
        """Return the bytes of requests that are held."""
        return sum(ask.request for asks in self.held.values() for ask in asks)

    def of(self, name: str) -> list[Ask]:
        """Return what one workload holds."""
        return self.held.get(name, [])

    def set(self, name: str, asks: list[Ask]) -> None:
        """Replace what one workload holds."""
        if asks:
            self.held[name] = list(asks)
        else:
            self.held.pop(name, None)

    def copy(self) -> State:
        """Return a state that can be changed alone."""
        return State({name: list(asks) for name, asks in self.held.items()})


@dataclass(frozen=True)
class Peak:
    """The most that is held at any moment of a step, and what is held after it, in bytes."""

    limits: int
    requests: int
    limits_after: int
    requests_after: int


def initial_state(snapshot: Snapshot) -> State:
    """Return what the snapshot's counted pods hold; pods that no node has taken hold nothing."""
    state = State()
    for pod in snapshot.pods:
        if pod.is_counted:
            state.held.setdefault(pod.owner or pod.name, []).append(pod.ask)
    return state


def surge(state: State, name: str, new: list[Ask]) -> Peak:
    """Return the peak of new pods beside all old ones: the worst that a surging Deployment can do.

    Old pods keep their memory until they are gone, not only until they are told to go.
    """
    old = state.of(name)
    limits = state.limits + sum(ask.charge for ask in new)
    requests = state.requests + sum(ask.request for ask in new)
    return Peak(
        limits, requests, limits - sum(ask.charge for ask in old), requests - sum(ask.request for ask in old)
    )


def replace(state: State, names: list[str], name: str, new: list[Ask]) -> Peak:
    """Return the peak when every pod of ``names`` is gone before the first new one of ``name`` is made."""
    gone = [ask for other in {*names, name} for ask in state.of(other)]
    limits_after = state.limits - sum(ask.charge for ask in gone) + sum(ask.charge for ask in new)
    requests_after = state.requests - sum(ask.request for ask in gone) + sum(ask.request for ask in new)
    return Peak(
        max(state.limits, limits_after), max(state.requests, requests_after), limits_after, requests_after
    )


def rolling_replace(state: State, name: str, new: list[Ask]) -> Peak:
    """Return the peak of a StatefulSet's update: one pod is gone before its successor is made.

    Which of them goes first does not matter to the bound: at every moment each place holds its old pod, its
    new one, or nothing.
    """
    old = state.of(name)
    extra_limits = extra_requests = 0
    for place in range(max(len(old), len(new))):
        before = old[place] if place < len(old) else Ask(0, 0)
        after = new[place] if place < len(new) else Ask(0, 0)
        extra_limits += max(0, after.charge - before.charge)
        extra_requests += max(0, after.request - before.request)
    limits_after = state.limits + sum(a.charge for a in new) - sum(a.charge for a in old)
    requests_after = state.requests + sum(a.request for a in new) - sum(a.request for a in old)
    return Peak(state.limits + extra_limits, state.requests + extra_requests, limits_after, requests_after)


def fits(state: State, peak: Peak, room: Room, *, creates: bool) -> bool:
    """Tell whether a step may be taken.

    Within the room: its peak stays within. Outside of it (an overcommitted start): a step that makes no pod
    is always right; one that makes pods is right only if it nowhere holds more than before, and if a quota
    that is enforced would admit them.
    """
    if not creates:
        return True
    limits_bound = room.limits if room.is_enforced else max(room.limits, state.limits)
    requests_bound = max(room.requests, state.requests)
    # An enforced quota looks at what is held when the new pod is made, which is what is held afterwards.
    limits_seen = peak.limits_after if room.is_enforced and peak.limits <= state.limits else peak.limits
    return limits_seen <= limits_bound and peak.requests <= requests_bound


def missing(state: State, peak: Peak, room: Room) -> int:
    """Return the bytes that a step lacks: the larger of what limits and requests lack."""
    return max(0, peak.limits - room.limits, peak.requests - room.requests)
